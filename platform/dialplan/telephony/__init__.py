"""Twilio over REST: transfer, hang-up, messages."""
