"""Tables of manners in the database, and what is read from and written to them, many people at once."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from aimwell.promote.gate.model import Mute, Send, Suppression, SuppressionReason
from aimwell.storage.database.bulk import among

__all__ = [
    "METADATA",
    "add_mutes",
    "add_sends",
    "add_suppressions",
    "delete_people",
    "delete_sends",
    "end_mutes",
    "lift_suppressions",
    "list_suppressions",
    "mutes_of",
    "newest_send_at",
    "open_mutes",
    "prune_sends",
    "sends_about",
    "suppressions_about",
    "take_turns",
]

METADATA = sa.MetaData()

# One row per message that counts for caps; transactional ones do not.
SENDS = sa.Table(
    "manners_sends",
    METADATA,
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("person_id", sa.BigInteger, nullable=False),
    sa.Column("contact_point", sa.Text, nullable=False),  # the vault's keyed token; "": not known
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("counted_at", sa.DateTime, nullable=False),
    sa.Index("manners_sends_by_person", "person_id", "counted_at"),
    sa.Index("manners_sends_by_point", "contact_point", "counted_at"),
    sa.Index("manners_sends_by_time", "counted_at"),
)

# One row per contact point (or person, with the point "") and reason; it holds while `lifted_at` is null.
SUPPRESSIONS = sa.Table(
    "manners_suppressions",
    METADATA,
    sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),  # 0: not known
    sa.Column("contact_point", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, primary_key=True),
    sa.Column("suppressed_at", sa.DateTime, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("lifted_at", sa.DateTime, nullable=True),
    sa.Index("manners_suppressions_by_point", "contact_point"),
)

# One row per person and case; `until` null while it is open.
MUTES = sa.Table(
    "manners_mutes",
    METADATA,
    sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("case_id", sa.Text, primary_key=True),
    sa.Column("from_at", sa.DateTime, nullable=False),
    sa.Column("until", sa.DateTime, nullable=True),
)

# One row per person and contact point that was ever claimed: what senders lock, so that one at a time counts. People
# have positive numbers, points negative ones; two points of one number only wait for each other.
TURNS = sa.Table(
    "manners_turns", METADATA, sa.Column("turn", sa.BigInteger, primary_key=True, autoincrement=False)
)

_NOBODY = 0
_SMALLEST = -(2**63)


def take_turns(connection: sa.Connection, *, people: Collection[int], points: Collection[str]) -> None:
    """Wait until no other transaction is about these people and contact points, and keep others out until this one ends.

    All are locked by one statement in ascending order, so that two transactions never wait for each other; a
    transaction must do it once only. What is read afterwards is what the others have committed. SQLite has one writer
    at a time anyway.
    """
    if connection.dialect.name == "sqlite":
        return
    turns = sorted({*people, *(_point_turn(point) for point in points if point)})
    each = sa.func.unnest(sa.literal(turns, postgresql.ARRAY(sa.BigInteger))).column_valued("turn")
    statement = postgresql.insert(TURNS).from_select(["turn"], sa.select(each).order_by(each))
    # A row that is there is locked although nothing about it changes: so says PostgreSQL's manual of ON CONFLICT.
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["turn"], set_={"turn": statement.excluded.turn}, where=sa.false()
        )
    )


def sends_about(
    connection: sa.Connection, *, people: Collection[int], points: Collection[str], since: datetime
) -> list[Send]:
    """Return the messages to these people or contact points counted after a moment, in the order of counting.

    Also those counted in what now seems the future: a clock that was put back must not forget them.
    """
    found: dict[str, Send] = {}
    for condition in (
        among(connection, {SENDS.c.person_id: people}),
        among(connection, {SENDS.c.contact_point: [point for point in points if point]}),
    ):
        query = sa.select(SENDS).where(condition, SENDS.c.counted_at > since)
        found.update((row["message_id"], Send(**row)) for row in connection.execute(query).mappings())
    return sorted(found.values(), key=lambda send: (send.counted_at, send.message_id))


def add_sends(connection: sa.Connection, sends: Collection[Send]) -> None:
    """Count messages; one that was counted before counts from its new moment."""
    if sends:
        delete_sends(connection, [send.message_id for send in sends])
        connection.execute(sa.insert(SENDS), [vars(send) for send in sends])


def delete_sends(connection: sa.Connection, message_ids: Collection[str]) -> int:
    """Count these messages no more; returns how many there were."""
    return connection.execute(
        sa.delete(SENDS).where(among(connection, {SENDS.c.message_id: message_ids}))
    ).rowcount


def newest_send_at(connection: sa.Connection) -> datetime | None:
    """Return from when the newest message counts; None if none does."""
    newest: datetime | None = connection.execute(sa.select(sa.func.max(SENDS.c.counted_at))).scalar_one()
    return newest


def prune_sends(connection: sa.Connection, *, before: datetime, limit: int) -> int:
    """Delete messages counted before a moment, so many at most; returns how many."""
    old = sa.select(SENDS.c.message_id).where(SENDS.c.counted_at < before).limit(limit)
    return connection.execute(sa.delete(SENDS).where(SENDS.c.message_id.in_(old))).rowcount


def delete_people(connection: sa.Connection, people: Collection[int]) -> int:
    """Delete what is counted of people, their mutes and their turns; suppressions stay. Returns how many rows there were."""
    columns = (SENDS.c.person_id, MUTES.c.person_id, TURNS.c.turn)
    deletions = [sa.delete(one.table).where(among(connection, {one: people})) for one in columns]
    return sum(connection.execute(deletion).rowcount for deletion in deletions)


def suppressions_about(
    connection: sa.Connection, *, people: Collection[int], points: Collection[str]
) -> list[Suppression]:
    """Return what holds about these people, and about these contact points, whoever has them."""
    held = SUPPRESSIONS.c.lifted_at.is_(None)
    found = [
        row
        for condition in (
            among(connection, {SUPPRESSIONS.c.person_id: people}),
            among(connection, {SUPPRESSIONS.c.contact_point: [point for point in points if point]}),
        )
        for row in connection.execute(sa.select(SUPPRESSIONS).where(condition, held))
    ]
    return [_suppression(row) for row in found]


def list_suppressions(connection: sa.Connection, *, limit: int) -> list[Suppression]:
    """Return the newest suppressions that hold."""
    query = (
        sa.select(SUPPRESSIONS)
        .where(SUPPRESSIONS.c.lifted_at.is_(None))
        .order_by(SUPPRESSIONS.c.suppressed_at.desc(), *SUPPRESSIONS.primary_key.columns)
    )
    return [_suppression(row) for row in connection.execute(query.limit(limit))]


def add_suppressions(connection: sa.Connection, suppressions: Collection[Suppression]) -> None:
    """Suppress; what is suppressed for this reason already is so again, from the later of both moments."""
    if not suppressions:
        return
    statement = _insert(connection, SUPPRESSIONS)
    new, old = statement.excluded, SUPPRESSIONS.c
    later = sa.case((new.suppressed_at > old.suppressed_at, new.suppressed_at), else_=old.suppressed_at)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(SUPPRESSIONS.primary_key.columns),
            set_={"suppressed_at": later, "source": new.source, "lifted_at": None},
        ),
        [vars(one) | {"person_id": one.person_id or _NOBODY, "lifted_at": None} for one in suppressions],
    )


def lift_suppressions(
    connection: sa.Connection,
    *,
    person_id: int | None,
    contact_point: str | None,
    reason: SuppressionReason | None,
    now: datetime,
) -> int:
    """Lift what holds about a person as a whole, or about a contact point; returns how many there were."""
    conditions: list[sa.ColumnElement[bool]] = [SUPPRESSIONS.c.lifted_at.is_(None)]
    if contact_point is None:
        conditions += [SUPPRESSIONS.c.person_id == person_id, SUPPRESSIONS.c.contact_point == ""]
    else:
        conditions += [SUPPRESSIONS.c.contact_point == contact_point]
    if reason is not None:
        conditions += [SUPPRESSIONS.c.reason == reason]
    return connection.execute(sa.update(SUPPRESSIONS).where(*conditions).values(lifted_at=now)).rowcount


def mutes_of(connection: sa.Connection, people: Collection[int], *, now: datetime) -> list[Mute]:
    """Return the mutes of these people that have not ended."""
    query = sa.select(MUTES).where(among(connection, {MUTES.c.person_id: people}), _is_open(now))
    return [Mute(**row) for row in connection.execute(query).mappings()]


def open_mutes(connection: sa.Connection, *, prefix: str) -> set[tuple[int, str]]:
    """Return person and case of all mutes without an end whose case begins so."""
    query = sa.select(MUTES.c.person_id, MUTES.c.case_id).where(
        MUTES.c.until.is_(None), MUTES.c.case_id.startswith(prefix, autoescape=True)
    )
    return {(row.person_id, row.case_id) for row in connection.execute(query)}


def add_mutes(connection: sa.Connection, mutes: Collection[Mute]) -> None:
    """Mute people; a case that was known before begins and ends anew."""
    if not mutes:
        return
    statement = _insert(connection, MUTES)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=list(MUTES.primary_key.columns),
            set_={"from_at": statement.excluded.from_at, "until": statement.excluded.until},
        ),
        [vars(mute) for mute in mutes],
    )


def end_mutes(connection: sa.Connection, keys: Collection[tuple[int, str]], *, now: datetime) -> int:
    """End mutes of these people and cases that have not ended; returns how many there were."""
    wanted = among(
        connection,
        {
            MUTES.c.person_id: [person_id for person_id, _ in keys],
            MUTES.c.case_id: [case_id for _, case_id in keys],
        },
    )
    return connection.execute(sa.update(MUTES).where(wanted, _is_open(now)).values(until=now)).rowcount


def _insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that can say what to do with rows that are there: each database has its own kind."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def _is_open(now: datetime) -> sa.ColumnElement[bool]:
    return MUTES.c.until.is_(None) | (MUTES.c.until > now)


def _suppression(row: sa.Row[tuple[object, ...]]) -> Suppression:
    known = {name: value for name, value in row._mapping.items() if name != "lifted_at"}
    return Suppression(**known | {"person_id": known["person_id"] or None})


def _point_turn(point: str) -> int:
    return _SMALLEST + int.from_bytes(hashlib.sha256(point.encode()).digest()[:8], "big") // 2
