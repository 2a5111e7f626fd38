"""What YAML may say: frozen, strict types without behaviour."""
