"""What follows a call: a row as soon as it is over, the facts read out of it, what was sent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

SCHEMA = "dialplan"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "after_calls",
        sa.Column("call_sid", sa.Text, primary_key=True),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("vertical", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("state", JSONB, nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        # When it was given to the jobs; until then it is theirs to find.
        sa.Column("taken_at", sa.DateTime(timezone=True)),
        sa.Column("status", sa.Text, nullable=False, server_default="waiting"),
        sa.Column("reason", sa.Text),
        sa.Column("fields", JSONB),
        sa.Column("model", sa.Text),
        sa.Column("read_at", sa.DateTime(timezone=True)),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        schema=SCHEMA,
    )
    # Looked into every second: it holds only what nobody has found yet.
    op.create_index(
        "after_calls_untaken",
        "after_calls",
        ["noted_at"],
        schema=SCHEMA,
        postgresql_where=sa.text("taken_at IS NULL"),
    )
    op.create_index(
        "after_calls_unread",
        "after_calls",
        ["taken_at"],
        schema=SCHEMA,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_table(
        "after_call_sends",
        sa.Column("call_sid", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False, server_default="waiting"),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reason", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_sid", "number"),
        schema=SCHEMA,
    )
    op.create_index(
        "after_call_sends_unsent",
        "after_call_sends",
        ["at"],
        schema=SCHEMA,
        postgresql_where=sa.text("status = 'waiting'"),
    )


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("after_call_sends", schema=SCHEMA)
    op.drop_table("after_calls", schema=SCHEMA)
