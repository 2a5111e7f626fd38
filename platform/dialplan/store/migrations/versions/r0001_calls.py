"""Calls, what was said and done in them, and the results that idempotent tools keep."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SCHEMA = "dialplan"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "calls",
        sa.Column("call_sid", sa.Text, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("vertical", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("called", sa.Text, nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text),
        sa.Column("duration_ms", sa.BigInteger),
        schema=SCHEMA,
    )
    op.create_index("calls_tenant", "calls", ["tenant", "began_at"], schema=SCHEMA)
    _create(
        "turns",
        sa.Column("speaker", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("heard_ms", sa.BigInteger),
    )
    _create(
        "tool_calls",
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column("arguments", JSONB, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("ms", sa.Double, nullable=False),
    )
    _create(
        "handoffs",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
    )
    op.create_table(
        "tool_results",
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("call_sid", sa.Text, nullable=False),
        sa.Column("tool", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("result", JSONB),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("tenant", "call_sid", "tool", "key"),
        schema=SCHEMA,
    )
    # Tools write here inside their own transaction, so under their role: only their tenant's rows.
    op.execute(
        "ALTER TABLE dialplan.tool_results"
        " ALTER COLUMN tenant SET DEFAULT current_setting('dialplan.tenant')"
    )
    op.execute("ALTER TABLE dialplan.tool_results ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE dialplan.tool_results FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY tenant ON dialplan.tool_results "
        "USING (tenant = current_setting('dialplan.tenant', true)) "
        "WITH CHECK (tenant = current_setting('dialplan.tenant', true))"
    )
    op.execute("GRANT USAGE ON SCHEMA dialplan TO dialplan_tools")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON dialplan.tool_results TO dialplan_tools")


def downgrade() -> None:
    """Drop the tables."""
    for name in ("tool_results", "handoffs", "tool_calls", "turns", "calls"):
        op.drop_table(name, schema=SCHEMA)


def _create(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("call_sid", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("call_sid", "seq"),
        schema=SCHEMA,
    )
