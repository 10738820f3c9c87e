"""What people decided about people: a log of pairs that are, or are not, one person."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from aimwell.people.model import Decision

__all__ = ["METADATA", "add_decisions", "decisions"]

METADATA = sa.MetaData()

# One row per decision, never changed; the latest about a pair counts. The smaller id comes first.
DECISIONS = sa.Table(
    "people_decisions",
    METADATA,
    sa.Column("decision_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
    sa.Column("person_id", sa.BigInteger, nullable=False),
    sa.Column("other_id", sa.BigInteger, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("decided_at", sa.DateTime, nullable=False),
    sa.CheckConstraint("person_id < other_id", name="people_decisions_order"),
)


def decisions(connection: sa.Connection) -> list[Decision]:
    """Return the latest decision about each pair, oldest first."""
    latest = sa.select(sa.func.max(DECISIONS.c.decision_no)).group_by(
        DECISIONS.c.person_id, DECISIONS.c.other_id
    )
    query = sa.select(DECISIONS).where(DECISIONS.c.decision_no.in_(latest)).order_by(DECISIONS.c.decision_no)
    return [Decision(**row) for row in connection.execute(query).mappings()]


def add_decisions(connection: sa.Connection, made: Iterable[Decision]) -> None:
    """Write decisions down, at least one; each gets the next number."""
    values = [
        {name: value for name, value in vars(decision).items() if name != "decision_no"} for decision in made
    ]
    connection.execute(sa.insert(DECISIONS), values)
