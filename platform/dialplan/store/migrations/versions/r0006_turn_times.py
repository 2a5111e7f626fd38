"""Where the time of each turn went: the end of the caller's words, the answer, tools, barge-ins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

SCHEMA = "dialplan"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "turn_times",
        sa.Column("call_sid", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("asked_ms", sa.BigInteger),
        sa.Column("pause_ms", sa.Integer),
        sa.Column("answer_ms", sa.BigInteger),
        sa.Column("model_ms", sa.BigInteger),
        sa.Column("bridge_ms", sa.Double),
        sa.Column("tool_ms", sa.Double, nullable=False),
        sa.Column("tool_wait_ms", sa.Double, nullable=False),
        sa.Column("stop_ms", sa.Double),
        sa.Column("cancelled", sa.Boolean, nullable=False),
        sa.Column("tools", JSONB, nullable=False),
        sa.Column("handoffs", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("call_sid", "seq"),
        schema=SCHEMA,
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("turn_times", schema=SCHEMA)
