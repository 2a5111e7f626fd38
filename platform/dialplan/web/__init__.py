"""HTTP: webhooks, media socket, health, metrics, console."""
