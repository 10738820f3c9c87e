"""What people and staff do with consent: give it, take it back, look at it. Each takes effect at once."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from aimwell.trust.consent import rows
from aimwell.trust.consent.ledger import LOCK, ConsentLedger, check
from aimwell.trust.consent.model import (
    ALL,
    PURPOSES,
    Act,
    Asked,
    ChannelKind,
    ConsentEvent,
    Purpose,
    Scope,
)
from aimwell.trust.consent.rows import Latest
from aimwell.trust.consent.tokens import Claim
from aimwell.trust.vault import MatchedKind, Vault

__all__ = [
    "OPTIONAL",
    "POINT_KINDS",
    "Choice",
    "Place",
    "Said",
    "choices",
    "choose",
    "grant",
    "revealed_proof",
    "sealed_proof",
    "unsubscribe",
    "withdraw",
]

POINT_KINDS: Mapping[ChannelKind, MatchedKind] = {"email": "email", "sms": "phone"}
"""Channels whose contact points the vault holds, and as what."""

OPTIONAL: tuple[Purpose, ...] = tuple(purpose for purpose in PURPOSES if purpose != "transactional")
"""Purposes that a person can do without: "everything" means these, and messages about orders go on."""

_SEALED = "sealed:"
_SEAL = "consent proof"

Place = tuple[str, Scope]
"""A contact point (or `ALL`) and its channel (or `ALL`)."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """How an act came about; the fields are those of `ConsentEvent`."""

    source: str
    notice: str = ""
    proof: str = ""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One line of the preference centre; `channel` is `ALL` for purposes without one."""

    channel: Scope
    purpose: Purpose
    is_on: bool


def sealed_proof(words: str, *, vault: Vault) -> str:
    """Return words from outside as a proof that only the vault can read; no words, no proof."""
    if not words:
        return ""
    return _SEALED + base64.b64encode(vault.seal(words.encode(), purpose=_SEAL)).decode()


def revealed_proof(proof: str, *, vault: Vault) -> str:
    """Return a proof in clear; for authorised display only.

    Raises
    ------
    Tampered
        If it was changed.
    """
    if not proof.startswith(_SEALED):
        return proof
    return vault.unseal(base64.b64decode(proof.removeprefix(_SEALED)), purpose=_SEAL).decode()


def withdraw(
    person_id: int,
    *,
    channel: Scope,
    purposes: Collection[Purpose],
    said: Said,
    ledger: ConsentLedger,
    vault: Vault,
    now: datetime,
    also: Collection[Place] = (),
) -> int:
    """Take consent back for a channel, or for all: for every point there is and every one to come.

    Counts as later than all that was recorded before, whatever the clocks said. Doing it again records nothing.

    Parameters
    ----------
    person_id
        Need not be known to the vault any more.
    channel
        `ALL` for every channel.
    also
        Points that it covers whoever has them, such as the address that a message went to; those of other channels are
        left out.

    Returns
    -------
    int
        Acts recorded.
    """
    tokens = _tokens(person_id, vault=vault)
    with ledger.database.begin(lock=LOCK) as connection:
        own = {(event.contact_point, event.channel) for _, event in rows.of_person(connection, person_id)}
        known = own | tokens | set(also)
        points = {place for place in known if place[0] != ALL and channel in (ALL, place[1])}
        places = [(ALL, channel), *sorted(points)]
        held = _held(connection, person_id, points)
        events = [
            _event(person_id, place, purpose=purpose, act="withdraw", at=_moment(held, now=now), said=said)
            for purpose in purposes
            for place in places
            if not _is_withdrawn(place, [latest for latest in held if latest.purpose == purpose])
        ]
        return rows.add_events(connection, events)


def grant(
    person_id: int,
    *,
    channel: Scope,
    purpose: Purpose,
    said: Said,
    ledger: ConsentLedger,
    now: datetime,
    contact_point: str = ALL,
    expires_at: datetime | None = None,
) -> int:
    """Record a consent that was given just now; it counts as later than all that was recorded before.

    Returns
    -------
    int
        Acts recorded.

    Raises
    ------
    ConsentEventInvalid
    """
    place = (contact_point, channel)
    with ledger.database.begin(lock=LOCK) as connection:
        at = _moment(_held(connection, person_id, {place} - {(ALL, channel)}), now=now)
        event = _event(
            person_id, place, purpose=purpose, act="grant", at=at, said=said, expires_at=expires_at
        )
        check(event)
        return rows.add_events(connection, [event])


def unsubscribe(claim: Claim, *, said: Said, ledger: ConsentLedger, vault: Vault, now: datetime) -> int:
    """Do what the button and the mail program's one click ask for: no more of this purpose over this channel."""
    return withdraw(
        claim.person_id,
        channel=claim.channel,
        purposes=(claim.purpose,),
        also=[(claim.contact_point, claim.channel)],
        said=said,
        ledger=ledger,
        vault=vault,
        now=now,
    )


def choices(claim: Claim, *, ledger: ConsentLedger, vault: Vault, now: datetime) -> tuple[Choice, ...]:
    """Return what the holder of a link may choose: what the link is about, personal recommendations, and all they ever said anything about.

    It does not tell which addresses are known, nor whether the person is.
    """
    history = ledger.history(claim.person_id)
    # Whoever has a link may object to being profiled, whether or not anything was said of it before.
    lines: set[tuple[Scope, Purpose]] = {(claim.channel, claim.purpose), (ALL, "personalisation")}
    lines |= {
        (event.channel, event.purpose)
        for event in history
        if event.purpose in OPTIONAL and (event.purpose == "marketing") == (event.channel != ALL)
    }
    ordered = sorted(lines, key=lambda line: (line != (claim.channel, claim.purpose), line[0] == ALL, line))
    points = _tokens(claim.person_id, vault=vault) | {(claim.contact_point, claim.channel)}
    points |= {(event.contact_point, event.channel) for event in history}
    asked = [
        Asked(person_id=claim.person_id, contact_point=point, channel=channel, purpose=purpose)
        for channel, purpose in ordered
        for point in sorted({ALL, *(point for point, own in points if own == channel)})
    ]
    with ledger.database.read() as connection:
        found = ledger.standings(connection, asked, now=now)
    on = {(one.channel, one.purpose) for one, its in zip(asked, found, strict=True) if its.is_allowed}
    return tuple(Choice(channel=line[0], purpose=line[1], is_on=line in on) for line in ordered)


def choose(
    claim: Claim,
    wanted: Iterable[Choice],
    *,
    said: Said,
    ledger: ConsentLedger,
    vault: Vault,
    now: datetime,
) -> None:
    """Bring what the holder of a link was shown to what they want; what they were not shown stays as it is."""
    shown = {
        (one.channel, one.purpose): one.is_on for one in choices(claim, ledger=ledger, vault=vault, now=now)
    }
    for choice in wanted:
        line = (choice.channel, choice.purpose)
        if line in shown and not choice.is_on:
            withdraw(
                claim.person_id,
                channel=choice.channel,
                purposes=(choice.purpose,),
                said=said,
                ledger=ledger,
                vault=vault,
                now=now,
                also=[(claim.contact_point, claim.channel)],
            )
        elif line in shown and not shown[line]:
            grant(
                claim.person_id,
                channel=choice.channel,
                purpose=choice.purpose,
                said=said,
                ledger=ledger,
                now=now,
            )


def _tokens(person_id: int, *, vault: Vault) -> set[Place]:
    """Return the points that the vault knows of a person."""
    return {
        (point.token, channel)
        for channel, kind in POINT_KINDS.items()
        for point in vault.contact_points([person_id], kind).get(person_id, ())
    }


def _held(connection: sa.Connection, person_id: int, places: Collection[Place]) -> list[Latest]:
    """Return the last acts about these points, and about all points of the person."""
    points = {point for point, _ in places}
    return [
        *rows.latest_of_people(connection, [person_id]),
        *rows.latest_of_points(connection, points),
    ]


def _moment(held: Sequence[Latest], *, now: datetime) -> datetime:
    """Return a moment that no earlier record lies behind: a clock that was wrong must not outlive what is said now."""
    return max([now, *(latest.at for latest in held)])


def _is_withdrawn(place: Place, held: Sequence[Latest]) -> bool:
    """Say whether a withdrawal of just this place stands, with no grant behind it that covers the place or a part of it."""
    own = max((latest for latest in held if (latest.contact_point, latest.channel) == place), default=None)
    if own is None or own.act != "withdraw":
        return False
    wide = [latest for latest in held if latest.contact_point == ALL]
    reach = [latest for latest in wide if place[1] == ALL or latest.channel in (place[1], ALL)]
    return not any(latest.act == "grant" and latest > own for latest in reach)


def _event(
    person_id: int,
    place: Place,
    *,
    purpose: Purpose,
    act: Act,
    at: datetime,
    said: Said,
    expires_at: datetime | None = None,
) -> ConsentEvent:
    return ConsentEvent(
        person_id=person_id,
        contact_point=place[0],
        channel=place[1],
        purpose=purpose,
        act=act,
        source=said.source,
        notice=said.notice,
        at=at,
        expires_at=expires_at,
        proof=said.proof,
    )
