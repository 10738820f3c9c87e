"""The ledger: what people said is added and never changed, and what follows from it is asked at every contact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import get_args

import sqlalchemy as sa

from aimwell.base.words import Sentence, text
from aimwell.storage.database import Database
from aimwell.trust.consent import rows
from aimwell.trust.consent.errors import ConsentEventInvalid
from aimwell.trust.consent.model import (
    ALL,
    CHANNELS,
    PARENT,
    PURPOSES,
    Act,
    Asked,
    ConsentEvent,
    Purpose,
    Reason,
    Scope,
    Standing,
)
from aimwell.trust.consent.policies import Demand, Policies, youngest_age
from aimwell.trust.consent.rows import Latest

__all__ = ["LOCK", "ConsentLedger", "check"]

LOCK = "consent"
"""Who adds to the ledger does so alone."""

_AT_ONCE = 20_000  # acts in one transaction: bounds how long another writer waits

# What was said about a point or a person, for one channel and purpose.
_Key = tuple[str | int, Scope, Purpose]
# Region, purpose, channel and year of birth: what the policies look at.
_Case = tuple[str | None, Purpose, Scope, int | None]


class ConsentLedger:
    """Records acts of consent, and says where people stand. Missing consent means no.

    Parameters
    ----------
    database
        Keeps the ledger.
    policies
        What the law of each region asks.
    """

    def __init__(self, *, database: Database, policies: Policies) -> None:
        self.database = database
        self.policies = policies

    def record(self, events: Iterable[ConsentEvent]) -> int:
        """Add acts; those already there, whatever their proof, are left as they are. Returns how many were new.

        Raises
        ------
        ConsentEventInvalid
            If one contradicts itself; nothing is recorded then.
        """
        checked = list(events)
        for event in checked:
            check(event)
        n_new = 0
        for start in range(0, len(checked), _AT_ONCE):
            with self.database.begin(lock=LOCK) as connection:
                n_new += rows.add_events(connection, checked[start : start + _AT_ONCE])
        return n_new

    def standings(
        self, connection: sa.Connection, asked: Sequence[Asked], *, now: datetime
    ) -> list[Standing]:
        """Say for each question whether the person may be contacted, as of now; two queries, however many are asked.

        The last act wins, by (at, number in the ledger), among those about the point and those about all points of the
        person. A withdrawal or denial counts from the moment it is recorded, even if its time lies ahead; a grant counts
        from its time until it expires.

        Parameters
        ----------
        connection
            An open transaction: ask in the one that will send.
        asked
            A batch.
        now
            Naive UTC.

        Returns
        -------
        list of Standing
            In the order of the questions.
        """
        said = _said(connection, asked, now=now)
        demands = _demands(self.policies, asked, year=now.year)
        return [_standing(_last(said, one), demands[_case(one)], now=now) for one in asked]

    def history(self, person_id: int) -> tuple[ConsentEvent, ...]:
        """Return all that a person did, in the order in which it counts; proofs stay sealed."""
        return tuple(event for _, event in self.numbered_history(person_id))

    def numbered_history(self, person_id: int) -> tuple[tuple[int, ConsentEvent], ...]:
        """Return all that a person did, each with its number in the ledger, in the order in which it counts."""
        with self.database.read() as connection:
            return tuple(rows.of_person(connection, person_id))


def check(event: ConsentEvent) -> None:
    """Refuse an act that contradicts itself.

    Raises
    ------
    ConsentEventInvalid
    """
    closed: dict[str, tuple[object, ...]] = {
        "channel": (ALL, *CHANNELS),
        "purpose": PURPOSES,
        "act": get_args(Act),
    }
    for name, allowed in closed.items():
        value = getattr(event, name)
        if value not in allowed:
            known = ", ".join(str(one) for one in allowed if one)
            raise ConsentEventInvalid(problem=name, value=f"`{value}`", allowed=known)
    if event.at.tzinfo is not None:
        naive = Sentence(text("UTC without a zone"))
        raise ConsentEventInvalid(problem="at", value=event.at.isoformat(), allowed=naive)
    if event.channel == ALL and event.contact_point != ALL:
        whole = Sentence(text("no point where the channel is left open"))
        raise ConsentEventInvalid(problem="contact_point", value=event.contact_point, allowed=whole)
    if event.expires_at is not None and (event.act != "grant" or event.expires_at <= event.at):
        later = Sentence(text("a moment after the act, and only for a grant"))
        raise ConsentEventInvalid(problem="expires_at", value=event.expires_at.isoformat(), allowed=later)


def _said(connection: sa.Connection, asked: Sequence[Asked], *, now: datetime) -> dict[_Key, Latest]:
    """Return the last act about every point and every person of a batch."""
    points = {one.contact_point for one in asked} - {ALL}
    people = {person_id for one in asked for person_id in (one.person_id, *one.others)}
    said: dict[_Key, Latest] = {}
    for latest in (
        *rows.latest_of_points(connection, points, now=now),
        *rows.latest_of_people(connection, people, now=now),
    ):
        key = (latest.contact_point or latest.person_id, latest.channel, latest.purpose)
        said[key] = max(latest, said.get(key, latest))
    return said


def _last(said: dict[_Key, Latest], asked: Asked) -> Latest | None:
    """Return the act that counts for one question."""
    people = (asked.person_id, *asked.others)
    keys: list[_Key] = [
        (person_id, scope, asked.purpose) for person_id in people for scope in {asked.channel, ALL}
    ]
    if asked.contact_point != ALL:
        keys.append((asked.contact_point, asked.channel, asked.purpose))
    return max((said[key] for key in keys if key in said), default=None)


def _case(asked: Asked) -> _Case:
    return asked.region, asked.purpose, asked.channel, asked.birth_year


def _demands(policies: Policies, asked: Sequence[Asked], *, year: int) -> dict[_Case, Demand]:
    """Return what is demanded in each case of a batch: there are few, however many are asked."""
    return {
        (region, purpose, channel, born): policies.demand(
            region=region,
            purpose=purpose,
            channel=channel,
            age=None if born is None else youngest_age(born, year=year),
        )
        for region, purpose, channel, born in {_case(one) for one in asked}
    }


def _standing(last: Latest | None, demand: Demand, *, now: datetime) -> Standing:
    reason = _reason(last, demand, now=now)
    is_age = reason in ("too_young", "region_unknown")
    return Standing(
        is_allowed=reason in ("granted", "not_needed"),
        reason=reason,
        proof_id=None if last is None or is_age else last.event_no,
        rule=demand.age_rule if is_age else demand.rule,
    )


def _reason(last: Latest | None, demand: Demand, *, now: datetime) -> Reason:
    """Return the first that applies; an objection comes before all else, also where no consent is needed."""
    if last is not None and last.act != "grant":
        return "withdrawn" if last.act == "withdraw" else "denied"
    if demand.needs == "none":
        return "not_needed"
    if demand.is_too_young and (last is None or last.source != PARENT):
        return "region_unknown" if demand.is_region_decisive else "too_young"
    if last is None:
        return "not_needed" if demand.needs == "opt_out" else "no_consent"
    return "expired" if last.expires_at is not None and last.expires_at <= now else "granted"
