"""Tables of consent: what people have said, and nothing that says who they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "consent_events",
        sa.Column("event_no", _SERIAL, primary_key=True),
        sa.Column("event_key", sa.String(64), nullable=False),
        sa.Column("person_id", sa.BigInteger, nullable=False),
        sa.Column("contact_point", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("notice", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=True),
        sa.Column("proof", sa.Text, nullable=False),
        sa.UniqueConstraint("event_key", name="consent_events_key"),
    )
    op.create_index("consent_events_person", "consent_events", ["person_id"])
    op.create_index("consent_events_point", "consent_events", ["contact_point"])
