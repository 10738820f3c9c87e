"""Third transaction of a batch: what became of each message after the hand-over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from aimwell.promote.channels.model import Delivery
from aimwell.promote.gate.gate import Gate
from aimwell.promote.outbox import rows
from aimwell.promote.outbox.admitting import Admitted, Desk
from aimwell.promote.outbox.model import Pace, back_off_seconds

__all__ = ["Record", "record"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """A message that was handed over, and what became of it."""

    admitted: Admitted
    delivery: Delivery

    @classmethod
    def lost(cls, admitted: Admitted) -> Record:
        """Return the record of a message of which the channel said nothing: it may have gone out."""
        message_id = admitted.message.message_id
        return cls(
            admitted=admitted, delivery=Delivery(message_id=message_id, outcome="unknown", detail="no answer")
        )


def record(
    connection: sa.Connection,
    records: Sequence[Record],
    *,
    channel: str,
    gate: Gate,
    pace: Pace,
    now: datetime,
) -> None:
    """Write down what became of messages: sent, refused for good, to be tried again later, or dead.

    What certainly did not go out is given back to the caps. A channel that puts off many in a row is left alone for a while.
    """
    desk = Desk(now=now)
    not_out = []
    for one in records:
        _settle(desk, one, pace=pace, now=now)
        if one.delivery.outcome in ("deferred", "refused"):
            not_out.append(one.delivery.message_id)
    if not_out:
        gate.release(connection, not_out)
    desk.write(connection)
    _judge(connection, records, channel=channel, pace=pace, now=now)


def _settle(desk: Desk, one: Record, *, pace: Pace, now: datetime) -> None:
    entry, delivery = one.admitted.parcel.entry, one.delivery
    n_attempts = entry.n_attempts + 1
    told: dict[str, Any] = {
        "detail": delivery.detail,
        "verdict": one.admitted.verdict,
        "n_attempts": n_attempts,
    }
    if delivery.outcome in ("sent", "refused"):
        desk.settle(entry, state=delivery.outcome, outcome=delivery.outcome, **told)
    elif n_attempts >= pace.most_attempts:
        desk.settle(entry, state="dead", outcome="dead", reasons=[delivery.outcome], **told)
    else:
        wait = back_off_seconds(entry.message_id, n_attempts, at_least=delivery.retry_after_seconds)
        due_at = now + timedelta(seconds=wait)
        desk.settle(entry, state="queued", outcome=delivery.outcome, due_at=due_at, **told)


def _judge(
    connection: sa.Connection, records: Sequence[Record], *, channel: str, pace: Pace, now: datetime
) -> None:
    """Count the messages that a channel put off in a row; after many it is taken for down."""
    row = rows.turns_of(connection, [channel])[channel]
    n_put_off, n_down = int(row.n_put_off), int(row.n_down)
    for one in records:
        is_put_off = one.delivery.outcome == "deferred"
        n_put_off, n_down = (n_put_off + 1, n_down) if is_put_off else (0, 0)
    if n_put_off >= pace.down_after:
        pause = timedelta(seconds=back_off_seconds(channel, n_down + 1))
        rows.set_channel(connection, channel, free_at=now + pause, n_put_off=0, n_down=n_down + 1)
    elif (n_put_off, n_down) != (row.n_put_off, row.n_down):
        rows.set_channel(connection, channel, n_put_off=n_put_off, n_down=n_down)
