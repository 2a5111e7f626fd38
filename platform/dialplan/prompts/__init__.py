"""Sandboxed templates and the words they may use. Pure."""
