"""A sender's turn: a lock that its process holds while it lives, so that others know whose messages are left behind.

The lease on messages in flight is this lock, not a span of time: no clock, however it jumps, ends a living sender's lease, and
a dead sender's ends with its process.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from filelock import FileLock, Timeout

from aimwell.promote.outbox import rows
from aimwell.promote.outbox.errors import SenderBusy
from aimwell.storage.database import Database

__all__ = ["Turn", "taken_turn"]

_LOCKS = 7_068_001  # the class of this program's advisory locks on PostgreSQL that senders hold


@dataclass(frozen=True, kw_only=True)
class Turn:
    """The right to send, as long as the process lives. `held` is the connection whose end gives it back, if there is one."""

    sender_no: int
    held: sa.Connection | None

    def check(self) -> None:
        """Raise if the right was lost with its connection."""
        if self.held is not None:
            self.held.execute(sa.select(1))

    def dead(self, connection: sa.Connection, others: Collection[int]) -> list[int]:
        """Return those of these senders that live no more; no other sender will say so of them before the transaction ends."""
        gone = [number for number in others if number != self.sender_no]
        if self.held is None:  # SQLite: there is no other
            return gone
        return [number for number in gone if connection.scalar(sa.select(_try_lock(number)))]


@contextmanager
def taken_turn(database: Database, *, now: datetime) -> Iterator[Turn]:
    """Take a turn until the block, or the process, ends.

    Raises
    ------
    SenderBusy
        On SQLite, if another process has it.
    """
    if database.dialect == "postgresql":
        with database.begin() as connection:
            sender_no = rows.add_sender(connection, now=now)
        with (
            database.begin() as held
        ):  # writes nothing, so it keeps nobody waiting but those who ask for this lock
            held.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCKS, sender_no)))
            yield Turn(sender_no=sender_no, held=held)
        return
    lock = FileLock(f"{database.url.database}.sender")
    try:
        lock.acquire(timeout=0)
    except Timeout as exc:
        raise SenderBusy(database=database.shown) from exc
    try:
        with database.begin() as connection:
            sender_no = rows.add_sender(connection, now=now)
        yield Turn(sender_no=sender_no, held=None)
    finally:
        lock.release()


def _try_lock(sender_no: int) -> sa.Function[bool]:
    return sa.func.pg_try_advisory_xact_lock(_LOCKS, sender_no, type_=sa.Boolean)
