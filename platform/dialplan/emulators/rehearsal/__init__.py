"""The rehearsal model: offline understanding by rules and embeddings. Not a language model."""
