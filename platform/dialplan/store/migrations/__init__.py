"""Revisions of the platform's own tables, run by `Database.prepare`."""
