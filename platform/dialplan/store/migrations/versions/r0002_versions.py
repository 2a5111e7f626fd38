"""Versions of verticals, which of them is released, and which one served a call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SCHEMA = "dialplan"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "versions",
        sa.Column("vertical", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        # A zip of the vertical's files, as they were: what was served can be served again.
        sa.Column("files", sa.LargeBinary, nullable=False),
        sa.Column(
            "kept_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
        ),
        sa.PrimaryKeyConstraint("vertical", "version"),
        schema=SCHEMA,
    )
    op.create_table(
        "releases",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("vertical", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("how", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.ForeignKeyConstraint(
            ["vertical", "version"],
            [f"{SCHEMA}.versions.vertical", f"{SCHEMA}.versions.version"],
        ),
        schema=SCHEMA,
    )
    op.create_index("releases_vertical", "releases", ["vertical", "id"], schema=SCHEMA)
    op.add_column("calls", sa.Column("version", sa.Text), schema=SCHEMA)


def downgrade() -> None:
    """Drop the tables."""
    op.drop_column("calls", "version", schema=SCHEMA)
    for name in ("releases", "versions"):
        op.drop_table(name, schema=SCHEMA)
