"""Linking, unlinking and reading facts, with a real lake and both databases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pytest

from aimwell.intake.facts import FACTS
from aimwell.people.errors import NotLinked, PersonUnknown, SamePerson
from aimwell.people.model import LinkChanges
from aimwell.people.service import explain, link, link_accounts, read_facts, unlink
from aimwell.storage.database import Database
from aimwell.storage.lake.lake import Lake
from aimwell.trust.vault import ADMITTED, ARRIVALS, Vault

START = datetime(2026, 1, 1)


@dataclass
class House:
    """A shop with its people, a day passing with every action."""

    lake: Lake
    database: Database
    vault: Vault
    now: datetime = START

    def admit(self, key: str, **identifiers: str) -> int:
        row = {"source": "shop", "account_key": key, "account_key_kind": "id"} | identifiers
        arrivals = pa.RecordBatch.from_pylist([dict.fromkeys(ARRIVALS.names) | row], ARRIVALS)
        return int(pa.Table.from_batches(self.vault.admit([arrivals]), ADMITTED)["person_id"][0].as_py())

    def relink(self, **settings: int) -> LinkChanges:
        return link_accounts(**self.tools(), **settings)

    def link(self, one: int, other: int) -> LinkChanges:
        return link(one, other, **self.tools())

    def unlink(self, one: int, other: int | None = None) -> LinkChanges:
        return unlink(one, other_id=other, **self.tools())

    def tools(self) -> dict[str, Any]:
        self.now += timedelta(days=1)
        return {"lake": self.lake, "database": self.database, "vault": self.vault, "now": self.now}

    def aliases(self) -> dict[int, int]:
        table = self.lake.table("aliases")
        held = self.lake.engine.rows(table.filter(table.unlinked_at.isnull()))
        return {row["person_id"]: row["canonical_id"] for row in held}

    def explain(self, person_id: int) -> Any:
        return explain(person_id, lake=self.lake, database=self.database, vault=self.vault)


@pytest.fixture
def house(lake: Lake, database: Database, vault: Vault) -> House:
    return House(lake, database, vault)


def order(**values: Any) -> dict[str, Any]:
    return dict.fromkeys(FACTS["orders"].schema.names) | {"known_at": START, "ordered_at": START} | values


def keep_orders(lake: Lake, *orders: dict[str, Any]) -> None:
    spec = FACTS["orders"]
    lake.append(spec, ibis.memtable(pa.Table.from_pylist(list(orders), schema=spec.schema.to_pyarrow())))


def owners(lake: Lake, *, known_at: datetime | None = None) -> dict[str, int | None]:
    orders = read_facts(lake=lake, known_at=known_at).orders
    return {row["order_id"]: row["person_id"] for row in lake.engine.rows(orders)}


def test_an_empty_shop_has_empty_facts(lake: Lake) -> None:
    facts = read_facts(lake=lake)
    for name, spec in FACTS.items():
        assert getattr(facts, name).columns == tuple(spec.schema)
        assert lake.engine.rows(getattr(facts, name)) == []


def test_an_empty_shop_has_no_links(house: House) -> None:
    assert house.relink() == LinkChanges(n_linked=0, n_added=0, n_ended=0)


def test_equal_phone_or_email_makes_one_person_of_the_oldest_account(house: House) -> None:
    ann = house.admit("c1", email="ann@mail.com")
    bob = house.admit("c2", email="bob@mail.com")
    ann_too = house.admit("c3", email="ANN@mail.com", phone="13812345678")
    and_too = house.admit("c4", phone="+86 138 1234 5678")
    assert house.relink() == LinkChanges(n_linked=2, n_added=2, n_ended=0)
    assert house.aliases() == {ann_too: ann, and_too: ann}
    assert house.relink() == LinkChanges(n_linked=2, n_added=0, n_ended=0)
    explained = house.explain(and_too)
    assert explained.canonical_id == ann
    assert [(m.account_id, m.evidence) for m in explained.members] == [
        ("c1", None),
        ("c3", "email+phone"),
        ("c4", "phone"),
    ]
    assert [m.account_id for m in house.explain(bob).members] == ["c2"]


def test_a_number_that_many_share_is_no_evidence_and_ends_the_links_it_made(house: House) -> None:
    for i in range(3):
        house.admit(f"c{i}", phone="13812345678")
    assert house.relink(at_most=3).n_linked == 2
    house.admit("c3", phone="13812345678")
    assert house.relink(at_most=3) == LinkChanges(n_linked=0, n_added=0, n_ended=2)


def test_an_account_that_many_used_joins_nobody(house: House) -> None:
    for i in range(4):
        house.admit("guest", email=f"u{i}@mail.com")
        house.admit(f"c{i}", email=f"u{i}@mail.com")
    assert house.relink(at_most=3).n_linked == 0


def test_facts_follow_links_and_the_past_stays(house: House) -> None:
    ann, too = house.admit("c1", email="ann@mail.com"), house.admit("c2", email="ann@mail.com")
    keep_orders(
        house.lake,
        order(order_id="a", person_id=ann),
        order(order_id="b", person_id=too),
        order(order_id="anonymous"),
        order(order_id="test", person_id=too, is_test=True),
        order(order_id="old version", person_id=too, superseded_at=START + timedelta(hours=1)),
    )
    apart = {"a": ann, "b": too, "anonymous": None}
    assert owners(house.lake) == apart
    house.relink()
    linked_at = house.now
    assert owners(house.lake) == {"a": ann, "b": ann, "anonymous": None}
    house.unlink(too)
    assert owners(house.lake) == apart
    assert owners(house.lake, known_at=linked_at) == {"a": ann, "b": ann, "anonymous": None}
    assert owners(house.lake, known_at=linked_at - timedelta(hours=1)) == apart
    assert owners(house.lake, known_at=START) == {**apart, "old version": too}
    assert owners(house.lake, known_at=START - timedelta(hours=1)) == {}


def test_a_link_by_hand_and_back(house: House) -> None:
    ann, ann_too = house.admit("c1", email="ann@mail.com"), house.admit("c2", email="ann@mail.com")
    bob, bob_too = house.admit("c3", email="bob@mail.com"), house.admit("c4", email="bob@mail.com")
    house.relink()
    before = house.aliases()
    assert before == {ann_too: ann, bob_too: bob}
    house.link(bob_too, ann_too)
    assert house.aliases() == {ann_too: ann, bob: ann, bob_too: ann}
    assert "hand" in house.explain(bob_too).members[-1].evidence
    house.unlink(ann_too, bob_too)
    assert house.aliases() == before
    assert house.relink().n_added == 0  # and it stays so
    assert [d.verdict for d in house.explain(ann).decisions] == ["apart"]


def test_who_was_taken_out_is_not_joined_again_but_newcomers_are(house: House) -> None:
    ann = house.admit("c1", phone="13812345678")
    son = house.admit("c2", phone="13812345678")
    house.relink()
    house.unlink(son)
    assert house.aliases() == {}
    aunt = house.admit("c3", phone="13812345678")
    house.relink()
    assert house.aliases() == {aunt: ann}
    house.link(son, ann)  # changed their mind
    assert house.aliases() == {son: ann, aunt: ann}


def test_people_who_were_forgotten_are_linked_no_more(house: House) -> None:
    house.admit("c1", email="ann@mail.com")
    too = house.admit("c2", email="ann@mail.com")
    house.relink()
    house.vault.forget(too)
    assert house.relink() == LinkChanges(n_linked=0, n_added=0, n_ended=1)


def test_what_cannot_be_linked_is_said(house: House) -> None:
    ann = house.admit("c1")
    with pytest.raises(SamePerson):
        house.link(ann, ann)
    with pytest.raises(PersonUnknown, match="no person 7"):
        house.link(7, ann)
    with pytest.raises(PersonUnknown):
        house.explain(7)
    with pytest.raises(NotLinked, match="anybody"):
        house.unlink(ann)
    with pytest.raises(NotLinked, match="not linked to 7"):
        house.unlink(ann, 7)


def test_a_run_that_was_cut_off_after_the_decision_is_completed_by_the_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = house.admit("c1"), house.admit("c2")

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Lake, "merge", cut)
        with pytest.raises(KeyboardInterrupt):
            house.link(ann, bob)
    assert not house.lake.has_table("aliases")
    assert house.explain(ann).decisions == ()  # neither half is there
    house.link(ann, bob)
    assert house.aliases() == {bob: ann}


def test_no_value_and_no_token_stands_in_the_lake(house: House) -> None:
    house.admit("c1", email="ann@mail.com")
    house.admit("c2", email="ann@mail.com")
    house.relink()
    rows = house.lake.engine.rows(house.lake.table("aliases"))
    assert [set(row) for row in rows] == [
        {"person_id", "canonical_id", "evidence", "linked_at", "unlinked_at"}
    ]
    assert rows[0]["evidence"] == "email"
