"""A state machine plays people who grant, deny, withdraw and let expire, and asks the ledger and a model of ten lines.

The model keeps a list of acts and looks through all of them at every question; it knows the ages by a table of its own.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import cycle, product

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from aimwell.storage.database import Database
from aimwell.trust.consent import (
    ALL,
    PARENT,
    Asked,
    ConsentEvent,
    ConsentLedger,
    Purpose,
    Scope,
    read_policies,
)
from aimwell.trust.consent.rows import EVENTS
from aimwell.trust.consent.service import OPTIONAL, Said, grant, withdraw
from aimwell.trust.vault import Vault

START = datetime(2026, 6, 1)
CHANNELS = ("email", "sms")
PURPOSES = ("marketing", "transactional", "sharing")
# Below which age a parent decides, for marketing and sharing alike; and the lowest of all where the region is not known.
PARENT_AGES = {"CN": 14, "DE": 16, "FR": 15, "US": 13, None: 16, "ZZ": 16}
LOWEST_AGE = 13
BORN = (None, 1980, 2009, 2010, 2011, 2013)  # in 2026 surely 16, 15, 14, 12


class Model:
    """What is promised, in its plainest form."""

    def __init__(self) -> None:
        self.acts: list[tuple[int, ConsentEvent]] = []

    def add(self, event: ConsentEvent) -> None:
        if all(replace(event, proof="") != replace(known, proof="") for _, known in self.acts):
            self.acts.append((len(self.acts), event))

    def answer(self, asked: Asked, now: datetime) -> tuple[bool, str]:
        about = [
            (event.at, number, event)
            for number, event in self.acts
            if event.purpose == asked.purpose
            and (
                (event.contact_point != ALL and (event.contact_point, event.channel) == (asked.contact_point, asked.channel))
                or (event.contact_point == ALL and event.person_id in (asked.person_id, *asked.others) and event.channel in (ALL, asked.channel))
            )
            and (event.at <= now or event.act != "grant")
        ]  # fmt: skip
        last = sorted(about, key=lambda found: found[:2])[-1][2] if about else None
        if last is not None and last.act == "withdraw":
            return False, "withdrawn"
        if last is not None and last.act == "deny":
            return False, "denied"
        if asked.purpose == "transactional":
            return True, "not_needed"
        age = 99 if asked.birth_year is None else now.year - asked.birth_year - 1
        if age < PARENT_AGES[asked.region] and (last is None or last.source != PARENT):
            is_open = asked.region in (None, "ZZ") and age >= LOWEST_AGE
            return False, "region_unknown" if is_open else "too_young"
        if last is None:
            return False, "no_consent"
        if last.expires_at is not None and now >= last.expires_at:
            return False, "expired"
        return True, "granted"


@dataclass
class World:
    """Three people with one e-mail each, and what was asked of the ledger so far."""

    database: Database
    vault: Vault
    ledger: ConsentLedger
    people: list[int]
    points: list[str]
    n_asked: int = 0
    n_allowed: int = 0

    @classmethod
    def make(cls, database: Database, vault: Vault) -> World:
        addresses = ["ann@mail.com", "bob@mail.com", "cat@mail.com"]
        arrivals = pa.RecordBatch.from_pylist(
            [{"source": "s", "account_key": a, "account_key_kind": "email"} for a in addresses]
        )
        (batch,) = vault.admit([arrivals])
        return cls(
            database=database,
            vault=vault,
            ledger=ConsentLedger(database=database, policies=read_policies()),
            people=batch.column("person_id").to_pylist(),
            points=[str(token) for token in vault.point_tokens("email", addresses)],
        )

    def standings(self, asked: list[Asked], now: datetime) -> list[tuple[bool, str]]:
        with self.database.read() as connection:
            found = self.ledger.standings(connection, asked, now=now)
        return [(one.is_allowed, one.reason) for one in found]


WHO = st.integers(0, 2)
SCOPE = st.sampled_from((*CHANNELS, ALL))
PURPOSE = st.sampled_from(PURPOSES)


class Consents(RuleBasedStateMachine):
    world: World

    @initialize()
    def begin(self) -> None:
        with self.world.database.begin() as connection:
            connection.execute(sa.delete(EVENTS))
        self.model, self.now = Model(), START
        cases = list(product(PARENT_AGES, BORN, (False, True)))
        self.cases = cycle(
            cases[i * 29 % len(cases)] for i in range(len(cases))
        )  # 29 and 72 have no factor in common

    def learn(self, person_id: int) -> None:
        """Tell the model what a service recorded."""
        for event in self.world.ledger.history(person_id):
            self.model.add(event)

    def take_back(self, who: int, channel: Scope, purposes: Collection[Purpose]) -> int:
        return withdraw(
            self.world.people[who],
            channel=channel,
            purposes=purposes,
            said=Said(source="one-click"),
            ledger=self.world.ledger,
            vault=self.world.vault,
            now=self.now,
        )

    @rule(
        who=WHO,
        point=st.integers(0, 3),
        channel=SCOPE,
        purpose=PURPOSE,
        act=st.sampled_from(("grant", "grant", "deny", "withdraw")),
        hours=st.integers(-60, 60),
        lasts=st.sampled_from((None, None, 1, 24)),
        source=st.sampled_from(("till", "shopify", PARENT)),
    )
    def record(  # type: ignore[no-untyped-def]
        self, who, point, channel, purpose, act, hours, lasts, source
    ) -> None:
        at = self.now + timedelta(hours=hours)
        event = ConsentEvent(
            person_id=self.world.people[who],
            contact_point=ALL if channel == ALL else [*self.world.points, ALL][point],
            channel=channel,
            purpose=purpose,
            act=act,
            source=source,
            notice="",
            at=at,
            expires_at=at + timedelta(hours=lasts) if lasts and act == "grant" else None,
        )
        before = len(self.model.acts)
        self.model.add(event)
        assert self.world.ledger.record([event]) == len(self.model.acts) - before

    @rule(who=WHO, channel=SCOPE, purpose=PURPOSE)
    def withdraw_now(self, who: int, channel: Scope, purpose: Purpose) -> None:
        """Takes effect at once, whatever the clocks said before, for points known and unknown; a second time is nothing new."""
        self.take_back(who, channel, (purpose,))
        self.learn(self.world.people[who])
        asked = [
            Asked(person_id=self.world.people[who], contact_point=point, channel=its, purpose=purpose)
            for its in (CHANNELS if channel == ALL else (channel,))
            for point in (self.world.points[who], ALL, "new point")
        ]
        assert not any(is_allowed for is_allowed, _ in self.world.standings(asked, self.now))
        self.now += timedelta(seconds=1)
        assert self.take_back(who, channel, (purpose,)) == 0

    @rule(who=WHO, channel=st.sampled_from(CHANNELS))
    def grant_now(self, who: int, channel: Scope) -> None:
        said = Said(source="preference centre")
        person_id = self.world.people[who]
        grant(
            person_id, channel=channel, purpose="marketing", said=said, ledger=self.world.ledger, now=self.now
        )
        self.learn(person_id)

    @rule(who=WHO)
    def stop_everything(self, who: int) -> None:
        self.take_back(who, ALL, OPTIONAL)
        self.learn(self.world.people[who])

    @rule(hours=st.integers(-2, 40))
    def let_time_pass(self, hours: int) -> None:
        """The clock may jump back too."""
        self.now += timedelta(hours=hours)

    @invariant()
    def answers_are_the_models(self) -> None:
        """Ask everything after every step, each time of another region and age."""
        region, born, is_linked = next(self.cases)
        asked = [
            Asked(
                person_id=person,
                contact_point=point,
                channel=channel,
                purpose=purpose,
                region=region,
                birth_year=born,
                others=tuple(self.world.people) if is_linked else (),
            )
            for person, point, channel, purpose in product(
                self.world.people, (*self.world.points, ALL), CHANNELS, PURPOSES
            )
        ]
        expected = [self.model.answer(one, self.now) for one in asked]
        assert self.world.standings(asked, self.now) == expected
        self.world.n_asked += len(asked)
        self.world.n_allowed += sum(is_allowed for is_allowed, _ in expected)


def play(database: Database, vault: Vault, *, examples: int, steps: int) -> None:
    world = World.make(database, vault)
    machine = type("Machine", (Consents,), {"world": world})
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=chosen)
    print(f"{database.dialect}: {world.n_asked} asked, {world.n_allowed} allowed, 0 differences")
    assert 0.05 < world.n_allowed / world.n_asked < 0.95  # both answers come up


SIZES = {"sqlite": (25, 20), "postgresql": (6, 20)}


def test_the_ledger_answers_as_the_model_does(database: Database, vault: Vault) -> None:
    examples, steps = SIZES[database.dialect]
    play(database, vault, examples=examples, steps=steps)


@pytest.mark.deep
def test_the_ledger_answers_as_the_model_does_for_long(database: Database, vault: Vault) -> None:
    play(database, vault, examples=600, steps=60)
