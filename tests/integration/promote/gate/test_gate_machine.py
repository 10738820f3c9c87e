"""A state machine races withdrawals, suppressions, mutes and caps against eight senders, and asks a model of its own.

One at a time first: every verdict of the gate, its reasons, the state of its caps and its retry time, is that of the model.
Then all at once, in real threads, eight senders each in transactions of their own, while consent is withdrawn, addresses
are suppressed and people muted: no cap is broken, nothing goes out that was forbidden before it was asked, and nothing is
held back that the rules allow.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from aimwell.promote.gate import rows
from aimwell.promote.gate.gate import Gate
from aimwell.promote.gate.model import ALL, Cap, Contact, Hours, Manners, Mute, Span, Suppression, Verdict
from aimwell.storage.database import Database
from aimwell.trust.consent.ledger import ConsentLedger
from aimwell.trust.consent.model import ConsentEvent
from aimwell.trust.consent.policies import read_policies
from aimwell.trust.consent.rows import EVENTS

from . import reference
from .reference import STAFF, Reference, Sent

N_SENDERS = 8
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LAST_DAY = datetime(2025, 10, 20)  # the holidays of 2025 are written down, and a month may pass behind it
STARTS = [
    datetime(2025, 3, 29, 12),  # the night before the clock goes forward in Berlin
    datetime(2025, 4, 30, 9),  # before a month's last day, and the first of May
    datetime(2025, 8, 30, 20, 30),
]
EVERY_DAY_BUT_SUNDAY = frozenset(range(6))
NIGHT = (Span(start=21 * 60, end=8 * 60),)
MANNERS = Manners(
    time_zone=reference.SHOP_ZONE,
    country=reference.SHOP_COUNTRY,
    caps=(
        Cap(of=ALL, limit=2, length=1, unit="day"),
        Cap(of=ALL, limit=4, length=7, unit="day"),
        Cap(of="email", limit=1, length=3, unit="hour"),
        Cap(of="sms", limit=2, length=1, unit="month"),
    ),
    hours=Hours(quiet=NIGHT, weekdays=EVERY_DAY_BUT_SUNDAY),
    hours_of={"sms": Hours(quiet=NIGHT, weekdays=EVERY_DAY_BUT_SUNDAY, keeps_holidays=True)},
    wash_out_days=reference.WASH_OUT.days,
    exempt_people=frozenset({STAFF}),
)

# Person, others (linked accounts), zone, region. The e-mails of 1 and 4 are one inbox; 3 has a linked account, 6.
PEOPLE: dict[int, tuple[tuple[int, ...], str | None, str | None]] = {
    1: ((), "Europe/Berlin", "DE"),
    2: ((), "America/New_York", "US"),
    3: ((6,), "Asia/Shanghai", "CN"),
    4: ((), None, None),
    STAFF: ((), "Europe/Berlin", "DE"),
}
EVERYBODY = (*PEOPLE, 6)
POINTS = {"email": {1: "inbox", 4: "inbox"}, "sms": {4: ""}}  # 4 has no phone
ALL_POINTS = {"inbox", *(f"{kind}-{person}" for kind in POINTS for person in EVERYBODY)}
POINTS_WITH_CAPS = {point for point in ALL_POINTS if not point.endswith(f"-{STAFF}")}

anybody = st.sampled_from(EVERYBODY)
kinds = st.sampled_from(("email", "sms"))
wanted = st.sampled_from(
    [
        (person, kind, purpose)
        for person in PEOPLE
        for kind in POINTS
        for purpose in ("marketing", "marketing", "marketing", "transactional")
    ]
)
reasons = st.sampled_from(("hard_bounce", "complaint", "manual", "erasure"))
steps = st.one_of(
    st.integers(0, 90).map(lambda n: n * MINUTE),
    st.integers(1, 30).map(lambda n: n * 60 * MINUTE),
    st.integers(1, 20).map(lambda n: n * DAY),
)
# Which of those there are: who wins a race is not to be foreseen, so no draw may depend on it.
places = st.integers(0, 1000)
batches = st.lists(st.lists(wanted, min_size=1, max_size=3), min_size=N_SENDERS, max_size=N_SENDERS + 4)
acts = st.lists(st.tuples(st.sampled_from(("withdraw", "suppress", "mute")), anybody, kinds), max_size=3)


def contact(person: int, kind: Any, purpose: Any, message_id: str) -> Contact:
    others, zone, region = PEOPLE[person]
    return Contact(
        person_id=person,
        contact_point=POINTS[kind].get(person, f"{kind}-{person}"),
        channel=f"{kind}-1",
        kind=kind,
        purpose=purpose,
        campaign_id="c",
        message_id=message_id,
        time_zone=zone,
        region=region,
        birth_year=None,
        others=others,
    )


@dataclass
class Asked:
    """What one sender asked in one transaction of a race; the numbers grow with time over all threads."""

    contact: Contact
    verdict: Verdict
    began_no: int  # before its transaction
    ended_no: int  # before its commit


@dataclass
class Forbidden:
    """What was forbidden in a race, and from when on."""

    bars: Callable[[Contact], bool]
    since_no: int
    is_waited_for: bool  # claims that do not know of it may not even be committed


class Senders(RuleBasedStateMachine):
    database: Database
    gate: Gate
    ledger: ConsentLedger
    tally: Counter[str]

    @initialize(start=st.sampled_from(STARTS), silent=st.tuples(anybody, kinds))
    def begin(self, start, silent) -> None:  # type: ignore[no-untyped-def]
        with self.database.begin() as connection:
            for table in (EVENTS, *rows.METADATA.tables.values()):
                connection.execute(sa.delete(table))
        self.model, self.now, self.numbers = Reference(), start, count()
        for person in EVERYBODY:
            for kind in POINTS:
                if (person, kind) != silent:
                    self.say(person, kind, "grant")

    def say(self, person: int, kind: Any, act: Any) -> ConsentEvent:
        number = next(self.numbers)
        event = ConsentEvent(
            person_id=person, contact_point="", channel=kind, purpose="marketing", act=act,
            source="test", notice=str(number), at=self.now,
        )  # fmt: skip
        self.ledger.record([event])
        self.model.said.append((self.now, number, person, kind, act))
        return event

    @rule(person=anybody, kind=kinds, act=st.sampled_from(("grant", "grant", "withdraw")))
    def act(self, person, kind, act) -> None:  # type: ignore[no-untyped-def]
        self.say(person, kind, act)

    @rule(
        person=anybody,
        point=st.sampled_from(("", *sorted(ALL_POINTS))),
        is_known=st.booleans(),
        reason=reasons,
    )
    def suppress(self, person, point, is_known, reason) -> None:  # type: ignore[no-untyped-def]
        owner = person if is_known or point == "" else None
        one = Suppression(
            person_id=owner, contact_point=point, reason=reason, suppressed_at=self.now, source="t"
        )
        self.gate.suppress([one])
        key = (owner, point, reason)
        self.model.suppressed[key] = max(self.now, self.model.suppressed.get(key, self.now))

    @rule(place=places)
    def lift(self, place: int) -> None:
        held = sorted(self.model.suppressed, key=str)
        if not held:
            return
        person, point, reason = held[place % len(held)]
        ended = [
            key
            for key in self.model.suppressed
            if key[2] == reason and key[1] == point and (point or key[0] == person)
        ]
        gone = self.gate.lift(person_id=person, contact_point=point or None, reason=reason, now=self.now)
        assert gone == len(ended)
        for key in ended:
            del self.model.suppressed[key]

    @rule(person=anybody, case=st.sampled_from(("a", "b")), hours=st.sampled_from((None, 5, 50)))
    def mute(self, person, case, hours) -> None:  # type: ignore[no-untyped-def]
        until = None if hours is None else self.now + timedelta(hours=hours, seconds=30)
        self.gate.mute([Mute(person_id=person, case_id=case, from_at=self.now, until=until)])
        self.model.muted[person, case] = until

    @rule(place=places)
    def unmute(self, place: int) -> None:
        held = sorted(self.model.muted)
        if not held:
            return
        person, case = held[place % len(held)]
        until = self.model.muted[person, case]
        is_open = until is None or until > self.now
        assert self.gate.unmute(person, case, now=self.now) == is_open
        if is_open:
            self.model.muted[person, case] = self.now  # seen from an earlier clock it has still to come

    @rule(step=steps)
    def let_time_pass(self, step: timedelta) -> None:
        self.now = min(self.now + step, LAST_DAY)

    @rule(step=st.integers(1, 200).map(lambda n: n * 7 * MINUTE))
    def put_the_clock_back(self, step: timedelta) -> None:
        self.now -= step

    @rule(pairs=st.lists(wanted, min_size=1, max_size=6), seconds=st.integers(0, 59))
    def look(self, pairs, seconds) -> None:  # type: ignore[no-untyped-def]
        self.now += timedelta(seconds=seconds)
        asked = [contact(*pair, "planned") for pair in pairs]
        for one, verdict in zip(asked, self.gate.look(asked, now=self.now), strict=True):
            self.compare(one, verdict)
            self.check_retry(one, verdict)

    @rule(pairs=st.lists(wanted, min_size=1, max_size=6), place=st.none() | places)
    def claim(self, pairs, place) -> None:  # type: ignore[no-untyped-def]
        asked = [contact(*pair, f"m{next(self.numbers)}") for pair in pairs]
        if self.model.sent and place is not None:  # its sender was killed
            again = sorted(self.model.sent)[place % len(self.model.sent)]
            sent = self.model.sent[again]
            asked.insert(0, contact(sent.people[0], sent.kind, "marketing", again))
        with self.database.begin() as connection:
            verdicts = self.gate.claim(connection, asked, now=self.now)
        for one, verdict in zip(asked, verdicts, strict=True):
            self.compare(one, verdict)
            if verdict.may:
                self.model.count(one, self.now)
        self.check_counts()

    @rule(place=places)
    def release(self, place: int) -> None:
        if not self.model.sent:
            return
        gone = sorted(self.model.sent)[place % len(self.model.sent)]
        with self.database.begin() as connection:
            self.gate.release(connection, [gone])
        del self.model.sent[gone]

    @rule(batches=batches, acts=acts, slowness=st.integers(0, 3))
    def race(self, batches, acts, slowness) -> None:  # type: ignore[no-untyped-def]
        self.race_of(batches, acts, pause=slowness / 500)

    @rule(batches=batches)
    def race_for_caps(self, batches) -> None:  # type: ignore[no-untyped-def]
        self.race_of(batches, [], pause=0.001)

    def race_of(self, batches: list[list[Any]], acts: list[Any], *, pause: float) -> None:
        before = self.model
        asked, forbidden = self.run(batches, acts, pause=pause)
        with self.database.read() as connection:
            moments = {row.message_id: row.counted_at for row in connection.execute(sa.select(rows.SENDS))}
        may = [one for one in asked if one.verdict.may]
        for one in may:
            assert before.lasting(one.contact, self.now) == set()
            assert before.passing(one.contact, self.now) - {"cap"} == set()
            for act in forbidden:
                seen_from = one.ended_no if act.is_waited_for else one.began_no
                assert not (act.bars(one.contact) and act.since_no < seen_from), one
        for one in may:
            if one.contact.purpose != "transactional":
                key, its = one.contact.message_id, one.contact
                self.model.sent[key] = Sent((its.person_id,), its.contact_point, its.kind, moments[key])
                assert moments[key] >= self.now
        assert set(moments) == set(self.model.sent)
        self.model.check_no_cap_is_broken(set(EVERYBODY) - {STAFF}, POINTS_WITH_CAPS, self.now)
        self.absorb(acts)
        for one in asked:
            if not one.verdict.may:
                assert self.model.reasons(one.contact, self.now), f"held back for nothing: {one}"
        self.tally["races"] += 1
        self.tally["raced, sent"] += len(may)
        self.tally["raced, held back"] += len(asked) - len(may)

    def run(
        self, batches: list[list[Any]], acts: list[Any], *, pause: float
    ) -> tuple[list[Asked], list[Forbidden]]:
        """Let eight senders and all acts go at once."""
        moments, asked, forbidden = count(), [], []
        gun = threading.Barrier(N_SENDERS + len(acts))

        def send(batch_nos: range) -> None:
            gun.wait()
            for number in batch_nos:
                contacts = [
                    contact(*pair, f"r{self.race_no}-{number}-{i}") for i, pair in enumerate(batches[number])
                ]
                began_no = next(moments)
                with self.database.begin() as connection:
                    verdicts = self.gate.claim(connection, contacts, now=self.now)
                    time.sleep(pause)
                    ended_no = next(moments)
                asked.extend(
                    Asked(one, verdict, began_no, ended_no)
                    for one, verdict in zip(contacts, verdicts, strict=True)
                )

        def act(what: str, person: int, kind: Any) -> None:
            gun.wait()
            if what == "withdraw":
                self.withdraw(person, kind)
                bars = lambda c: person in c.people and c.kind == kind and not c.is_exempt  # noqa: E731
            elif what == "suppress":
                self.gate.suppress([Suppression(person_id=person, contact_point="", reason="manual", suppressed_at=self.now, source="t")])  # fmt: skip
                bars = lambda c: person in c.people  # noqa: E731
            else:
                self.gate.mute([Mute(person_id=person, case_id="race", from_at=self.now, until=None)])
                bars = lambda c: person in c.people and not c.is_exempt  # noqa: E731
            forbidden.append(Forbidden(bars, next(moments), what != "withdraw"))

        with ThreadPoolExecutor(N_SENDERS + len(acts)) as pool:
            work = [pool.submit(send, range(i, len(batches), N_SENDERS)) for i in range(N_SENDERS)]
            work += [pool.submit(act, *one) for one in acts]
            for done in work:
                done.result()
        return asked, forbidden

    @property
    def race_no(self) -> int:
        return len(self.model.said) + 1000 * self.tally["races"]

    def withdraw(self, person: int, kind: Any) -> None:
        self.ledger.record(
            [
                ConsentEvent(
                    person_id=person, contact_point="", channel=kind, purpose="marketing", act="withdraw",
                    source="test", notice=f"race {person} {kind} {self.tally['races']}", at=self.now,
                )
            ]
        )  # fmt: skip

    def absorb(self, acts: list[Any]) -> None:
        """Tell the model what was done in a race."""
        for what, person, kind in acts:
            if what == "withdraw":
                self.model.said.append((self.now, next(self.numbers), person, kind, "withdraw"))
            elif what == "suppress":
                key = (person, "", "manual")
                self.model.suppressed[key] = max(self.now, self.model.suppressed.get(key, self.now))
            else:
                self.model.muted[person, "race"] = None

    def compare(self, one: Contact, verdict: Verdict) -> None:
        expected = self.model.reasons(one, self.now)
        assert set(verdict.reasons) == expected, (one, self.now)
        assert verdict.may == (not expected)
        states = {name: f"{n} of {limit}" for name, (n, limit) in self.model.caps(one, self.now).items()}
        assert dict(verdict.caps) == states, (one, self.now)
        assert verdict.consent.is_allowed == (self.model.consent(one, self.now) is None)
        self.tally["sent" if verdict.may else "held back"] += 1
        for reason in expected:
            self.tally[reason] += 1

    def check_retry(self, one: Contact, verdict: Verdict) -> None:
        """Nothing stands in the way at that minute, and something at every minute tried before it."""
        if verdict.may or self.model.lasting(one, self.now):
            assert verdict.retry_at is None
            return
        retry_at = verdict.retry_at
        assert retry_at is not None
        assert retry_at > self.now
        assert (retry_at.second, retry_at.microsecond) == (0, 0)
        assert self.model.passing(one, retry_at) == set(), (one, self.now)
        span = int((retry_at - self.now) / MINUTE)
        before = {retry_at - n * MINUTE for n in (*range(1, 31), *range(45, span, max(15, span // 60)))}
        for minute in before:
            assert minute < self.now or self.model.passing(one, minute), (one, self.now, minute)
        self.tally["retries"] += 1

    def check_counts(self) -> None:
        with self.database.read() as connection:
            found = {row.message_id: row.counted_at for row in connection.execute(sa.select(rows.SENDS))}
        assert found == {key: sent.at for key, sent in self.model.sent.items()}


def machine(database: Database, tally: Counter[str]) -> type[Senders]:
    """Return the machine that plays with this database."""
    ledger = ConsentLedger(database=database, policies=read_policies())
    gate = Gate(database=database, ledger=ledger, manners=MANNERS)
    things = {"database": database, "gate": gate, "ledger": ledger, "tally": tally}
    return type("SendersOfThisDatabase", (Senders,), things)


@pytest.fixture
def patient(database: Database, database_url: str) -> Iterator[Database]:
    """Return the database for senders that wait for each other however slow the machine is."""
    patient = Database.open(database_url, wait_seconds=600)
    if patient.dialect == "sqlite":  # nobody pulls the plug here, and waiting for the disk takes minutes
        sa.event.listen(patient._engine, "connect", lambda c, _: c.execute("PRAGMA synchronous = OFF"))
    yield patient
    patient.close()


def play(database: Database, *, examples: int, steps: int) -> Counter[str]:
    tally: Counter[str] = Counter()
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine(database, tally), settings=chosen)
    print(f"{database.dialect}: {dict(tally)}, 0 violations")
    for what in ("sent", "held back", "cap", "quiet_hours", "retries", "raced, sent", "raced, held back"):
        assert tally[what] > 0, f"never came up: {what}"
    return tally


SIZES = {"sqlite": (25, 25), "postgresql": (25, 20)}


def test_many_small_claims_of_eight_senders_fill_every_cap_and_break_none(patient: Database) -> None:
    """Each of 12 people is asked about by all senders, in every order, far more often than the caps allow."""
    people, limit, n_rounds = range(1, 13), 3, 20
    ledger = ConsentLedger(database=patient, policies=read_policies())
    now = datetime(2025, 6, 4, 12)
    ledger.record(
        ConsentEvent(
            person_id=person, contact_point="", channel="email", purpose="marketing", act="grant", source="test",
            notice="", at=now - DAY,
        )
        for person in people
    )  # fmt: skip
    manners = Manners(time_zone="UTC", country="DE", caps=(Cap(of=ALL, limit=limit, length=1, unit="day"),))
    gate = Gate(database=patient, ledger=ledger, manners=manners)
    gun = threading.Barrier(N_SENDERS)

    def send(sender: int) -> list[tuple[int, str]]:
        random, sent = Random(sender), []
        gun.wait()
        for number in range(n_rounds):
            asked = [
                replace(contact(1, "email", "marketing", f"{sender}-{number}-{person}"), person_id=person, contact_point=f"p{person // 2}")
                for person in random.sample(people, 5)
            ]  # fmt: skip
            with patient.begin() as connection:
                verdicts = gate.claim(connection, asked, now=now)
                time.sleep(random.random() / 500)
            sent += [(c.person_id, c.contact_point) for c, v in zip(asked, verdicts, strict=True) if v.may]
        return sent

    with ThreadPoolExecutor(N_SENDERS) as pool:
        sent = [one for each in pool.map(send, range(N_SENDERS)) for one in each]
    # Two people share each contact point but p0 and p6: together they get what the point may get.
    assert Counter(point for _, point in sent) == {f"p{n}": limit for n in range(7)}


def test_the_holidays_of_the_model_are_those_of_the_package() -> None:
    reference.is_holiday_table_complete()


def test_eight_senders_break_no_rule(patient: Database) -> None:
    examples, n_steps = SIZES[patient.dialect]
    play(patient, examples=examples, steps=n_steps)


@pytest.mark.deep
def test_eight_senders_break_no_rule_for_long(patient: Database) -> None:
    tally = play(patient, examples=400, steps=50)
    assert all(tally[what] > 0 for what in ("holiday", "weekday", "wash_out", "muted", "withdrawn"))
