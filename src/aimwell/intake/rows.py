"""What the database remembers of loads: which files came, their books, and every row that could not be stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Row,
    Select,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)

__all__ = [
    "LOADS",
    "METADATA",
    "QUARANTINE",
    "Held",
    "LoadRow",
    "add_held",
    "close_load",
    "count_held",
    "find_load",
    "forget_load",
    "held",
    "held_rows",
    "last_known_at",
    "loads",
    "mark_replayed",
    "open_load",
]

METADATA = MetaData()

# One row per file and source. A row is "open" from the first write of a load until its books are closed, so that a
# load that was cut off is taken up again under the same `load_id` and `known_at`.
LOADS = Table(
    "loads",
    METADATA,
    Column("source", String(100), primary_key=True),
    Column("sha256", String(64), primary_key=True),  # of the file's content, after unpacking
    Column("load_id", String(40), nullable=False),
    Column("file_name", String(400), nullable=False),
    Column("mapping_name", String(100), nullable=False),
    Column("mapping", Text, nullable=False),  # JSON, as used: a replay reads rows the same way
    Column("columns", Text, nullable=False),  # JSON list of the file's column names
    Column("known_at", DateTime, nullable=False),
    Column("state", String(10), nullable=False),  # open or done
    Column("n_received", BigInteger, nullable=False, default=0),
    Column("n_stored", BigInteger, nullable=False, default=0),
    Column("n_duplicate", BigInteger, nullable=False, default=0),
    Column("n_quarantined", BigInteger, nullable=False, default=0),
)
Index("loads_by_load_id", LOADS.c.load_id)
Index("loads_by_known_at", LOADS.c.known_at)

# One row per input row that could not be stored. `original` is sealed by the vault: it may hold identifiers.
QUARANTINE = Table(
    "quarantine",
    METADATA,
    Column("quarantine_id", Integer, primary_key=True, autoincrement=True),
    Column("source", String(100), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("line_no", BigInteger, nullable=False),  # first line of the row in its file, from 1
    Column("reason", String(60), nullable=False),  # stable code, such as bad_date
    Column("detail", String(200), nullable=False),  # the column at fault, or empty
    Column(
        "is_whole", Integer, nullable=False
    ),  # 1: original is a JSON list of cells; 0: the broken line's text
    Column("original", LargeBinary, nullable=False),
    Column("quarantined_at", DateTime, nullable=False),
    Column("replayed_at", DateTime, nullable=True),
)
Index("quarantine_by_file", QUARANTINE.c.source, QUARANTINE.c.sha256, QUARANTINE.c.line_no)
Index("quarantine_by_reason", QUARANTINE.c.reason)


@dataclass(frozen=True, kw_only=True)
class LoadRow:
    """One file as the database remembers it; columns as in `LOADS`."""

    source: str
    sha256: str
    load_id: str
    file_name: str
    mapping_name: str
    mapping: str
    columns: str
    known_at: datetime
    state: Literal["open", "done"]
    n_received: int = 0
    n_stored: int = 0
    n_duplicate: int = 0
    n_quarantined: int = 0


@dataclass(frozen=True, kw_only=True)
class Held:
    """One quarantined row; `original` is still sealed."""

    quarantine_id: int = 0
    source: str
    sha256: str
    line_no: int
    reason: str
    detail: str
    is_whole: bool
    original: bytes
    quarantined_at: datetime
    replayed_at: datetime | None = None


def find_load(connection: Connection, *, source: str, sha256: str) -> LoadRow | None:
    """Return what is known of this file, or None when it never came."""
    query = select(LOADS).where(LOADS.c.source == source, LOADS.c.sha256 == sha256)
    row = connection.execute(query).one_or_none()
    return None if row is None else LoadRow(**row._mapping)


def loads(connection: Connection) -> list[LoadRow]:
    """Return all files that came, oldest first."""
    query = select(LOADS).order_by(LOADS.c.known_at, LOADS.c.source, LOADS.c.sha256)
    return [LoadRow(**row._mapping) for row in connection.execute(query)]


def last_known_at(connection: Connection) -> datetime | None:
    """Return the moment of the newest load, or None in a shop without any."""
    newest: datetime | None = connection.execute(select(func.max(LOADS.c.known_at))).scalar_one()
    return newest


def open_load(connection: Connection, row: LoadRow) -> None:
    """Remember that this file is about to be written; takes the place of a row of the same file."""
    same = (LOADS.c.source == row.source, LOADS.c.sha256 == row.sha256)
    connection.execute(delete(LOADS).where(*same))
    connection.execute(insert(LOADS).values(vars(row)))


def close_load(connection: Connection, row: LoadRow) -> None:
    """Write the books of a file that is now stored."""
    same = (LOADS.c.source == row.source, LOADS.c.sha256 == row.sha256)
    books = {name: getattr(row, name) for name in ("n_received", "n_stored", "n_duplicate", "n_quarantined")}
    connection.execute(update(LOADS).where(*same).values(state="done", **books))


def forget_load(connection: Connection, row: LoadRow) -> None:
    """Take a row away again: that of a replay, whose books are its file's."""
    connection.execute(delete(LOADS).where(LOADS.c.source == row.source, LOADS.c.sha256 == row.sha256))


def add_held(connection: Connection, rows: Iterable[Held]) -> None:
    """Add rows to the quarantine."""
    values = [
        {name: value for name, value in vars(row).items() if name != "quarantine_id"}
        | {"is_whole": int(row.is_whole)}
        for row in rows
    ]
    if values:
        connection.execute(insert(QUARANTINE), values)


def held(connection: Connection, *, quarantine_id: int) -> Held | None:
    """Return one quarantined row, or None."""
    row = connection.execute(
        select(QUARANTINE).where(QUARANTINE.c.quarantine_id == quarantine_id)
    ).one_or_none()
    return None if row is None else _held(row)


def held_rows(
    connection: Connection,
    *,
    source: str | None = None,
    sha256: str | None = None,
    reason: str | None = None,
    limit: int | None = None,
) -> Iterator[Held]:
    """Yield quarantined rows that were not replayed yet, in file order."""
    query = _waiting(select(QUARANTINE), source=source, sha256=sha256, reason=reason)
    query = query.order_by(QUARANTINE.c.source, QUARANTINE.c.sha256, QUARANTINE.c.line_no).limit(limit)
    for row in connection.execute(query):
        yield _held(row)


def count_held(connection: Connection, *, source: str | None = None) -> list[dict[str, object]]:
    """Return how many rows wait in quarantine, per source, file, reason and detail."""
    group = (QUARANTINE.c.source, LOADS.c.file_name, QUARANTINE.c.reason, QUARANTINE.c.detail)
    query = select(
        *group, func.count().label("n_rows"), func.min(QUARANTINE.c.line_no).label("first_line_no")
    )
    query = query.join(
        LOADS, (LOADS.c.source == QUARANTINE.c.source) & (LOADS.c.sha256 == QUARANTINE.c.sha256)
    )
    query = _waiting(query, source=source, sha256=None, reason=None).group_by(*group).order_by(*group)
    return [dict(row._mapping) for row in connection.execute(query)]


def mark_replayed(connection: Connection, *, quarantine_ids: Iterable[int], now: datetime) -> None:
    """Note that these rows left the quarantine; they stay on record without their original."""
    ids = list(quarantine_ids)
    for start in range(0, len(ids), 500):
        chosen = QUARANTINE.c.quarantine_id.in_(ids[start : start + 500])
        connection.execute(update(QUARANTINE).where(chosen).values(replayed_at=now, original=b""))


def _waiting(
    query: Select[Any], *, source: str | None, sha256: str | None, reason: str | None
) -> Select[Any]:
    query = query.where(QUARANTINE.c.replayed_at.is_(None))
    for column, value in (
        (QUARANTINE.c.source, source),
        (QUARANTINE.c.sha256, sha256),
        (QUARANTINE.c.reason, reason),
    ):
        query = query if value is None else query.where(column == value)
    return query


def _held(row: Row[Any]) -> Held:
    values = dict(row._mapping)
    return Held(**values | {"is_whole": bool(values["is_whole"])})
