"""The load benchmark: many emulated calls against the real server, with figures of both."""
