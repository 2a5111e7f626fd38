"""The `dialplan` command: one module a command."""
