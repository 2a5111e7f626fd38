"""How alembic runs here: on the connection it is handed, inside that connection's transaction."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="revision",
    version_table_schema="dialplan",
)
with context.begin_transaction():
    context.run_migrations()
