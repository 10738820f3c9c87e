"""What people do with the outbox: queue a campaign's messages, pause, resume and stop it, and see how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from aimwell.promote.outbox import rows
from aimwell.promote.outbox.errors import NotQueued, RunEnded, SenderBusy
from aimwell.promote.outbox.model import AT_ONCE, Entry, Progress, Receipt, RunState
from aimwell.promote.outbox.taking import recover
from aimwell.promote.outbox.turns import taken_turn
from aimwell.storage.database import Database

__all__ = ["pause", "progress_of", "queue", "receipts", "resume", "sent_to", "stop"]


def queue(
    campaign_id: str,
    batches: Iterable[Sequence[Entry]],
    *,
    database: Database,
    now: datetime,
    expires_at: datetime,
    not_before: datetime | None = None,
) -> int:
    """Queue a campaign's messages, and let senders begin; returns how many messages are new.

    If it is cut off, nothing is sent until it is done again; what is there already is left as it is.

    Parameters
    ----------
    campaign_id
        Whose messages.
    batches
        The messages, in batches of one transaction each.
    database
        Holds the outbox.
    now
        The present moment.
    expires_at
        From then on nothing of it is sent.
    not_before
        Nothing is sent before; None: at once.
    """
    n_new = 0
    for batch in batches:
        with database.begin() as connection:
            n_new += rows.add_entries(connection, batch, due_at=not_before or AT_ONCE)
    with database.begin() as connection:
        if rows.run_of(connection, campaign_id) is None:
            rows.set_run(connection, campaign_id, state="queued", now=now, expires_at=expires_at)
    return n_new


def pause(campaign_id: str, *, database: Database, now: datetime) -> Progress:
    """Let nothing more of a campaign go out until it is resumed; what is being handed over at this moment still goes.

    Raises
    ------
    NotQueued, RunEnded
        If the campaign is not being sent.
    """
    return _set(campaign_id, "paused", allowed=("queued", "sending", "paused"), database=database, now=now)


def resume(campaign_id: str, *, database: Database, now: datetime) -> Progress:
    """Let a paused campaign go on; a sender then has to be started.

    Raises
    ------
    NotQueued, RunEnded
        If the campaign is not paused.
    """
    return _set(campaign_id, "queued", allowed=("paused", "queued", "sending"), database=database, now=now)


def stop(campaign_id: str, *, database: Database, now: datetime) -> Progress:
    """End a campaign at once and for good: what is queued is never sent.

    What is being handed over at this moment still goes; what a killed sender left behind is not sent again.

    Raises
    ------
    NotQueued, RunEnded
        If there is nothing to stop.
    """
    allowed: tuple[RunState, ...] = ("queued", "sending", "paused", "stopped")
    _set(campaign_id, "stopped", allowed=allowed, database=database, now=now)
    with suppress(SenderBusy), taken_turn(database, now=now) as turn, database.begin() as connection:
        if recover(connection, campaign_id, turn=turn):  # left behind by a killed sender
            rows.end_queued(connection, campaign_id, state="stopped", reasons=(), now=now)
    return progress_of(campaign_id, database=database)


def progress_of(campaign_id: str, *, database: Database) -> Progress:
    """Return how far a campaign's messages are.

    Raises
    ------
    NotQueued
        If it has none.
    """
    with database.read() as connection:
        run = rows.run_of(connection, campaign_id)
        if run is None:
            raise NotQueued(campaign_id=campaign_id)
        return Progress(
            campaign_id=campaign_id,
            state=run.state,
            counts=rows.counts(connection, campaign_id),
            next_due_at=rows.next_due_at(connection, campaign_id),
        )


def receipts(campaign_id: str, *, person_id: int, database: Database) -> list[Receipt]:
    """Return what became of a person's messages in a campaign, try by try, oldest first."""
    with database.read() as connection:
        return rows.receipts_of(connection, campaign_id, person_id=person_id)


def sent_to(campaign_id: str, *, database: Database) -> list[tuple[int, str | None]] | None:
    """Return person and offer of every message of a campaign that went out, all in memory; None if it was never queued."""
    with database.read() as connection:
        if rows.run_of(connection, campaign_id) is None:
            return None
        return rows.sent_to(connection, campaign_id)


def _set(
    campaign_id: str,
    state: RunState,
    *,
    allowed: Sequence[RunState],
    database: Database,
    now: datetime,
) -> Progress:
    with database.begin() as connection:
        run = rows.run_of(connection, campaign_id)
        if run is None:
            raise NotQueued(campaign_id=campaign_id)
        if not rows.set_run(connection, campaign_id, state=state, now=now, among_states=allowed):
            raise RunEnded(campaign_id=campaign_id, state=run.state, allowed=", ".join(allowed))
        if state == "stopped":
            rows.end_queued(connection, campaign_id, state="stopped", reasons=(), now=now)
    return progress_of(campaign_id, database=database)
