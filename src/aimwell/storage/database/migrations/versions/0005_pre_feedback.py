"""What came back about messages; which contact point each went to, which products it shows; and an index by which old counts are found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns and make the table."""
    op.add_column("outbox_messages", sa.Column("contact_point", sa.Text, nullable=True))
    op.add_column("outbox_messages", sa.Column("products", sa.Text, nullable=False, server_default="[]"))
    op.create_table(
        "outbox_feedback",
        sa.Column("report_key", sa.String(64), primary_key=True),
        sa.Column("message_id", sa.Text),
        sa.Column("campaign_id", sa.Text),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("status", sa.Text),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("reported_at", sa.DateTime),
        sa.Column("received_at", sa.DateTime, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("aside", sa.Text, nullable=False),
    )
    op.create_index("outbox_feedback_by_campaign", "outbox_feedback", ["campaign_id", "outcome"])
    op.create_index("outbox_feedback_by_aside", "outbox_feedback", ["aside", "received_at"])
    op.create_index("manners_sends_by_time", "manners_sends", ["counted_at"])
