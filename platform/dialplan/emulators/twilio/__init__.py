"""An emulated Twilio: webhooks, TwiML, media streams, REST, and a caller with a voice."""
