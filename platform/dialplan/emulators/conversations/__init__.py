"""Runs the conversations that a vertical ships, and says what did not go as it should."""
