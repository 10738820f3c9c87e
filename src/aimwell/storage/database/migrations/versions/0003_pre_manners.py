"""Tables of manners: messages that count for caps, suppressions, mutes, and turns to ask the gate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "manners_sends",
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("person_id", sa.BigInteger, nullable=False),
        sa.Column("contact_point", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("counted_at", sa.DateTime, nullable=False),
    )
    op.create_index("manners_sends_by_person", "manners_sends", ["person_id", "counted_at"])
    op.create_index("manners_sends_by_point", "manners_sends", ["contact_point", "counted_at"])
    op.create_table(
        "manners_suppressions",
        sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("contact_point", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text, primary_key=True),
        sa.Column("suppressed_at", sa.DateTime, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("lifted_at", sa.DateTime, nullable=True),
    )
    op.create_index("manners_suppressions_by_point", "manners_suppressions", ["contact_point"])
    op.create_table(
        "manners_mutes",
        sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("case_id", sa.Text, primary_key=True),
        sa.Column("from_at", sa.DateTime, nullable=False),
        sa.Column("until", sa.DateTime, nullable=True),
    )
    op.create_table("manners_turns", sa.Column("turn", sa.BigInteger, primary_key=True, autoincrement=False))
