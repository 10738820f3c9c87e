"""The one gate: asked when planning, and again at the moment of sending."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

import pyarrow as pa
import sqlalchemy as sa

from aimwell.base.errors import InternalError
from aimwell.promote.gate import rows
from aimwell.promote.gate.bulk import answers, contacts_in
from aimwell.promote.gate.judging import judge
from aimwell.promote.gate.known import Known
from aimwell.promote.gate.model import (
    Contact,
    Manners,
    Mute,
    Send,
    Suppression,
    SuppressionReason,
    Verdict,
)
from aimwell.storage.database import Database
from aimwell.trust.consent.model import Asked, Standing

__all__ = ["Gate", "Ledger"]

_AT_ONCE = (
    20_000  # contacts in one set of queries, rows in one deletion: bounds memory and how long others wait
)


class Ledger(Protocol):
    """What the gate needs of the consent ledger."""

    def standings(
        self, connection: sa.Connection, asked: Sequence[Asked], *, now: datetime
    ) -> list[Standing]:
        """Return the standing of each contact asked about, in the same order."""
        ...


class Gate:
    """Says whether messages may go: suppressions, consent, open cases, wash-outs, caps and hours, all in one place.

    Parameters
    ----------
    database
        Keeps what counts for caps, suppressions and mutes.
    ledger
        Knows who has consented to what.
    manners
        The shop's rules.
    """

    def __init__(self, *, database: Database, ledger: Ledger, manners: Manners) -> None:
        self._database = database
        self._ledger = ledger
        self.manners = manners

    def look(self, contacts: Sequence[Contact], *, now: datetime) -> list[Verdict]:
        """Return whether each contact may go at `now`, in the same order; changes nothing.

        Each is asked on its own, as if the others did not go.
        """
        return [verdict for part in _parts(contacts) for verdict in self._look(part, now=now)]

    def eligible(self, batches: Iterable[pa.RecordBatch], *, now: datetime) -> Iterator[pa.RecordBatch]:
        """Look at any number of contacts in bounded memory; yields `bulk.ANSWERS`, a row per row in the same order.

        Parameters
        ----------
        batches
            Columns of `bulk.ASKED`; the nullable ones may be missing.
        now
            Naive UTC.
        """
        for batch in batches:
            for start in range(0, batch.num_rows, _AT_ONCE):
                part = batch.slice(start, _AT_ONCE)
                yield answers(part, self._look(contacts_in(part), now=now))

    def claim(
        self, connection: sa.Connection, contacts: Sequence[Contact], *, now: datetime
    ) -> list[Verdict]:
        """Ask again at the moment of sending, and count those that may go.

        The counts are written in the sender's transaction: they hold if and when it commits. Until then nobody else's claim
        about the same people or contact points comes to an answer, so that any number of senders together never break a cap.
        Contacts of one person in one call see each other in their order. A message that was counted before (its sender was
        killed) does not stand in its own way, and counts once, from its last claim.

        Parameters
        ----------
        connection
            A transaction of `Database.begin`. Claim once in it: all are locked in ascending order.
        contacts
            Transactional ones are not counted.
        now
            Naive UTC. If it is before the person's last counted message, the new one counts from that moment: a clock
            that goes wrong and is set right again opens no cap.

        Raises
        ------
        AnotherWriter
            If another sender holds one of these people for too long; nothing was counted.
        """
        self._take_turns(connection, contacts)
        standings = self._standings(connection, contacts, now=now)
        known = self._known(connection, contacts, now=now)
        verdicts, counted = [], {}
        for contact, standing in zip(contacts, standings, strict=True):
            verdict = judge(contact, standing=standing, known=known, manners=self.manners, now=now)
            verdicts.append(verdict)
            if verdict.may and not contact.is_exempt:
                send = _counted(contact, known=known, now=now)
                known.count(send)
                counted[send.message_id] = send
        rows.add_sends(connection, counted.values())
        return verdicts

    def release(self, connection: sa.Connection, message_ids: Sequence[str]) -> None:
        """Let messages count no more that were claimed and certainly did not go out."""
        rows.delete_sends(connection, message_ids)

    def prune(self, *, now: datetime) -> int:
        """Delete what counts for no cap any more, a part at a time; returns how many messages. A sender does it when it begins.

        Old is what lies before the longest cap's window by the clock *and* by the newest message: a clock that jumps ahead
        forgets nothing before something was sent by it.
        """
        with self._database.read() as connection:
            newest = rows.newest_send_at(connection)
        if newest is None:
            return 0
        before, n_pruned = min(now, newest) - self.manners.memory, 0
        while True:
            with self._database.begin() as connection:
                n_part = rows.prune_sends(connection, before=before, limit=_AT_ONCE)
            n_pruned += n_part
            if n_part < _AT_ONCE:
                return n_pruned

    def erase(self, people: Collection[int]) -> int:
        """Delete what is counted of people and their mutes, when they are erased; returns how many rows.

        Suppressions stay: they keep an erased person's address from being written to.
        """
        with self._database.begin() as connection:
            rows.take_turns(connection, people=people, points=())
            return rows.delete_people(connection, people)

    def suppress(self, suppressions: Iterable[Suppression]) -> None:
        """Never write to these people or contact points again; once this returns, no claim is committed that did not know it."""
        given = list(suppressions)
        people = {one.person_id for one in given if one.person_id is not None}
        with self._database.begin() as connection:
            rows.take_turns(connection, people=people, points={one.contact_point for one in given})
            rows.add_suppressions(connection, given)

    def lift(
        self,
        *,
        now: datetime,
        person_id: int | None = None,
        contact_point: str | None = None,
        reason: SuppressionReason | None = None,
    ) -> int:
        """End what suppresses a contact point, or else a person as a whole; returns how many there were.

        With the suppression for a complaint its wash-out ends too.
        """
        with self._database.begin() as connection:
            return rows.lift_suppressions(
                connection, person_id=person_id, contact_point=contact_point, reason=reason, now=now
            )

    def suppressions(self, *, limit: int) -> list[Suppression]:
        """Return the newest suppressions that hold."""
        with self._database.read() as connection:
            return rows.list_suppressions(connection, limit=limit)

    def mute(self, mutes: Iterable[Mute]) -> None:
        """Send these people no marketing while a case is open; once this returns, no claim is committed that did not know it."""
        given = list(mutes)
        with self._database.begin() as connection:
            rows.take_turns(connection, people={mute.person_id for mute in given}, points=())
            rows.add_mutes(connection, given)

    def unmute(self, person_id: int, case_id: str, *, now: datetime) -> bool:
        """End a mute; returns whether there was one."""
        with self._database.begin() as connection:
            return rows.end_mutes(connection, [(person_id, case_id)], now=now) > 0

    def _look(self, contacts: Sequence[Contact], *, now: datetime) -> list[Verdict]:
        with self._database.read() as connection:
            standings = self._standings(connection, contacts, now=now)
            known = self._known(connection, contacts, now=now)
        return [
            judge(contact, standing=standing, known=known, manners=self.manners, now=now)
            for contact, standing in zip(contacts, standings, strict=True)
        ]

    def _take_turns(self, connection: sa.Connection, contacts: Sequence[Contact]) -> None:
        if connection.dialect.name == "postgresql":
            level = (
                connection.get_isolation_level()
            )  # others would not see what was committed while they waited
            if level != "READ COMMITTED":
                raise InternalError(detail=f"Gate.claim in a transaction that is {level}, not READ COMMITTED")
        rows.take_turns(connection, people=_people(contacts), points=_points(contacts))

    def _standings(
        self, connection: sa.Connection, contacts: Sequence[Contact], *, now: datetime
    ) -> list[Standing]:
        asked = [
            Asked(
                person_id=contact.person_id,
                contact_point=contact.contact_point,
                channel=contact.kind,
                purpose=contact.purpose,
                region=contact.region,
                birth_year=contact.birth_year,
                others=contact.others,
            )
            for contact in contacts
        ]
        return self._ledger.standings(connection, asked, now=now)

    def _known(self, connection: sa.Connection, contacts: Sequence[Contact], *, now: datetime) -> Known:
        people, points = _people(contacts), _points(contacts)
        since = now - self.manners.memory
        return Known(
            sends=rows.sends_about(connection, people=people, points=points, since=since),
            suppressions=rows.suppressions_about(connection, people=people, points=points),
            mutes=rows.mutes_of(connection, people, now=now),
        )


def _counted(contact: Contact, *, known: Known, now: datetime) -> Send:
    before = (send.counted_at for send in known.sends_about(contact))
    return Send(
        message_id=contact.message_id,
        person_id=contact.person_id,
        contact_point=contact.contact_point,
        channel=contact.channel,
        kind=contact.kind,
        counted_at=max([now, *before]),
    )


def _parts(contacts: Sequence[Contact]) -> Iterator[Sequence[Contact]]:
    for start in range(0, len(contacts), _AT_ONCE):
        yield contacts[start : start + _AT_ONCE]


def _people(contacts: Sequence[Contact]) -> Collection[int]:
    return {person_id for contact in contacts for person_id in contact.people}


def _points(contacts: Sequence[Contact]) -> Collection[str]:
    return {contact.contact_point for contact in contacts if contact.contact_point}
