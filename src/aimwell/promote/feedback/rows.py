"""The table of what came back. No column holds an address."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from aimwell.promote.feedback.model import Aside, KeptAside, Outcome, Source
from aimwell.storage.database.bulk import among

__all__ = ["METADATA", "Entered", "counts", "enter", "known", "set_aside"]

METADATA = sa.MetaData()

# One row per report. `aside`: why it was not acted on; "" if it was, and then the row never changes.
FEEDBACK = sa.Table(
    "outbox_feedback",
    METADATA,
    sa.Column("report_key", sa.String(64), primary_key=True),
    sa.Column("message_id", sa.Text),
    sa.Column("campaign_id", sa.Text),
    sa.Column("outcome", sa.Text, nullable=False),  # "": not readable
    sa.Column("status", sa.Text),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("reported_at", sa.DateTime),  # as the report says
    sa.Column("received_at", sa.DateTime, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("aside", sa.Text, nullable=False),
    sa.Index("outbox_feedback_by_campaign", "campaign_id", "outcome"),
    sa.Index("outbox_feedback_by_aside", "aside", "received_at"),
)


@dataclass(frozen=True, kw_only=True)
class Entered:
    """A report as its row holds it."""

    report_key: str
    message_id: str | None
    campaign_id: str | None
    outcome: Outcome | None
    status: str | None
    detail: str
    reported_at: datetime | None
    received_at: datetime
    source: Source
    aside: Aside | None


def known(connection: sa.Connection, report_keys: Collection[str]) -> dict[str, Aside | None]:
    """Return the reports of these keys that were entered before, each with why it was set aside; None: it was acted on."""
    query = sa.select(FEEDBACK.c.report_key, FEEDBACK.c.aside).where(
        among(connection, {FEEDBACK.c.report_key: report_keys})
    )
    return {key: aside or None for key, aside in connection.execute(query)}


def enter(connection: sa.Connection, report: Entered) -> bool:
    """Enter a report, in place of the same one that was set aside; says whether nobody had acted on it before."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    values = vars(report) | {"outcome": report.outcome or "", "aside": report.aside or ""}
    statement = dialect.insert(FEEDBACK).values(values)
    changes = {name: statement.excluded[name] for name in values if name != "report_key"}
    entered = statement.on_conflict_do_update(
        index_elements=["report_key"], set_=changes, where=FEEDBACK.c.aside != ""
    ).returning(FEEDBACK.c.report_key)
    return connection.execute(entered).one_or_none() is not None


def counts(connection: sa.Connection, campaign_id: str) -> dict[Outcome, int]:
    """Return how many messages of a campaign have come to each outcome."""
    query = (
        sa.select(FEEDBACK.c.outcome, sa.func.count(FEEDBACK.c.message_id.distinct()))
        .where(FEEDBACK.c.campaign_id == campaign_id, FEEDBACK.c.aside == "")
        .group_by(FEEDBACK.c.outcome)
        .order_by(FEEDBACK.c.outcome)
    )
    return {outcome: int(n) for outcome, n in connection.execute(query)}


def set_aside(connection: sa.Connection, *, limit: int) -> list[KeptAside]:
    """Return the newest reports that were set aside."""
    names = ("message_id", "outcome", "aside", "source", "received_at")
    query = (
        sa.select(*(FEEDBACK.c[name] for name in names))
        .where(FEEDBACK.c.aside != "")
        .order_by(FEEDBACK.c.received_at.desc(), FEEDBACK.c.report_key)
        .limit(limit)
    )
    found = connection.execute(query).mappings()
    return [KeptAside(**(dict(row) | {"outcome": row["outcome"] or None})) for row in found]
