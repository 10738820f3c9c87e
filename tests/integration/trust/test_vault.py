"""The vault on both databases: admission, display, search, erasure, and what lies on the disk."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from aimwell.storage.database import Database
from aimwell.trust.vault import ADMITTED, ARRIVALS, EVIDENCE, Identifier, Vault
from aimwell.trust.vault.errors import KeyWrong, Tampered
from aimwell.trust.vault.rows import ACCOUNTS, ENTRIES, PERSON_KEYS


def arrival(key: str | None, kind: str = "id", *, source: str = "shop", **identifiers: str) -> dict[str, Any]:
    return {"source": source, "account_key": key, "account_key_kind": kind, **identifiers}


def batch(*arrivals: dict[str, Any]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([dict.fromkeys(ARRIVALS.names) | row for row in arrivals], ARRIVALS)


def admit(vault: Vault, *arrivals: dict[str, Any]) -> list[dict[str, Any]]:
    return pa.Table.from_batches(vault.admit([batch(*arrivals)]), ADMITTED).to_pylist()


def person(vault: Vault, *args: str, **identifiers: str) -> int:
    return int(admit(vault, arrival(*args, **identifiers))[0]["person_id"])


def n_rows(database: Database, table: sa.Table) -> int:
    with database.read() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_every_arrival_gets_its_account_and_person_in_order(vault: Vault) -> None:
    admitted = admit(
        vault, arrival("c2"), arrival(None), arrival("c1"), arrival("c2"), arrival("c2", source="other")
    )
    assert [row["account_key"] for row in admitted] == ["c2", None, "c1", "c2", "c2"]
    assert [row["account_id"] for row in admitted] == ["c2", None, "c1", "c2", "c2"]
    people = [row["person_id"] for row in admitted]
    assert people[1] is None
    assert people[3] == people[0]
    assert len({people[0], people[2], people[4]}) == 3  # the same id in another source is another account


def test_doing_it_again_gives_the_same_and_stores_nothing(
    vault: Vault, database: Database, keys: Path
) -> None:
    rows = [
        arrival("c1", email="ann@mail.com", phone="138 1234 5678", name="Ann Lee"),
        arrival("bob@mail.com", "email", address="1 High Street"),
        arrival("c3"),
    ]
    first = admit(vault, *rows)
    counts = [n_rows(database, table) for table in (ACCOUNTS, PERSON_KEYS, ENTRIES)]
    assert counts == [3, 2, 3 + 3]  # bob: the account key, the e-mail it is, the address
    again = Vault(database=database, keys=keys, country="CN")
    assert admit(again, *reversed(rows)) == first[::-1]
    assert [n_rows(database, table) for table in (ACCOUNTS, PERSON_KEYS, ENTRIES)] == counts


def test_identifiers_come_back_as_they_were_given(vault: Vault) -> None:
    ann = person(vault, "c1", email="Ann@Mail.com ", phone="138 1234 5678", name="李安", device="a1-b2")
    assert vault.reveal(ann) == (
        Identifier(kind="email", value="Ann@Mail.com "),
        Identifier(kind="phone", value="138 1234 5678"),
        Identifier(kind="name", value="李安"),
        Identifier(kind="device", value="a1-b2"),
    )
    assert vault.reveal(1) == ()


def test_a_known_person_gains_what_is_new(vault: Vault) -> None:
    ann = person(vault, "c1")
    assert vault.reveal(ann) == ()
    assert person(vault, "c1", email="ann@mail.com") == ann
    assert person(vault, "c1", email="ANN@mail.com", phone="13812345678") == ann
    assert [found.value for found in vault.reveal(ann)] == ["ann@mail.com", "13812345678"]


def test_blank_identifiers_are_none(vault: Vault, database: Database) -> None:
    person(vault, "c1", email="", phone="  ", name="\u3000")
    assert n_rows(database, PERSON_KEYS) == 0


def test_columns_may_be_missing_and_batches_empty(vault: Vault) -> None:
    bare = batch(arrival("c1")).select(["source", "account_key", "account_key_kind"])
    assert [found.num_rows for found in vault.admit([bare, bare.slice(1), bare])] == [1, 0, 1]


def test_a_large_batch_stays_one_batch(vault: Vault, database: Database) -> None:
    rows = 20_001  # one more than a transaction takes
    large = pa.RecordBatch.from_pydict(
        {
            "source": ["shop"] * rows,
            "account_key": [f"c{i}" for i in range(rows)],
            "account_key_kind": ["id"] * rows,
        }
    )
    (admitted,) = vault.admit([large])
    assert admitted.column("account_id").equals(large.column("account_key"))
    assert len(set(admitted.column("person_id").to_pylist())) == n_rows(database, ACCOUNTS) == rows


@pytest.mark.parametrize(
    ("kind", "spellings"),
    [
        ("email", ("Ann@mail.com", "ann@MAIL.com")),
        ("phone", ("13812345678", "+86 138-1234-5678")),
        ("nickname", ("小鱼 2020", " 小鱼  2020")),
    ],
)
def test_a_key_that_is_an_identifier_never_comes_out(
    vault: Vault, kind: str, spellings: tuple[str, str]
) -> None:
    one, other = admit(vault, *(arrival(key, kind) for key in spellings))
    later = admit(vault, arrival(spellings[1], kind))[0]
    assert one["account_id"] == other["account_id"] == later["account_id"]
    assert one["person_id"] == other["person_id"] == later["person_id"]
    assert one["account_id"].startswith("account-")
    assert Identifier(kind="account", value=spellings[0]) in vault.reveal(one["person_id"])


@pytest.mark.parametrize("key", ["c\0 1", "x" * 201, "x" * 100_000])
def test_a_key_that_no_database_can_hold_is_kept_all_the_same(vault: Vault, key: str) -> None:
    admitted = admit(vault, arrival(key))[0]
    assert admitted == admit(vault, arrival(key))[0]
    assert admitted["account_id"].startswith("account-")


def test_people_are_found_in_any_spelling(vault: Vault) -> None:
    ann = person(vault, "c1", email="ann@mail.com", phone="13812345678")
    other = person(vault, "c2", email="ANN@mail.com")
    assert vault.find_people("email", " Ann@Mail.com") == (ann, other)
    assert vault.find_people("phone", "+86 138 1234 5678") == (ann,)
    assert vault.find_people("email", "bob@mail.com") == ()
    assert vault.find_people("email", "not an address") == ()


def test_accounts_are_found(vault: Vault) -> None:
    ann, bob = person(vault, "c1"), person(vault, "c1", "id")
    other = int(admit(vault, arrival("c1", source="other"))[0]["person_id"])
    assert ann == bob
    assert [(a.source, a.person_id) for a in vault.accounts_named("c1")] == [("shop", ann), ("other", other)]
    assert [a.person_id for a in vault.accounts_of([other, ann, 1])] == [ann, other]  # oldest first


def test_accounts_whose_key_is_an_identifier_are_found_by_it(vault: Vault) -> None:
    admitted = admit(vault, arrival("Tea Lover", "nickname"))[0]
    assert [a.account_id for a in vault.accounts_named("Tea Lover")] == [admitted["account_id"]]
    assert vault.accounts_named("nobody") == ()


def test_evidence_says_who_shares_but_not_what(vault: Vault) -> None:
    ann = person(vault, "c1", email="ann@mail.com", phone="13812345678")
    bob = person(vault, "c2", email="ann@mail.com", name="Bob")
    cat = person(vault, "c3", phone="13812345678", name="Bob")
    person(vault, "c4", email="test@mail.com")
    person(vault, "c5", email="test@mail.com")  # a placeholder joins nobody
    found = vault.evidence(at_most=10)
    assert found.schema == EVIDENCE
    by_item: dict[tuple[int, str], set[int]] = {}
    for row in found.to_pylist():
        by_item.setdefault((row["item"], row["kind"]), set()).add(row["person_id"])
    assert sorted(by_item.values(), key=sorted) == sorted([{ann, bob}, {ann, cat}], key=sorted)
    assert {kind for _, kind in by_item} == {"email", "phone"}
    assert vault.evidence(at_most=10, kinds=["phone"]).num_rows == 2
    assert vault.evidence(at_most=1).num_rows == 0  # shared by more than one: no evidence any more


def test_forgetting_destroys_one_person_and_nobody_else(vault: Vault, database: Database) -> None:
    ann, bob = person(vault, "c1", email="a@mail.com", name="Ann"), person(vault, "c2", email="b@mail.com")
    assert vault.forget(ann) == 2
    assert vault.forget(ann) == 0
    assert vault.reveal(ann) == ()
    assert vault.find_people("email", "a@mail.com") == ()
    assert [found.value for found in vault.reveal(bob)] == ["b@mail.com"]
    assert n_rows(database, PERSON_KEYS) == 1


def test_another_shops_key_is_refused_before_it_does_anything(
    vault: Vault, database: Database, tmp_path: Path
) -> None:
    person(vault, "c1", email="ann@mail.com")
    Vault.create_keys(tmp_path / "other")
    wrong = Vault(database=database, keys=tmp_path / "other", country="CN")
    with pytest.raises(KeyWrong, match="locked with another key"):
        admit(wrong, arrival("c2"))
    with pytest.raises(KeyWrong):
        wrong.find_people("email", "ann@mail.com")
    assert n_rows(database, ACCOUNTS) == 1


def test_keys_are_made_once(keys: Path) -> None:
    before = (keys / "shop.key").read_bytes()
    Vault.create_keys(keys)
    assert (keys / "shop.key").read_bytes() == before


def test_an_entry_moved_to_another_person_is_noticed(vault: Vault, database: Database) -> None:
    ann, bob = person(vault, "c1", email="a@mail.com"), person(vault, "c2", email="b@mail.com")
    with database.begin() as connection:
        anns = sa.select(ENTRIES.c.ciphertext).where(ENTRIES.c.person_id == ann).scalar_subquery()
        connection.execute(sa.update(ENTRIES).where(ENTRIES.c.person_id == bob).values(ciphertext=anns))
    assert len(vault.reveal(ann)) == 1
    with pytest.raises(Tampered):
        vault.reveal(bob)


def test_a_key_moved_to_another_person_is_noticed(vault: Vault, database: Database) -> None:
    ann, bob = person(vault, "c1", email="a@mail.com"), person(vault, "c2", email="b@mail.com")
    with database.begin() as connection:
        anns = sa.select(PERSON_KEYS.c.locked_key).where(PERSON_KEYS.c.person_id == ann).scalar_subquery()
        connection.execute(
            sa.update(PERSON_KEYS).where(PERSON_KEYS.c.person_id == bob).values(locked_key=anns)
        )
    with pytest.raises(Tampered, match="person key"):
        vault.reveal(bob)


def test_sealed_bytes_come_back(vault: Vault) -> None:
    sealed = vault.seal(b"7,ann@mail.com", purpose="quarantine")
    assert b"ann" not in sealed
    assert vault.unseal(sealed, purpose="quarantine") == b"7,ann@mail.com"


PLANTED = {
    "email": "planted.person@mailbox-canary.com",
    "phone": "13987650123",
    "name": "Quintessa Canary",
    "address": "4711 Canary Road",
    "device": "canary-device-0815",
}


def spellings(value: str) -> set[bytes]:
    raw = value.encode()
    encoded = {
        value,
        value.lower(),
        value.upper(),
        base64.b64encode(raw).decode().rstrip("=")[:-1],
        raw.hex(),
    }
    return {text.encode(code) for text in encoded for code in ("utf-8", "utf-16-le", "utf-16-be")}


def test_no_identifier_lies_on_the_disk(tmp_path: Path, keys: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'a.db'}")
    database.upgrade()
    vault = Vault(database=database, keys=keys, country="CN")
    ann = person(vault, "c1", **PLANTED)
    person(vault, "nick.canary", "nickname")
    control = vault.reveal(ann)
    database.close()
    assert {found.value for found in control} == set(PLANTED.values())
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"c1" in written  # the opaque account id is there: the search looks at the right bytes
    searched = [*PLANTED.values(), "nick.canary", "+8613987650123"]
    assert [value for value in searched for form in spellings(value) if form in written] == []


def test_what_was_forgotten_is_wiped_from_the_file(tmp_path: Path, keys: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'a.db'}")
    database.upgrade()
    vault = Vault(database=database, keys=keys, country="CN")
    ann = person(vault, "c1", email="ann@mail.com")
    with database.read() as connection:
        locked: bytes = connection.execute(sa.select(PERSON_KEYS.c.locked_key)).scalar_one()
    assert locked in (tmp_path / "a.db").read_bytes()
    vault.forget(ann)
    assert locked not in (tmp_path / "a.db").read_bytes()
    database.close()


ADMITTING = """
import sys
from pathlib import Path
import pyarrow as pa
from aimwell.storage.database import Database
from aimwell.trust.vault import Vault
url, keys, step = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
vault = Vault(database=Database.open(url), keys=keys, country="CN")
n = 400
ids = list(range(n))[::step]
for start in range(0, n, 50):
    some = ids[start : start + 50]
    rows = [
        {"source": "shop", "account_key": f"c{i}", "account_key_kind": "id", "email": f"u{i % 90}@mail.com"}
        for i in some
    ] + [{"source": "shop", "account_key": f"nick {i}", "account_key_kind": "nickname", "email": None} for i in some]
    for batch in vault.admit([pa.RecordBatch.from_pylist(rows)]):
        for row in batch.to_pylist():
            print(row["account_key"], row["account_id"], row["person_id"])
"""


def test_two_processes_at_once_agree(database: Database, keys: Path) -> None:
    url = database.url.render_as_string(hide_password=False)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", ADMITTING, url, str(keys), step], stdout=subprocess.PIPE, text=True
        )
        for step in ("1", "-1")
    ]
    seen = [sorted(process.communicate(timeout=60)[0].splitlines()) for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert len(seen[0]) == 800
    assert seen[0] == seen[1]
    assert [n_rows(database, table) for table in (ACCOUNTS, ENTRIES)] == [800, 800]
