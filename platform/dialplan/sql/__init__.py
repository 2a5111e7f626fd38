"""SQL as verticals write it: read by the parser of Postgres itself, and checked. Pure."""
