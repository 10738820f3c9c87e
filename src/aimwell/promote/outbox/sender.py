"""The sender: takes messages that are due, asks the gate, hands them to their channel, and writes down what became of each.

One batch is three steps, each durable before the next begins:

1. *take*: messages become `sending`, with the sender's number;
2. *admit*: with content and address at hand, the gate is asked again and counts those that may go; the others are settled;
3. *hand over*: the channel sends, and what became of each message is written down.

A sender killed in or before step 2 has sent nothing. Killed in step 3, it leaves at most `Pace.window` messages of which
nobody knows whether they went out: the next sender sends them again, under the same message id. So nobody is skipped, and at
most so many get a message twice, which their mail program can tell by its Message-ID. More is impossible over SMTP.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa

from aimwell.base.clock import Clock
from aimwell.base.progress import Progress as Watcher
from aimwell.base.progress import Silent
from aimwell.promote.channels.model import Channel, Message
from aimwell.promote.gate.gate import Gate
from aimwell.promote.outbox import rows
from aimwell.promote.outbox.admitting import TOO_LATE, Admitted, Desk, admit
from aimwell.promote.outbox.delivering import Record, record
from aimwell.promote.outbox.errors import ChannelMissing
from aimwell.promote.outbox.model import Composer, Directory, Entry, Pace, Parcel, Progress
from aimwell.promote.outbox.service import progress_of
from aimwell.promote.outbox.taking import Batch, recover, take
from aimwell.promote.outbox.turns import Turn, taken_turn
from aimwell.storage.database import Database
from aimwell.storage.errors import AnotherWriter
from aimwell.trust.consent.ledger import ConsentLedger
from aimwell.trust.consent.model import Asked

__all__ = ["Sender"]

_LONGEST_NAP_SECONDS = 60.0  # then it is looked again, for other messages and for a stop
_SHORTEST_NAP_SECONDS = 0.05
_TRIES = 60  # to write down what became of messages while somebody else writes to the database
_TRY_AGAIN_SECONDS = 1.0
_FLUSH_SECONDS = 1.0  # what became of messages is written down at least so often
_NO_ADDRESS = "no_address"

_T = TypeVar("_T")


@dataclass(kw_only=True)
class Sender:
    """Sends the messages of a campaign, alone or beside others.

    Attributes
    ----------
    database
        Holds the outbox.
    gate, ledger
        Asked at the moment of sending.
    channels
        By name; each is used by this sender only.
    directory
        Finds addresses.
    composer
        Writes messages.
    clock, sleep
        Time.
    pace
        How to go about it.
    """

    database: Database
    gate: Gate
    ledger: ConsentLedger
    channels: Mapping[str, Channel]
    directory: Directory
    composer: Composer
    clock: Clock
    sleep: Callable[[float], None]
    pace: Pace = field(default_factory=Pace)
    _sizes: dict[str, int] = field(default_factory=dict, init=False)

    def run(
        self, campaign_id: str, *, until: datetime | None = None, watcher: Watcher | None = None
    ) -> Progress:
        """Send what is due, and return how far the campaign is.

        Parameters
        ----------
        campaign_id
            Whose messages.
        until
            Wait for messages that are due later, until this moment (naive UTC); None: do not wait.
        watcher
            Hears of every message that is decided.

        Raises
        ------
        NotQueued, ChannelMissing
            If there is nothing to send, or no channel for it.
        SenderBusy
            If, on SQLite, another process sends.
        """
        watcher = watcher or Silent()
        mine = self._own_channels(campaign_id)
        with taken_turn(self.database, now=self.clock.now()) as turn:
            self._writing(lambda connection: recover(connection, campaign_id, turn=turn))
            with suppress(AnotherWriter):  # whoever sends next does it
                self.gate.prune(now=self.clock.now())
            while True:
                turn.check()
                batch = self._take(campaign_id, mine, turn=turn)
                if batch.entries:
                    self._send(batch, mine[str(batch.channel)], turn=turn)
                    watcher.advance(len(batch.entries))
                elif not self._waits(batch, campaign_id, turn=turn, until=until):
                    return self._ended(campaign_id, batch)

    def _own_channels(self, campaign_id: str) -> dict[str, Channel]:
        with self.database.read() as connection:
            wanted = rows.channels_of(connection, campaign_id)
        for name in wanted:
            if name not in self.channels:
                raise ChannelMissing(channel=name, known=", ".join(sorted(self.channels)) or "-")
        self._sizes = {name: _at_first(self.channels[name], self.pace) for name in wanted}
        return {name: self.channels[name] for name in wanted}

    def _take(self, campaign_id: str, channels: Mapping[str, Channel], *, turn: Turn) -> Batch:
        return self._writing(
            lambda connection: take(
                connection,
                campaign_id,
                turn=turn,
                channels=channels,
                sizes=self._sizes,
                now=self.clock.now(),
            )
        )

    def _waits(self, batch: Batch, campaign_id: str, *, turn: Turn, until: datetime | None) -> bool:
        """Wait a little if there is something to wait for; says whether there was."""
        if batch.next_at is None or batch.is_over:
            # a sender beside this one may have died since
            return self._writing(lambda connection: recover(connection, campaign_id, turn=turn)) > 0
        now = self.clock.now()
        soon = now + timedelta(
            seconds=self.pace.seconds
        )  # a channel that keeps to its rate is no reason to leave
        if batch.next_at > max(soon, until or soon):
            return False
        seconds = (batch.next_at - now).total_seconds()
        self.sleep(min(max(seconds, _SHORTEST_NAP_SECONDS), _LONGEST_NAP_SECONDS))
        return True

    def _ended(self, campaign_id: str, batch: Batch) -> Progress:
        """Close the run if nothing is left of it, and tell how far it is."""

        def close(connection: sa.Connection) -> None:
            if batch.is_over:
                rows.end_queued(
                    connection, campaign_id, state="skipped", reasons=[TOO_LATE], now=self.clock.now()
                )
            counts = rows.counts(connection, campaign_id)
            if counts["queued"] + counts["sending"] == 0:
                rows.set_run(
                    connection,
                    campaign_id,
                    state="done",
                    now=self.clock.now(),
                    among_states=["queued", "sending"],
                )

        self._writing(close)
        return progress_of(campaign_id, database=self.database)

    def _send(self, batch: Batch, channel: Channel, *, turn: Turn) -> None:
        """Make a batch ready, have it admitted, hand it over."""
        began_at = self.clock.now()
        ready = self._ready(batch.entries, channel)
        admitted = self._writing(
            lambda connection: admit(
                connection, ready, kind=channel.kind, gate=self.gate, turn=turn, now=self.clock.now()
            )
        )
        self._hand_over(admitted, channel)
        took = (self.clock.now() - began_at).total_seconds()
        if took > 0 and admitted:  # a clock that was set back tells nothing
            fits = int(len(admitted) * self.pace.seconds / took)
            largest = _at_first(channel, self.pace)
            self._sizes[channel.name] = max(1, min(largest, fits))

    def _ready(self, entries: Sequence[Entry], channel: Channel) -> list[tuple[Parcel, Message]]:
        """Return the messages with their addresses; who cannot be written to is settled."""
        parcels = self._addressed(entries, channel)
        written = self.composer(list(parcels.values()))
        desk, ready = Desk(now=self.clock.now()), []
        for entry in entries:
            parcel = parcels.get(entry.message_id)
            message = written[entry.message_id] if parcel else _NO_ADDRESS
            if isinstance(message, str) or parcel is None:
                desk.settle(entry, state="skipped", outcome="skipped", reasons=[str(message)])
            else:
                ready.append((parcel, message))
        if desk.changes:
            self._writing(desk.write)
        return ready

    def _addressed(self, entries: Sequence[Entry], channel: Channel) -> dict[str, Parcel]:
        """Return for each entry the first point that the person agreed to, or simply the first one."""
        everybody = [person_id for entry in entries for person_id in (entry.person_id, *entry.others)]
        reached = self.directory(everybody, channel.kind)
        tried = [
            (Parcel(entry=entry, point=point), _asked(entry, point.token, channel))
            for entry in entries
            for person_id in (entry.person_id, *entry.others)
            for point in reached.get(person_id, ())
        ]
        with self.database.read() as connection:
            standings = self.ledger.standings(connection, [asked for _, asked in tried], now=self.clock.now())
        best: dict[str, tuple[bool, Parcel]] = {}
        for (parcel, _), standing in zip(tried, standings, strict=True):
            known = best.get(parcel.entry.message_id)
            if known is None or (standing.is_allowed and not known[0]):
                best[parcel.entry.message_id] = (standing.is_allowed, parcel)
        return {message_id: parcel for message_id, (_, parcel) in best.items()}

    def _hand_over(self, admitted: Sequence[Admitted], channel: Channel) -> None:
        """Hand messages to the channel; whatever happens, what is known of them is written down."""
        waiting = {one.message.message_id: one for one in admitted}
        records: list[Record] = []
        flushed_at = self.clock.now()
        try:
            for delivery in channel.send([one.message for one in admitted]):
                records.append(Record(admitted=waiting.pop(delivery.message_id), delivery=delivery))
                if abs((self.clock.now() - flushed_at).total_seconds()) >= _FLUSH_SECONDS:
                    flushed_at = self._flush(records, channel)
            records += [Record.lost(one) for one in waiting.values()]
        finally:
            self._flush(records, channel)

    def _flush(self, records: list[Record], channel: Channel) -> datetime:
        now, given = self.clock.now(), list(records)
        records.clear()
        if given:
            self._writing(
                lambda connection: record(
                    connection, given, channel=channel.name, gate=self.gate, pace=self.pace, now=now
                )
            )
        return now

    def _writing(self, work: Callable[[sa.Connection], _T]) -> _T:
        """Do some work in a transaction of its own; while somebody else writes, wait and try again."""
        for _ in range(_TRIES - 1):
            try:
                with self.database.begin() as connection:
                    return work(connection)
            except AnotherWriter:
                self.sleep(_TRY_AGAIN_SECONDS)
        with self.database.begin() as connection:
            return work(connection)


def _at_first(channel: Channel, pace: Pace) -> int:
    """Return the largest batch of a channel: the window, or what its rate lets through in the time of a batch."""
    if channel.rate_per_second is None:
        return pace.window
    return max(1, min(pace.window, int(channel.rate_per_second * pace.seconds)))


def _asked(entry: Entry, token: str, channel: Channel) -> Asked:
    return Asked(
        person_id=entry.person_id,
        contact_point=token,
        channel=channel.kind,
        purpose=entry.purpose,
        region=entry.region,
        birth_year=entry.birth_year,
        others=entry.others,
    )
