"""The ledger's table and its queries: rows are added, never changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from aimwell.storage.database.bulk import among, insert_rows
from aimwell.trust.consent.model import ALL, Act, ConsentEvent, Purpose, Scope

__all__ = [
    "EVENTS",
    "METADATA",
    "Latest",
    "add_events",
    "latest_of_people",
    "latest_of_points",
    "of_person",
    "people_who_refuse",
]

METADATA = sa.MetaData()

# One row per act. `event_key` is a digest of all but the proof: the same act again is no new row. Consent is kept as
# evidence, so there is no foreign key: it outlives the person's identifiers.
EVENTS = sa.Table(
    "consent_events",
    METADATA,
    sa.Column("event_no", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
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
    sa.Index("consent_events_person", "person_id"),
    sa.Index("consent_events_point", "contact_point"),
)

_COLUMNS = tuple(column.name for column in EVENTS.c if column.name != "event_no")
_FIELDS = tuple(name for name in _COLUMNS if name != "event_key")


class Latest(NamedTuple):
    """The last act of one source about a point, or about all points of a person (`contact_point` is `ALL`)."""

    at: datetime
    event_no: int
    person_id: int
    contact_point: str
    channel: Scope
    purpose: Purpose
    act: Act
    source: str
    expires_at: datetime | None


def add_events(connection: sa.Connection, events: Sequence[ConsentEvent]) -> int:
    """Add the acts that are not there yet, in this order; returns how many were new.

    No other transaction may add at the same time.
    """
    keyed = {_key(event): event for event in reversed(events)}  # of two with one key the first is kept
    query = sa.select(EVENTS.c.event_key).where(among(connection, {EVENTS.c.event_key: list(keyed)}))
    held = set(connection.execute(query).scalars())
    new = [(key, event) for key, event in reversed(keyed.items()) if key not in held]
    values = [(key, *(_driven(connection, getattr(event, name)) for name in _FIELDS)) for key, event in new]
    insert_rows(connection, EVENTS, values, columns=("event_key", *_FIELDS))
    return len(new)


def latest_of_points(
    connection: sa.Connection, points: Collection[str], *, now: datetime | None = None
) -> list[Latest]:
    """Return the last act of each source about each of these points, channel by channel and purpose by purpose.

    Parameters
    ----------
    connection
        An open transaction.
    points
        Tokens.
    now
        Grants that lie ahead of this moment do not count yet; withdrawals and denials always count. None: all count.
    """
    wanted = among(connection, {EVENTS.c.contact_point: points})
    return _latest(connection, wanted, whose=EVENTS.c.contact_point, now=now)


def latest_of_people(
    connection: sa.Connection, person_ids: Collection[int], *, now: datetime | None = None
) -> list[Latest]:
    """Return the last act of each source about all points of each of these people; `now` as in `latest_of_points`."""
    wanted = sa.and_(among(connection, {EVENTS.c.person_id: person_ids}), EVENTS.c.contact_point == ALL)
    return _latest(connection, wanted, whose=EVENTS.c.person_id, now=now)


def of_person(connection: sa.Connection, person_id: int) -> list[tuple[int, ConsentEvent]]:
    """Return number and act of all that a person did, in the order in which it counts."""
    query = sa.select(EVENTS).where(EVENTS.c.person_id == person_id).order_by(EVENTS.c.at, EVENTS.c.event_no)
    return [
        (row["event_no"], ConsentEvent(**{name: row[name] for name in _FIELDS}))
        for row in connection.execute(query).mappings()
    ]


def people_who_refuse(connection: sa.Connection, purpose: Purpose) -> list[int]:
    """Return the people whose last act about a purpose, of all their points and channels, is no grant; in ascending order."""
    place = sa.func.row_number().over(
        partition_by=EVENTS.c.person_id, order_by=(EVENTS.c.at.desc(), EVENTS.c.event_no.desc())
    )
    wanted = (EVENTS.c.purpose == purpose, EVENTS.c.contact_point == ALL, EVENTS.c.channel == ALL)
    ranked = sa.select(EVENTS.c.person_id, EVENTS.c.act, place.label("place")).where(*wanted).subquery()
    query = sa.select(ranked.c.person_id).where(ranked.c.place == 1, ranked.c.act != "grant")
    return sorted(connection.execute(query).scalars())


def _latest(
    connection: sa.Connection, wanted: sa.ColumnElement[bool], *, whose: sa.Column[Any], now: datetime | None
) -> list[Latest]:
    place = sa.func.row_number().over(
        partition_by=(whose, EVENTS.c.channel, EVENTS.c.purpose, EVENTS.c.source),
        order_by=(EVENTS.c.at.desc(), EVENTS.c.event_no.desc()),
    )
    counting = sa.true() if now is None else sa.or_(EVENTS.c.at <= now, EVENTS.c.act != "grant")
    ranked = (
        sa.select(*(EVENTS.c[name] for name in Latest._fields), place.label("place"))
        .where(wanted, counting)
        .subquery()
    )
    query = sa.select(*(ranked.c[name] for name in Latest._fields)).where(ranked.c.place == 1)
    return [Latest(*row) for row in connection.execute(query)]


def _key(event: ConsentEvent) -> str:
    """Return what makes an act itself. Tokens and ids only: no digest of anything that says who somebody is."""
    parts = [getattr(event, name) for name in _FIELDS if name != "proof"]
    plain = [part.isoformat() if isinstance(part, datetime) else part for part in parts]
    return hashlib.sha256(json.dumps(plain, ensure_ascii=False).encode()).hexdigest()


def _driven(connection: sa.Connection, value: object) -> object:
    """Return a value as the driver takes it: SQLite keeps moments as text."""
    if isinstance(value, datetime) and connection.dialect.name == "sqlite":
        return value.isoformat(sep=" ", timespec="microseconds")
    return value
