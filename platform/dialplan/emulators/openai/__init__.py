"""An emulated OpenAI Realtime API (GA) on loopback."""
