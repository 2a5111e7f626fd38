"""Policy of one call: events in, commands out. Pure."""
