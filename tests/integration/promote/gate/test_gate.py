"""The gate with its database and the real consent ledger, on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from aimwell.base.errors import InternalError
from aimwell.promote.gate import rows
from aimwell.promote.gate.bulk import ANSWERS, ASKED
from aimwell.promote.gate.gate import Gate
from aimwell.promote.gate.model import ALL, Cap, Contact, Hours, Manners, Mute, Span, Suppression, Verdict
from aimwell.storage.database import Database
from aimwell.storage.errors import AnotherWriter
from aimwell.trust.consent.ledger import ConsentLedger
from aimwell.trust.consent.model import ConsentEvent
from aimwell.trust.consent.policies import read_policies

NOON = datetime(2025, 6, 2, 12)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PEOPLE = range(1, 10)
ON_POSTGRESQL = pytest.mark.parametrize(
    "database_url", ["postgresql"], indirect=True
)  # SQLite has one writer at a time
MANNERS = Manners(
    time_zone="UTC",
    country="DE",
    caps=(Cap(of=ALL, limit=1, length=1, unit="day"), Cap(of="email", limit=2, length=7, unit="day")),
    hours=Hours(quiet=(Span(start=21 * 60, end=8 * 60),)),
    wash_out_days=30,
)


@pytest.fixture
def ledger(database: Database) -> ConsentLedger:
    """A ledger in which people 1 to 9 have consented to marketing by e-mail and text message."""
    ledger = ConsentLedger(database=database, policies=read_policies())
    ledger.record(said(person_id, kind) for person_id in PEOPLE for kind in ("email", "sms"))
    return ledger


@pytest.fixture
def gate(database: Database, ledger: ConsentLedger) -> Gate:
    return Gate(database=database, ledger=ledger, manners=MANNERS)


def said(person_id: int, channel: Any, *, act: Any = "grant", at: datetime = NOON - 90 * DAY) -> ConsentEvent:
    return ConsentEvent(
        person_id=person_id,
        contact_point="",
        channel=channel,
        purpose="marketing",
        act=act,
        source="shop",
        notice="1",
        at=at,
    )


def contact(person_id: int = 1, message_id: str = "m", **given: Any) -> Contact:
    usual = {
        "contact_point": f"point-{person_id}",
        "channel": "email",
        "kind": "email",
        "purpose": "marketing",
        "campaign_id": "spring",
        "time_zone": None,
        "region": "DE",
        "birth_year": None,
    }
    return Contact(person_id=person_id, message_id=message_id, **usual | given)


def claimed(gate: Gate, database: Database, *contacts: Contact, now: datetime = NOON) -> list[Verdict]:
    with database.begin() as connection:
        return gate.claim(connection, contacts, now=now)


def counted(database: Database) -> dict[str, datetime]:
    with database.read() as connection:
        return {row.message_id: row.counted_at for row in connection.execute(sa.select(rows.SENDS))}


def suppression(reason: Any = "manual", **given: Any) -> Suppression:
    usual = {"person_id": None, "contact_point": "point-1", "suppressed_at": NOON, "source": "test"}
    return Suppression(reason=reason, **usual | given)


def test_migrations_give_the_tables_that_the_gate_declares(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection)
        found = [change for change in compare_metadata(context, rows.METADATA) if change[0] != "remove_table"]
        own = [change for change in found if "manners" in str(change)]
    assert own == []


# -- looking and claiming ----------------------------------------------------------------------------------------


def test_looking_changes_nothing_and_claiming_counts(gate: Gate, database: Database) -> None:
    assert [verdict.may for verdict in gate.look([contact(), contact()], now=NOON)] == [True, True]
    assert counted(database) == {}
    assert claimed(gate, database, contact())[0].may
    assert counted(database) == {"m": NOON}
    [verdict] = gate.look([contact(message_id="n")], now=NOON + HOUR)
    assert verdict.reasons == ("cap",)
    assert verdict.caps == {"all 1 per day": "1 of 1", "email 2 per 7 days": "1 of 2"}
    assert verdict.retry_at == NOON + DAY
    assert verdict.consent.is_allowed


def test_verdicts_come_in_the_order_of_the_contacts(gate: Gate, database: Database) -> None:
    asked = [contact(person_id, str(person_id)) for person_id in (3, 99, 1, 2)]
    assert [verdict.may for verdict in gate.look(asked, now=NOON)] == [True, False, True, True]
    assert [verdict.may for verdict in claimed(gate, database, *asked)] == [True, False, True, True]
    assert gate.look([], now=NOON) == claimed(gate, database) == []


def test_a_transaction_that_fails_counts_nothing(gate: Gate, database: Database) -> None:
    def fail() -> None:
        with database.begin() as connection:
            assert gate.claim(connection, [contact()], now=NOON)[0].may
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert counted(database) == {}


def test_contacts_of_one_person_in_one_claim_see_each_other(gate: Gate, database: Database) -> None:
    both = (
        contact(message_id="a"),
        contact(message_id="b", channel="sms", kind="sms", contact_point="phone"),
    )
    assert [verdict.may for verdict in claimed(gate, database, *both)] == [True, False]
    assert set(counted(database)) == {"a"}


def test_people_who_share_a_contact_point_see_each_other(gate: Gate, database: Database) -> None:
    shared = [contact(person_id, str(person_id), contact_point="shared") for person_id in (1, 2)]
    assert [verdict.may for verdict in claimed(gate, database, *shared)] == [True, False]
    assert gate.look([contact(3, contact_point="shared")], now=NOON)[0].reasons == ("cap",)


def test_what_was_sent_to_a_linked_account_counts(gate: Gate, database: Database) -> None:
    claimed(gate, database, contact(2))
    assert gate.look([contact(1, "n", others=(2,))], now=NOON)[0].reasons == ("cap",)


def test_a_message_that_is_claimed_again_counts_once_from_its_last_claim(
    gate: Gate, database: Database
) -> None:
    claimed(gate, database, contact())
    [again] = claimed(gate, database, contact(), now=NOON + HOUR)
    assert again.may
    assert again.caps["all 1 per day"] == "0 of 1"
    assert counted(database) == {"m": NOON + HOUR}


def test_a_message_that_is_refused_when_claimed_again_still_counts(
    gate: Gate, database: Database, ledger: ConsentLedger
) -> None:
    claimed(gate, database, contact())
    ledger.record([said(1, "email", act="withdraw", at=NOON)])
    [again] = claimed(gate, database, contact(), now=NOON + HOUR)
    assert again.reasons == ("withdrawn",)
    assert counted(database) == {"m": NOON}  # it may have gone out at noon


def test_a_released_message_counts_no_more(gate: Gate, database: Database) -> None:
    claimed(gate, database, contact(), contact(2, "other"))
    with database.begin() as connection:
        gate.release(connection, ["m", "unheard of"])
    assert set(counted(database)) == {"other"}
    assert claimed(gate, database, contact(message_id="n"))[0].may


def test_transactional_messages_are_not_counted(gate: Gate, database: Database) -> None:
    invoice = contact(purpose="transactional")
    assert claimed(gate, database, invoice, now=NOON + 10 * HOUR)[0].may  # at night
    assert counted(database) == {}


def test_messages_count_from_the_last_one_when_the_clock_was_put_back(gate: Gate, database: Database) -> None:
    claimed(gate, database, contact(message_id="a"))
    early = NOON - 5 * DAY
    [blocked] = claimed(gate, database, contact(message_id="b"), now=early)
    assert blocked.reasons == ("cap",)
    assert blocked.retry_at == NOON + DAY
    # For staff no cap holds, and yet the message does not count from a moment that has passed long ago.
    staff = Gate(
        database=database,
        ledger=gate._ledger,
        manners=Manners(time_zone="UTC", country="DE", caps=MANNERS.caps, exempt_people=frozenset({1})),
    )
    assert claimed(staff, database, contact(message_id="b"), now=early)[0].may
    assert counted(database) == {"a": NOON, "b": NOON}


def test_messages_older_than_every_window_are_not_read(gate: Gate, database: Database) -> None:
    claimed(gate, database, contact(), now=NOON)
    week, microsecond = 7 * DAY, timedelta(microseconds=1)
    assert gate.look([contact(message_id="n")], now=NOON + week)[0].caps["email 2 per 7 days"] == "0 of 2"
    before = gate.look([contact(message_id="n")], now=NOON + week - microsecond)
    assert before[0].caps["email 2 per 7 days"] == "1 of 2"
    everything: dict[str, Any] = {"people": [1], "points": ["point-1"]}
    with database.read() as connection:
        assert rows.sends_about(connection, **everything, since=NOON) == []
        assert len(rows.sends_about(connection, **everything, since=NOON - microsecond)) == 1


def test_more_contacts_than_one_set_of_queries_takes(
    gate: Gate, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aimwell.promote.gate.gate._AT_ONCE", 2)
    claimed(gate, database, contact(4))
    asked = [contact(person_id, "n") for person_id in (1, 2, 3, 4, 5)]
    assert [verdict.may for verdict in gate.look(asked, now=NOON)] == [True, True, True, False, True]


# -- suppressions and mutes --------------------------------------------------------------------------------------


def test_a_suppressed_point_is_kept_lifted_and_listed(gate: Gate) -> None:
    gate.suppress([suppression("hard_bounce"), suppression("erasure", contact_point="gone")])
    gate.suppress([suppression("manual", person_id=2, contact_point="", suppressed_at=NOON + HOUR)])
    asked = [contact(1), contact(2), contact(3), contact(3, contact_point="gone")]
    assert [verdict.reasons for verdict in gate.look(asked, now=NOON)] == [
        ("suppressed_hard_bounce",),
        ("suppressed_manual",),
        (),
        ("suppressed_erasure",),
    ]
    listed = gate.suppressions(limit=2)
    assert [(one.person_id, one.contact_point, one.reason) for one in listed] == [
        (2, "", "manual"),
        (None, "gone", "erasure"),
    ]
    assert gate.lift(contact_point="point-1", reason="manual", now=NOON) == 0
    assert gate.lift(contact_point="point-1", reason="hard_bounce", now=NOON) == 1
    assert gate.lift(contact_point="point-1", now=NOON) == 0
    assert gate.lift(person_id=2, now=NOON) == 1
    assert [verdict.may for verdict in gate.look(asked, now=NOON)] == [True, True, True, False]
    assert len(gate.suppressions(limit=9)) == 1


def test_lifting_a_person_leaves_the_persons_points_suppressed(gate: Gate) -> None:
    gate.suppress([suppression("hard_bounce", person_id=1)])
    assert gate.lift(person_id=1, now=NOON) == 0
    assert gate.look([contact()], now=NOON)[0].reasons == ("suppressed_hard_bounce",)


def test_a_suppression_that_comes_again_holds_from_the_later_moment(gate: Gate) -> None:
    phone = contact(channel="sms", kind="sms", contact_point="phone")
    complaint = suppression("complaint", person_id=1)
    gate.suppress([complaint])
    gate.lift(contact_point="point-1", now=NOON)
    assert gate.look([phone], now=NOON)[0].may  # the wash-out was lifted with it
    gate.suppress([suppression("complaint", person_id=1, suppressed_at=NOON + DAY, source="again")])
    gate.suppress([suppression("complaint", person_id=1, suppressed_at=NOON - DAY)])
    [verdict] = gate.look([phone], now=NOON + 2 * DAY)
    assert (verdict.reasons, verdict.retry_at) == (("wash_out",), NOON + 31 * DAY)
    assert [one.suppressed_at for one in gate.suppressions(limit=9)] == [NOON + DAY]


def test_mutes_and_unmutes(gate: Gate, database: Database) -> None:
    opened = Mute(person_id=1, case_id="c", from_at=NOON, until=None)
    gate.mute([opened, Mute(person_id=2, case_id="c", from_at=NOON, until=NOON + HOUR)])
    asked = [contact(1), contact(2), contact(3)]
    assert [verdict.reasons for verdict in gate.look(asked, now=NOON)] == [("muted",), ("muted",), ()]
    assert [verdict.reasons for verdict in gate.look(asked, now=NOON + HOUR)] == [("muted",), (), ()]
    assert gate.unmute(1, "c", now=NOON + HOUR)
    assert not gate.unmute(1, "c", now=NOON + HOUR)
    assert not gate.unmute(3, "c", now=NOON + HOUR)
    assert gate.look([contact(1)], now=NOON + HOUR)[0].may
    gate.mute([opened])
    assert claimed(gate, database, contact(1), now=NOON + HOUR)[0].reasons == ("muted",)
    gate.suppress([])
    gate.mute([])


# -- whole plans -------------------------------------------------------------------------------------------------


def test_a_whole_plan_is_looked_at_batch_by_batch(
    gate: Gate, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aimwell.promote.gate.gate._AT_ONCE", 2)
    claimed(gate, database, contact(2))
    columns = {
        "person_id": [1, 2, 99],
        "contact_point": ["point-1", "point-2", ""],
        "channel": ["mail"] * 3,
        "kind": ["email"] * 3,
        "purpose": ["marketing"] * 3,
    }
    short = pa.RecordBatch.from_pydict(columns, schema=pa.schema([ASKED.field(name) for name in columns]))
    more = {
        "time_zone": ["Asia/Shanghai", None, None],  # there it is 20:30
        "region": ["CN", None, "DE"],
        "birth_year": [1980, None, None],
        "others": [[2], None, []],
    }
    full = pa.RecordBatch.from_pydict(columns | more, schema=ASKED)
    now = NOON + 0.5 * HOUR
    found = list(gate.eligible(iter([short, short.slice(0, 0), full]), now=now))
    assert [batch.num_rows for batch in found] == [2, 1, 2, 1]
    assert all(batch.schema == ANSWERS for batch in found)
    table = pa.Table.from_batches(found)
    assert table["person_id"].to_pylist() == [1, 2, 99] * 2
    assert table["channel"].to_pylist() == ["mail"] * 6
    assert table["is_eligible"].to_pylist() == [True, False, False, False, False, False]
    assert table["reasons"].to_pylist() == ["", "cap", "no_consent", "cap", "cap", "no_consent"]
    assert table["retry_at"].to_pylist() == [None, NOON + DAY, None, NOON + DAY, NOON + DAY, None]


# -- other transactions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "related", [contact(1, "b", contact_point="x"), contact(2, "b", contact_point="point-1"), contact(3, "b", others=(1,))]
)  # fmt: skip
def test_claims_about_one_person_or_point_wait_for_each_other(
    gate: Gate, database: Database, related: Contact
) -> None:
    second: list[Verdict] = []

    def claim() -> None:
        second.extend(claimed(gate, database, contact(9, "x"), related))

    with database.begin() as connection:
        assert gate.claim(connection, [contact(1, "a")], now=NOON)[0].may
        thread = threading.Thread(target=claim)
        thread.start()
        thread.join(timeout=0.3)
        assert second == []
    thread.join()
    assert [verdict.may for verdict in second] == [True, False]


@pytest.mark.parametrize("what", ["suppressed_manual", "muted"])
@pytest.mark.parametrize("point", ["", "point-1"])
def test_suppressing_and_muting_wait_for_claims_and_hold_for_all_after(
    gate: Gate, database: Database, what: str, point: str
) -> None:
    done: list[str] = []

    def act() -> None:
        if what == "muted":
            gate.mute([Mute(person_id=1, case_id="c", from_at=NOON, until=None)])
        else:
            gate.suppress([suppression(person_id=None if point else 1, contact_point=point)])
        done.append("acted")

    with database.begin() as connection:
        assert gate.claim(connection, [contact(1)], now=NOON)[0].may
        thread = threading.Thread(target=act)
        thread.start()
        thread.join(timeout=0.3)
        assert done == []  # nobody was told yet that it holds
    thread.join()
    assert claimed(gate, database, contact(1))[0].reasons == (what,)


def test_a_claim_that_waits_too_long_says_so(database_url: str, gate: Gate, database: Database) -> None:
    impatient = Database.open(database_url, wait_seconds=0.2)
    with database.begin() as connection:
        gate.claim(connection, [contact(1)], now=NOON)
        with pytest.raises(AnotherWriter):
            claimed(gate, impatient, contact(1, "n"))
    impatient.close()


@ON_POSTGRESQL
def test_people_apart_do_not_wait_for_each_other(gate: Gate, database: Database) -> None:
    with database.begin() as connection:
        gate.claim(connection, [contact(1)], now=NOON)
        assert claimed(gate, database, contact(2, "n"))[0].may


@ON_POSTGRESQL
def test_a_claim_that_could_not_see_other_claims_is_refused(gate: Gate, database: Database) -> None:
    with pytest.raises(InternalError, match="REPEATABLE READ"), database.read() as connection:
        gate.claim(connection, [contact()], now=NOON)


# -- what is forgotten ---------------------------------------------------------------------------------------------


def test_only_what_counts_for_no_cap_any_more_is_pruned(
    gate: Gate, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aimwell.promote.gate.gate._AT_ONCE", 2)  # in several parts
    for days_ago in (30, 20, 10, 8, 7, 3, 0):  # the longest cap reaches 7 days
        claimed(gate, database, contact(message_id=f"m{days_ago}"), now=NOON - days_ago * DAY)
    before = set(counted(database))
    assert gate.prune(now=NOON) == len(before - {"m7", "m3", "m0"})
    assert set(counted(database)) == before & {"m7", "m3", "m0"}
    assert gate.prune(now=NOON) == 0


def test_a_clock_that_jumps_ahead_forgets_nothing(gate: Gate, database: Database) -> None:
    claimed(gate, database, contact(message_id="a"), now=NOON - 2 * DAY)
    claimed(gate, database, contact(message_id="b"), now=NOON)
    assert gate.prune(now=NOON + 365 * DAY) == 0
    assert set(counted(database)) == {"a", "b"}
    assert claimed(gate, database, contact(message_id="c"), now=NOON + HOUR)[0].reasons == ("cap",)


def test_erasing_people_takes_counts_and_mutes_and_leaves_suppressions(
    gate: Gate, database: Database
) -> None:
    claimed(gate, database, contact(1, "a"), contact(2, "b"))
    gate.mute([Mute(person_id=person, case_id="c", from_at=NOON, until=None) for person in (1, 2)])
    gate.suppress([suppression("erasure")])
    assert gate.erase([1, 3]) >= 2
    assert set(counted(database)) == {"b"}
    with database.read() as connection:
        assert {one.person_id for one in rows.mutes_of(connection, [1, 2], now=NOON)} == {2}
    assert [one.contact_point for one in gate.suppressions(limit=9)] == ["point-1"]
