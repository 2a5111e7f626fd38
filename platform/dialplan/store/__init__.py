"""Postgres: platform tables, vertical tables, records, tenancy."""
