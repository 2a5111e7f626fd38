"""What the processes of one installation share: a signing key, used stream tokens, endings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0002"
branch_labels = None
depends_on = None

SCHEMA = "dialplan"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "signing_key",
        # One row, whoever comes first.
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
        schema=SCHEMA,
    )
    op.create_table(
        "used_tokens",
        sa.Column("nonce", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        schema=SCHEMA,
    )
    op.create_index("used_tokens_at", "used_tokens", ["at"], schema=SCHEMA)
    op.create_table(
        "endings",
        sa.Column("call_sid", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text),
        sa.Column("destination", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("(reason IS NULL) <> (destination IS NULL)", name="endings_either"),
        schema=SCHEMA,
    )
    op.create_index("endings_at", "endings", ["at"], schema=SCHEMA)


def downgrade() -> None:
    """Drop the tables."""
    for name in ("endings", "used_tokens", "signing_key"):
        op.drop_table(name, schema=SCHEMA)
