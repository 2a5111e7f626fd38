"""What a model may call: arguments, kinds, confirmation, idempotency, running."""
