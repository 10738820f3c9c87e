"""The ledger on both databases: what counts, in which order, from when; and that nothing is ever changed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from aimwell.storage.database import Database
from aimwell.trust.consent import ALL, PARENT, Asked, ConsentEvent, ConsentLedger, Standing
from aimwell.trust.consent.errors import ConsentEventInvalid
from aimwell.trust.consent.rows import EVENTS

NOON = datetime(2026, 6, 1, 12)
POINT, OTHER_POINT = "a" * 32, "b" * 32


def act(name: str, *, hours: float = 0, point: str = POINT, **changes: Any) -> ConsentEvent:
    event = ConsentEvent(
        person_id=1,
        contact_point=point,
        channel="email",
        purpose="marketing",
        act=name,  # type: ignore[arg-type]  # tests name the acts
        source="till",
        notice="v1",
        at=NOON + timedelta(hours=hours),
    )
    return replace(event, **changes)


def ask(ledger: ConsentLedger, *, hours: float = 0, **changes: Any) -> Standing:
    question = Asked(person_id=1, contact_point=POINT, channel="email", purpose="marketing", region="DE")
    with ledger.database.read() as connection:
        (standing,) = ledger.standings(
            connection, [replace(question, **changes)], now=NOON + timedelta(hours=hours)
        )
    return standing


def test_missing_consent_means_no_send(ledger: ConsentLedger) -> None:
    no = Standing(is_allowed=False, reason="no_consent", proof_id=None, rule="gdpr.marketing")
    assert ask(ledger) == no
    for region in ("CN", "US", "BR", "nowhere", None):
        for channel in ("email", "sms", "wechat", "push", "post", "webhook"):
            assert not ask(ledger, region=region, channel=channel).is_allowed
    ledger.record([act("grant", purpose="sharing", channel=ALL, point=ALL), act("grant", channel="sms")])
    assert ask(ledger) == no  # another purpose, another channel


def test_orders_need_no_consent_until_somebody_objects(ledger: ConsentLedger) -> None:
    free = Standing(is_allowed=True, reason="not_needed", proof_id=None, rule="house.transactional")
    assert ask(ledger, purpose="transactional", region=None, birth_year=2024) == free
    ledger.record([act("withdraw", purpose="transactional")])
    assert ask(ledger, purpose="transactional").reason == "withdrawn"


def test_a_grant_counts_from_its_time_and_names_its_proof(ledger: ConsentLedger) -> None:
    ledger.record([act("grant", hours=1)])
    assert ask(ledger).reason == "no_consent"
    ((number, _),) = ledger.numbered_history(1)
    granted = Standing(is_allowed=True, reason="granted", proof_id=number, rule="gdpr.marketing")
    assert ask(ledger, hours=1) == granted
    assert ask(ledger, hours=1, contact_point=OTHER_POINT).reason == "no_consent"
    assert ask(ledger, hours=1, person_id=2).is_allowed  # who shares the address shares what was said of it


def test_a_withdrawal_counts_at_once_even_from_a_clock_that_is_ahead(ledger: ConsentLedger) -> None:
    ledger.record([act("grant", hours=-1), act("withdraw", hours=5)])
    assert ask(ledger).reason == "withdrawn"


@pytest.mark.parametrize(
    ("acts", "reason"),
    [
        ((("grant", 0), ("withdraw", 0)), "withdrawn"),  # the same time: the later in the ledger
        ((("withdraw", 0), ("grant", 0)), "granted"),
        ((("withdraw", 0), ("grant", -1)), "withdrawn"),  # recorded later, said earlier
        ((("grant", -2), ("deny", -1)), "denied"),
        ((("grant", -3), ("withdraw", -2), ("grant", -1)), "granted"),
    ],
)
def test_the_last_act_wins(ledger: ConsentLedger, acts: tuple[tuple[str, float], ...], reason: str) -> None:
    ledger.record([act(name, hours=hours) for name, hours in acts])
    assert ask(ledger).reason == reason


@pytest.mark.parametrize("scope", ["email", ALL])
def test_a_withdrawal_of_the_channel_or_of_everything_covers_every_point_there_is_and_will_be(
    ledger: ConsentLedger, scope: str
) -> None:
    ledger.record([act("grant", hours=-2), act("grant", hours=-2, channel="sms", point=OTHER_POINT)])
    ledger.record([act("withdraw", hours=-1, point=ALL, channel=scope)])
    assert ask(ledger).reason == "withdrawn"
    assert ask(ledger, contact_point="c" * 32).reason == "withdrawn"
    assert ask(ledger, contact_point=ALL).reason == "withdrawn"
    assert ask(ledger, channel="sms", contact_point=OTHER_POINT).is_allowed is (scope == "email")
    ledger.record([act("grant")])  # said of one point, later
    assert ask(ledger).is_allowed
    assert ask(ledger, contact_point="c" * 32).reason == "withdrawn"


def test_what_a_linked_account_said_of_all_points_counts(ledger: ConsentLedger) -> None:
    ledger.record([act("grant", hours=-2), act("withdraw", hours=-1, point=ALL, channel=ALL, person_id=9)])
    assert ask(ledger).is_allowed
    assert ask(ledger, others=(8, 9)).reason == "withdrawn"


def test_what_is_said_about_data_has_no_channel(ledger: ConsentLedger) -> None:
    ledger.record([act("grant", purpose="sharing", channel=ALL, point=ALL)])
    assert ask(ledger, purpose="sharing", channel=ALL, contact_point=ALL).is_allowed
    assert not ask(ledger, purpose="analytics", channel=ALL, contact_point=ALL).is_allowed


def test_a_grant_expires_and_does_not_give_way_to_an_older_one(ledger: ConsentLedger) -> None:
    ledger.record([act("grant", hours=-9), act("grant", hours=-2, expires_at=NOON)])
    assert ask(ledger, hours=-0.001).is_allowed
    assert ask(ledger).reason == "expired"


@pytest.mark.parametrize(
    ("region", "born", "reason"),
    [
        ("DE", 2009, "granted"),  # 16 or 17 in 2026
        ("DE", 2010, "too_young"),  # may still be 15
        ("FR", 2010, "granted"),
        ("CN", 2011, "granted"),
        ("CN", 2012, "too_young"),
        ("US", 2012, "granted"),
        ("US", 2013, "too_young"),
        (None, 2010, "region_unknown"),
        ("nowhere", 2012, "region_unknown"),
        (None, 2013, "too_young"),  # too young everywhere
        (None, None, "granted"),
    ],
)
def test_children_cannot_consent_alone(
    ledger: ConsentLedger, region: str | None, born: int | None, reason: str
) -> None:
    ledger.record([act("grant")])
    assert ask(ledger, region=region, birth_year=born).reason == reason


def test_a_parent_can_and_only_the_parents_last_word_counts(ledger: ConsentLedger) -> None:
    young = {"region": "CN", "birth_year": 2020}
    too_young = Standing(is_allowed=False, reason="too_young", proof_id=None, rule="pipl.marketing")
    assert ask(ledger, **young) == too_young
    ledger.record([act("grant", source=PARENT, hours=-2)])
    assert ask(ledger, **young).reason == "granted"
    ledger.record([act("grant", hours=-1)])  # the child itself
    assert ask(ledger, **young) == too_young
    ledger.record([act("withdraw")])
    assert ask(ledger, **young).reason == "withdrawn"


def test_answers_come_in_the_order_of_the_questions(ledger: ConsentLedger) -> None:
    ledger.record([act("grant", person_id=person, point=f"{person:032}") for person in range(0, 3000, 2)])
    asked = [
        Asked(person_id=person, contact_point=f"{person:032}", channel="email", purpose="marketing")
        for person in reversed(range(3000))
    ]
    with ledger.database.read() as connection:
        found = ledger.standings(connection, asked, now=NOON)
        assert ledger.standings(connection, [], now=NOON) == []
    assert [one.is_allowed for one in found] == [person % 2 == 0 for person in reversed(range(3000))]


def test_a_batch_takes_two_queries(ledger: ConsentLedger) -> None:
    asked = [
        Asked(person_id=person, contact_point=POINT, channel="email", purpose="marketing")
        for person in range(500)
    ]
    statements: list[str] = []
    with ledger.database.read() as connection:
        sa.event.listen(
            connection, "before_cursor_execute", lambda c, cursor, statement, *_: statements.append(statement)
        )
        ledger.standings(connection, asked, now=NOON)
    assert len(statements) == 2


def test_recording_again_changes_nothing(ledger: ConsentLedger) -> None:
    events = [act("grant", proof="form 1"), act("withdraw", hours=1), act("grant", proof="form 1")]
    assert ledger.record(iter(events)) == 2
    assert ledger.record([*events, act("deny", hours=2)]) == 1
    assert ledger.record([replace(events[0], proof="another")]) == 0
    assert ledger.record([]) == 0
    assert [event.act for event in ledger.history(1)] == ["grant", "withdraw", "deny"]
    assert ledger.history(1)[0].proof == "form 1"
    assert ledger.history(2) == ()


def test_everything_comes_back_as_it_was_recorded(ledger: ConsentLedger) -> None:
    event = act(
        "grant",
        notice="隐私 v2",
        proof="x" * 5000,
        at=datetime(2026, 1, 1, 0, 0, 0, 1),
        expires_at=datetime(2027, 1, 1),
        person_id=2**63 - 1,
    )
    ledger.record([event])
    assert ledger.history(2**63 - 1) == (event,)


def test_an_unsound_act_records_nothing(ledger: ConsentLedger) -> None:
    with pytest.raises(ConsentEventInvalid):
        ledger.record([act("grant"), act("allow")])
    assert ledger.history(1) == ()


def test_many_acts_go_in_parts(ledger: ConsentLedger) -> None:
    n = 20_001  # one more than a transaction takes
    assert ledger.record(act("grant", person_id=i, point=f"{i:032}") for i in range(n)) == n
    with ledger.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(EVENTS)).scalar_one() == n


RECORDING = """
import sys
from datetime import datetime
from aimwell.storage.database import Database
from aimwell.trust.consent import ConsentEvent, ConsentLedger, read_policies
ledger = ConsentLedger(database=Database.open(sys.argv[1]), policies=read_policies())
acts = [
    ConsentEvent(person_id=i, contact_point=f"{i:032}", channel="email", purpose="marketing", act="grant", source="till",
                 notice="", at=datetime(2026, 1, 1))
    for i in range(400)
][:: int(sys.argv[2])]
print(sum(ledger.record(acts[start : start + 50]) for start in range(0, 400, 50)))
"""


def test_two_processes_that_record_the_same_record_it_once(database: Database) -> None:
    url = database.url.render_as_string(hide_password=False)
    running = [
        subprocess.Popen([sys.executable, "-c", RECORDING, url, step], stdout=subprocess.PIPE, text=True)
        for step in ("1", "-1")
    ]
    recorded = [int(process.communicate(timeout=120)[0]) for process in running]
    assert sum(recorded) == 400
