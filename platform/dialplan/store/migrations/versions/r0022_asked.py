"""What callers say when they ask for an article, kept beside its passages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Mark what is met by a question and never given; nothing so far is."""
    op.add_column(
        "knowledge_passages",
        sa.Column("asked", sa.Boolean, nullable=False, server_default=sa.false()),
        schema="dialplan",
    )


def downgrade() -> None:
    """Drop the marked rows, which would be given as passages otherwise, and the mark.

    The editions that held them are indexed anew.
    """
    # Row-level security is forced on the owner too, and lets nobody write all verticals' rows.
    for name in ("knowledge_passages", "knowledge_editions", "knowledge_entries"):
        op.execute(f"ALTER TABLE dialplan.{name} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "DELETE FROM dialplan.knowledge_editions AS edition USING dialplan.knowledge_entries AS"
        " entry JOIN dialplan.knowledge_passages AS passage USING (vertical, tenant, key)"
        " WHERE passage.asked AND entry.vertical = edition.vertical AND entry.tenant ="
        " edition.tenant AND entry.collection = edition.collection"
        " AND entry.edition = edition.edition"
    )
    op.execute("DELETE FROM dialplan.knowledge_passages WHERE asked")
    for name in ("knowledge_passages", "knowledge_editions", "knowledge_entries"):
        op.execute(f"ALTER TABLE dialplan.{name} FORCE ROW LEVEL SECURITY")
    op.drop_column("knowledge_passages", "asked", schema="dialplan")
