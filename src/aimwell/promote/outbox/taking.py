"""First transaction of a batch: takes messages that are due, and writes down who has them in flight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from aimwell.promote.channels.model import Channel
from aimwell.promote.outbox import rows
from aimwell.promote.outbox.errors import NotQueued
from aimwell.promote.outbox.model import Entry, RunState
from aimwell.promote.outbox.turns import Turn

__all__ = ["GOING", "Batch", "recover", "take"]

_LONGEST_DOWN = timedelta(hours=9)  # the longest back-off with the longest jitter

GOING: tuple[RunState, ...] = ("queued", "sending")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What a sender took.

    Attributes
    ----------
    state
        The run's state; unless it goes on, nothing was taken.
    entries
        Messages of one channel, now in flight; none if none is due.
    next_at
        If nothing was taken: when to look again; None if no message is queued.
    is_over
        The time for sending is over.
    """

    state: RunState
    channel: str | None = None
    entries: tuple[Entry, ...] = ()
    next_at: datetime | None = None
    is_over: bool = False


def recover(connection: sa.Connection, campaign_id: str, *, turn: Turn) -> int:
    """Queue again what dead senders left in flight; returns how many messages that were."""
    dead = turn.dead(connection, rows.senders_in_flight(connection, campaign_id))
    return rows.take_back(connection, campaign_id, senders=dead, state="queued") if dead else 0


def take(
    connection: sa.Connection,
    campaign_id: str,
    *,
    turn: Turn,
    channels: Mapping[str, Channel],
    sizes: Mapping[str, int],
    now: datetime,
) -> Batch:
    """Take one batch of one channel: the quickest that is free and has messages due.

    Parameters
    ----------
    connection
        An open transaction.
    campaign_id
        Whose messages.
    turn
        Who takes them.
    channels
        Those that the campaign uses.
    sizes
        How many at most, per channel.
    now
        Messages due until then, and channels free by then.
    """
    run = rows.run_of(connection, campaign_id)
    if run is None:
        raise NotQueued(campaign_id=campaign_id)
    if run.state not in GOING:
        return Batch(state=run.state)
    if now >= run.expires_at:
        return Batch(state=run.state, is_over=True)
    busy_until = _waits(connection, channels, sizes, now=now)
    free = [name for name, until in busy_until.items() if until <= now]
    for name in sorted(free, key=lambda channel: sizes[channel], reverse=True):
        entries = rows.due(connection, campaign_id, channel=name, now=now, limit=sizes[name])
        if entries:
            break
    else:
        return Batch(state=run.state, next_at=_next(connection, campaign_id, busy_until, now=now))
    rows.put_in_flight(connection, [e.message_id for e in entries], sender_no=turn.sender_no)
    rate = channels[name].rate_per_second
    if rate is not None:
        rows.set_channel(connection, name, free_at=now + timedelta(seconds=len(entries) / rate))
    rows.set_run(connection, campaign_id, state="sending", now=now, among_states=["queued"])
    return Batch(state="sending", channel=name, entries=tuple(entries))


def _waits(
    connection: sa.Connection, channels: Mapping[str, Channel], sizes: Mapping[str, int], *, now: datetime
) -> dict[str, datetime]:
    """Return from when each channel may be used: after the last batch at its rate, or after a pause because it was down."""
    waits = {}
    for name, row in rows.turns_of(connection, list(channels)).items():
        rate = channels[name].rate_per_second
        at_rate = sizes[name] / rate if rate is not None else 0.0
        longest = max(at_rate, _LONGEST_DOWN.total_seconds() if row.n_down else 0.0)
        # a moment further ahead than any wait can be was written by a clock that has since been set back
        is_believable = row.free_at <= now + timedelta(seconds=longest)
        waits[name] = row.free_at if is_believable else now
    return waits


def _next(
    connection: sa.Connection, campaign_id: str, busy_until: Mapping[str, datetime], *, now: datetime
) -> datetime | None:
    """Return when it is worth looking again."""
    due_at = rows.next_due_at(connection, campaign_id)
    if due_at is None or due_at > now:
        return due_at
    busy: Sequence[datetime] = [until for until in busy_until.values() if until > now]
    return min(busy, default=now)
