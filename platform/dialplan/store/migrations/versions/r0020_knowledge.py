"""What articles come to: passages with their embeddings, and the editions that they belong to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

revision = "0020"
down_revision = "0010"
branch_labels = None
depends_on = None

SCHEMA = "dialplan"
TABLES = ("knowledge_passages", "knowledge_editions", "knowledge_entries")


def upgrade() -> None:
    """Create the tables; every row belongs to one vertical, and to one tenant or to all of them."""
    op.create_table(
        "knowledge_passages",
        *_owner(),
        # A hash over the passage, its source, the embeddings' name and the version of the chunker.
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("section", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        # Plain numbers: a database without pgvector ranks them too, one that gets it casts them.
        sa.Column("embedding", ARRAY(sa.REAL), nullable=False),
        sa.Column("search", TSVECTOR, nullable=False),
        sa.PrimaryKeyConstraint("vertical", "tenant", "key"),
        schema=SCHEMA,
    )
    op.create_table(
        "knowledge_editions",
        *_owner(),
        sa.Column("collection", sa.Text, nullable=False),
        sa.Column("edition", sa.Text, nullable=False),
        sa.Column("embeddings", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("vertical", "tenant", "collection", "edition"),
        schema=SCHEMA,
    )
    op.create_table(
        "knowledge_entries",
        *_owner(),
        sa.Column("collection", sa.Text, nullable=False),
        sa.Column("edition", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("vertical", "tenant", "collection", "edition", "position"),
        sa.ForeignKeyConstraint(
            ["vertical", "tenant", "collection", "edition"],
            [
                f"{SCHEMA}.knowledge_editions.{name}"
                for name in ("vertical", "tenant", "collection", "edition")
            ],
            ondelete="CASCADE",
        ),
        schema=SCHEMA,
    )
    op.create_index(
        "knowledge_entries_key", "knowledge_entries", ["vertical", "tenant", "key"], schema=SCHEMA
    )
    for name in TABLES:
        target = f"{SCHEMA}.{name}"
        # Tools read what all tenants share and what is their tenant's own, of their vertical. Who
        # indexes names a vertical and no tenant, and writes what is shared.
        op.execute(f"ALTER TABLE {target} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {target} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY readers ON {target} FOR SELECT USING ("
            " vertical = current_setting('dialplan.vertical', true)"
            " AND tenant IN ('', current_setting('dialplan.tenant', true)))"
        )
        op.execute(
            f"CREATE POLICY writers ON {target}"
            " USING (vertical = current_setting('dialplan.vertical', true)"
            " AND tenant = coalesce(current_setting('dialplan.tenant', true), ''))"
            " WITH CHECK (vertical = current_setting('dialplan.vertical', true)"
            " AND tenant = coalesce(current_setting('dialplan.tenant', true), ''))"
        )
        op.execute(f"GRANT SELECT ON {target} TO dialplan_tools")


def downgrade() -> None:
    """Drop the tables."""
    for name in reversed(TABLES):
        op.drop_table(name, schema=SCHEMA)


def _owner() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("vertical", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False, server_default=""),
    )
