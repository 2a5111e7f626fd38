"""Who writes a call down, and what it knows so far: with both, others can end it for a dead one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

SCHEMA = "dialplan"

# Nobody knows who had these. The carrier lets no call last for more than a day.
_END_OLD = """
UPDATE dialplan.calls c
SET reason = 'server_lost', ended_at = last.at,
  duration_ms = round(extract(epoch FROM last.at - c.began_at) * 1000)
FROM (
  SELECT c.call_sid, greatest(c.began_at, max(f.at)) AS at
  FROM dialplan.calls c LEFT JOIN LATERAL (
    SELECT at FROM dialplan.turns WHERE call_sid = c.call_sid
    UNION ALL SELECT at FROM dialplan.tool_calls WHERE call_sid = c.call_sid
    UNION ALL SELECT at FROM dialplan.handoffs WHERE call_sid = c.call_sid
  ) f ON true
  WHERE c.ended_at IS NULL AND c.began_at < now() - interval '1 day'
  GROUP BY c.call_sid
) last
WHERE last.call_sid = c.call_sid
"""


def upgrade() -> None:
    """Add the columns; end what was left without an end before there were any."""
    op.add_column("calls", sa.Column("process", sa.Text), schema=SCHEMA)
    # Null where nothing follows the call, and once it is over.
    op.add_column("calls", sa.Column("state", JSONB), schema=SCHEMA)
    op.execute(_END_OLD)
    # Looked into with every beat: it holds the calls that are up, and no others.
    op.create_index(
        "calls_unended",
        "calls",
        ["process"],
        schema=SCHEMA,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    """Drop them; the ends that were written stay."""
    op.drop_index("calls_unended", "calls", schema=SCHEMA)
    op.drop_column("calls", "state", schema=SCHEMA)
    op.drop_column("calls", "process", schema=SCHEMA)
