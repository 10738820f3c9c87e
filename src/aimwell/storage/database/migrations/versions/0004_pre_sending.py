"""Tables of sending: campaigns, their acts, the outbox and its receipts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _campaigns()
    _outbox()
    _senders()
    _receipts()


def _campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("campaign_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("round_no", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("plan_id", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("planned_by", sa.Text, nullable=False),
        sa.Column("planned_at", sa.DateTime, nullable=False),
        sa.Column("approved_by", sa.Text),
        sa.Column("approved_at", sa.DateTime),
        sa.UniqueConstraint("name", "round_no", name="campaigns_round"),
    )
    op.create_table(
        "campaign_acts",
        sa.Column("act_no", _SERIAL, primary_key=True),
        sa.Column("campaign_id", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_index("campaign_acts_by_campaign", "campaign_acts", ["campaign_id"])


def _outbox() -> None:
    op.create_table(
        "outbox_runs",
        sa.Column("campaign_id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "outbox_messages",
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("campaign_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.BigInteger, nullable=False),
        sa.Column("offer_id", sa.Text),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("region", sa.Text),
        sa.Column("birth_year", sa.Integer),
        sa.Column("time_zone", sa.Text),
        sa.Column("locale", sa.Text),
        sa.Column("others", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("due_at", sa.DateTime, nullable=False),
        sa.Column("n_attempts", sa.Integer, nullable=False),
        sa.Column("sender_no", sa.BigInteger),
    )
    op.create_index(
        "outbox_messages_due", "outbox_messages", ["campaign_id", "state", "channel", "due_at", "message_id"]
    )
    op.create_index("outbox_messages_person", "outbox_messages", ["person_id", "campaign_id"])


def _senders() -> None:
    op.create_table(
        "outbox_points",
        sa.Column("campaign_id", sa.Text, primary_key=True),
        sa.Column("contact_point", sa.Text, primary_key=True),
        sa.Column("person_id", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "outbox_channels",
        sa.Column("channel", sa.Text, primary_key=True),
        sa.Column("free_at", sa.DateTime, nullable=False),
        sa.Column("n_put_off", sa.Integer, nullable=False),
        sa.Column("n_down", sa.Integer, nullable=False),
    )
    op.create_table(
        "outbox_senders",
        sa.Column("sender_no", _SERIAL, primary_key=True),
        sa.Column("began_at", sa.DateTime, nullable=False),
    )


def _receipts() -> None:
    op.create_table(
        "outbox_receipts",
        sa.Column("receipt_no", _SERIAL, primary_key=True),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("campaign_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.BigInteger, nullable=False),
        sa.Column("offer_id", sa.Text),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("consent_reason", sa.Text),
        sa.Column("consent_rule", sa.Text),
        sa.Column("consent_proof", sa.BigInteger),
        sa.Column("caps", sa.Text, nullable=False),
        sa.Column("n_attempts", sa.Integer, nullable=False),
    )
    op.create_index("outbox_receipts_person", "outbox_receipts", ["person_id", "campaign_id"])
