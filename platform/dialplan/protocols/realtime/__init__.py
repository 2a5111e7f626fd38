"""The OpenAI Realtime GA protocol, client side, sans-I/O."""
