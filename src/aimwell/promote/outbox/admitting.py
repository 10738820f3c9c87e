"""Second transaction of a batch, the last moment before the hand-over: the gate is asked again, and counts those that may go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from aimwell.promote.channels.model import Message
from aimwell.promote.gate.gate import Gate
from aimwell.promote.gate.model import Contact, Verdict
from aimwell.promote.outbox import rows
from aimwell.promote.outbox.model import AT_ONCE, Entry, MessageState, Parcel, Receipt
from aimwell.promote.outbox.taking import GOING
from aimwell.promote.outbox.turns import Turn
from aimwell.trust.consent.model import ChannelKind

__all__ = ["DUPLICATE", "NOT_YET", "TOO_LATE", "Admitted", "Desk", "admit"]

DUPLICATE = "duplicate_address"
TOO_LATE = "too_late"
NOT_YET = "not_yet"


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """A message that may be handed over now, and what the gate said."""

    parcel: Parcel
    message: Message
    verdict: Verdict


@dataclass(kw_only=True)
class Desk:
    """Collects what becomes of entries, to be written down together."""

    now: datetime
    changes: list[dict[str, Any]] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)

    def settle(
        self,
        entry: Entry,
        *,
        state: MessageState,
        outcome: str,
        reasons: Sequence[str] = (),
        detail: str = "",
        due_at: datetime | None = None,
        verdict: Verdict | None = None,
        n_attempts: int | None = None,
    ) -> None:
        """Give an entry its next state, with a receipt."""
        n_tries = entry.n_attempts if n_attempts is None else n_attempts
        self.back(entry, state=state, due_at=due_at, n_attempts=n_tries)
        self.receipts.append(
            Receipt(
                message_id=entry.message_id,
                campaign_id=entry.campaign_id,
                person_id=entry.person_id,
                offer_id=entry.offer_id,
                at=self.now,
                outcome=outcome,
                reasons=tuple(reasons),
                detail=detail,
                consent_reason=verdict.consent.reason if verdict else None,
                consent_rule=verdict.consent.rule if verdict else None,
                consent_proof=verdict.consent.proof_id if verdict else None,
                caps=dict(verdict.caps) if verdict else {},
                n_attempts=n_tries,
            )
        )

    def back(
        self,
        entry: Entry,
        *,
        state: MessageState = "queued",
        due_at: datetime | None = None,
        n_attempts: int | None = None,
    ) -> None:
        """Give an entry its next state without a receipt: nothing was decided about it."""
        n_tries = entry.n_attempts if n_attempts is None else n_attempts
        self.changes.append(
            {"message_id": entry.message_id, "state": state, "due_at": due_at or AT_ONCE}
            | {"n_attempts": n_tries, "sender_no": None}
        )

    def write(self, connection: sa.Connection) -> None:
        """Write it all down."""
        rows.update_entries(connection, self.changes)
        rows.add_receipts(connection, self.receipts)


def admit(
    connection: sa.Connection,
    ready: Sequence[tuple[Parcel, Message]],
    *,
    kind: ChannelKind,
    gate: Gate,
    turn: Turn,
    now: datetime,
) -> list[Admitted]:
    """Ask the gate about messages that are ready, in the transaction that counts them; the others are settled.

    A point gets one message per campaign, whoever of its holders is first. Two messages for one person, or one point, are
    never asked about together: the second waits for the next batch, when the first one counts.

    Returns
    -------
    list
        What to hand over once the transaction has committed.
    """
    if not ready:
        return []
    campaign_id = ready[0][0].entry.campaign_id
    run = rows.run_of(connection, campaign_id)
    mine = rows.held_by(connection, [p.entry.message_id for p, _ in ready], sender_no=turn.sender_no)
    held = [(parcel, message) for parcel, message in ready if parcel.entry.message_id in mine]
    desk = Desk(now=now)
    if run is None or run.state not in GOING:
        _let_go(desk, held, is_stopped=run is not None and run.state == "stopped")
        desk.write(connection)
        return []
    asked = _one_each(connection, held, desk=desk)
    verdicts = gate.claim(connection, [_contact(parcel, kind=kind) for parcel, _ in asked], now=now)
    admitted = []
    for (parcel, message), verdict in zip(asked, verdicts, strict=True):
        if verdict.may:
            admitted.append(Admitted(parcel=parcel, message=message, verdict=verdict))
        else:
            _refuse(desk, parcel.entry, verdict, expires_at=run.expires_at)
    kept = _reserve(connection, admitted, gate=gate, desk=desk)
    rows.address_entries(
        connection, {one.parcel.entry.message_id: one.parcel.point.token for one in kept}
    )  # before the hand-over: a report about it must find the address, also if this sender is killed
    desk.write(connection)
    return kept


def _let_go(desk: Desk, held: Sequence[tuple[Parcel, Message]], *, is_stopped: bool) -> None:
    for parcel, _ in held:
        if is_stopped:
            desk.settle(parcel.entry, state="stopped", outcome="stopped")
        else:
            desk.back(parcel.entry)


def _one_each(
    connection: sa.Connection, held: Sequence[tuple[Parcel, Message]], *, desk: Desk
) -> list[tuple[Parcel, Message]]:
    """Return those to ask about: one per person and point; points that are somebody else's already are out."""
    if not held:
        return []
    tokens = {parcel.point.token for parcel, _ in held if parcel.point.token}
    owners = rows.point_owners(connection, held[0][0].entry.campaign_id, tokens)
    asked, taken_points, taken_people = [], set[str](), set[int]()
    for parcel, message in held:
        token, person_id = parcel.point.token, parcel.entry.person_id
        if token and owners.get(token, person_id) != person_id:
            desk.settle(parcel.entry, state="skipped", outcome="skipped", reasons=[DUPLICATE])
        elif person_id in taken_people or (token and token in taken_points):
            desk.back(parcel.entry)
        else:
            asked.append((parcel, message))
            taken_people.add(person_id)
            taken_points.add(token)
    return asked


def _refuse(desk: Desk, entry: Entry, verdict: Verdict, *, expires_at: datetime) -> None:
    """Put off what only time stands in the way of, if there is time enough; skip the rest."""
    if verdict.retry_at is not None and verdict.retry_at < expires_at:
        desk.settle(
            entry,
            state="queued",
            outcome=NOT_YET,
            reasons=verdict.reasons,
            due_at=verdict.retry_at,
            verdict=verdict,
        )
        return
    late = (TOO_LATE,) if verdict.retry_at is not None else ()
    desk.settle(entry, state="skipped", outcome="skipped", reasons=(*verdict.reasons, *late), verdict=verdict)


def _reserve(
    connection: sa.Connection, admitted: Sequence[Admitted], *, gate: Gate, desk: Desk
) -> list[Admitted]:
    """Reserve the points; another sender may just have reached one of them for somebody else."""
    wanted: Mapping[str, int] = {
        one.parcel.point.token: one.parcel.entry.person_id for one in admitted if one.parcel.point.token
    }
    owners = rows.claim_points(connection, admitted[0].parcel.entry.campaign_id, wanted) if admitted else {}
    kept, lost = list[Admitted](), list[Admitted]()
    for one in admitted:
        entry = one.parcel.entry
        is_ours = owners.get(one.parcel.point.token, entry.person_id) == entry.person_id
        (kept if is_ours else lost).append(one)
    for one in lost:
        desk.settle(one.parcel.entry, state="skipped", outcome="skipped", reasons=[DUPLICATE])
    if lost:
        gate.release(connection, [one.parcel.entry.message_id for one in lost])
    return kept


def _contact(parcel: Parcel, *, kind: ChannelKind) -> Contact:
    entry = parcel.entry
    return Contact(
        person_id=entry.person_id,
        contact_point=parcel.point.token,
        channel=entry.channel,
        kind=kind,
        purpose=entry.purpose,
        campaign_id=entry.campaign_id,
        message_id=entry.message_id,
        time_zone=entry.time_zone,
        region=entry.region,
        birth_year=entry.birth_year,
        others=entry.others,
    )
