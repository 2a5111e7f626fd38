"""The processes of an installation, and the calls that each of them has up now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0006"
branch_labels = None
depends_on = None

SCHEMA = "dialplan"

# One at a time for a tenant's vertical: each sees what the one before it took. The second
# statement of a function sees what was committed while the first one waited.
_CLAIM = """
CREATE FUNCTION dialplan.claim_call(
  p_process text, p_call_sid text, p_tenant text, p_vertical text, p_version text,
  p_caller text, p_called text, p_most bigint, p_dead interval
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE up bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(
    hashtextextended('dialplan.running_calls ' || p_tenant || ' ' || p_vertical, 0));
  SELECT count(*) INTO up
    FROM dialplan.running_calls c JOIN dialplan.processes p ON p.name = c.process
    WHERE c.tenant = p_tenant AND c.vertical = p_vertical AND c.call_sid <> p_call_sid
      AND p.beat_at > now() - p_dead;
  IF up >= p_most THEN
    RETURN false;
  END IF;
  INSERT INTO dialplan.running_calls
      (call_sid, process, tenant, vertical, version, caller, called, since, talking)
    VALUES (p_call_sid, p_process, p_tenant, p_vertical, p_version, p_caller, p_called,
            now(), false)
    ON CONFLICT (call_sid) DO UPDATE SET process = excluded.process
    WHERE NOT running_calls.talking;
  RETURN true;
END $$
"""


def upgrade() -> None:
    """Create tables and function."""
    op.create_table(
        "processes",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "running_calls",
        sa.Column("call_sid", sa.Text, primary_key=True),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("tenant", sa.Text, nullable=False),
        sa.Column("vertical", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("called", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("talking", sa.Boolean, nullable=False),
        schema=SCHEMA,
    )
    op.create_index("running_calls_counted", "running_calls", ["tenant", "vertical"], schema=SCHEMA)
    op.create_index("running_calls_process", "running_calls", ["process"], schema=SCHEMA)
    op.execute(_CLAIM)
    op.execute("REVOKE ALL ON FUNCTION dialplan.claim_call FROM PUBLIC")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP FUNCTION dialplan.claim_call")
    op.drop_table("running_calls", schema=SCHEMA)
    op.drop_table("processes", schema=SCHEMA)
