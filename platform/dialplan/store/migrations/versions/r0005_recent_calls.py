"""Indexes that find calls newest first: all of them, a tenant's, a vertical's, a number's."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SCHEMA = "dialplan"
ORDER = ["began_at", "call_sid"]


def upgrade() -> None:
    """Create the indexes; the one of a tenant takes the place of the one without the SID."""
    op.drop_index("calls_tenant", "calls", schema=SCHEMA)
    op.create_index("calls_recent", "calls", ORDER, schema=SCHEMA)
    for column in ("tenant", "vertical", "caller", "called"):
        op.create_index(f"calls_{column}", "calls", [column, *ORDER], schema=SCHEMA)


def downgrade() -> None:
    """Put the old index back."""
    for column in ("tenant", "vertical", "caller", "called"):
        op.drop_index(f"calls_{column}", "calls", schema=SCHEMA)
    op.drop_index("calls_recent", "calls", schema=SCHEMA)
    op.create_index("calls_tenant", "calls", ["tenant", "began_at"], schema=SCHEMA)
