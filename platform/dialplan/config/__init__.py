"""Files to a vertical, or to a list of located problems."""
