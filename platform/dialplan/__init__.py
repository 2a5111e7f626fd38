"""Dialplan answers phone calls with AI agents written in YAML."""

__version__ = "0.1.0"
