"""Twilio Voice and Media Streams, sans-I/O."""
