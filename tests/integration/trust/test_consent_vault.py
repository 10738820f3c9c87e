"""What consent and sending need of the vault: addresses in batches, tokens without a database, keys for other uses."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa

from aimwell.storage.database import Database
from aimwell.trust.vault import ContactPoint, Vault
from aimwell.trust.vault.errors import Tampered
from aimwell.trust.vault.keys import read_shop_key
from aimwell.trust.vault.rows import ENTRIES


def admitted(vault: Vault, *rows: dict[str, str | None]) -> list[int]:
    arrivals = [
        {"source": "s", "account_key": f"c{i}", "account_key_kind": "id", "email": None, "phone": None} | row
        for i, row in enumerate(rows)
    ]
    (batch,) = vault.admit([pa.RecordBatch.from_pylist(arrivals)])
    return [int(person) for person in batch.column("person_id").to_pylist()]


def test_addresses_come_back_in_the_form_that_is_written_to(vault: Vault) -> None:
    ann, bob, cat, dan = admitted(
        vault,
        {"email": " Ann.Lee@Mail.COM ", "phone": "138 1234 5678"},
        {"email": "ann.lee@mail.com"},
        {"email": "test@mail.com", "phone": "138****5678"},  # a placeholder, a masked number
        {},
    )
    mail = ContactPoint(
        token=str(vault.point_tokens("email", ["ann.lee@mail.com"])[0]), value="ann.lee@mail.com"
    )
    people = [ann, bob, cat, dan, 1]
    assert vault.contact_points(people, "email") == {ann: (mail,), bob: (mail,)}
    (phone,) = vault.contact_points(people, "phone")[ann]
    assert phone == ContactPoint(
        token=str(vault.point_tokens("phone", ["+8613812345678"])[0]), value="+8613812345678"
    )
    assert vault.contact_points([], "email") == {}


def test_first_given_comes_first(vault: Vault) -> None:
    (ann,) = admitted(vault, {"email": "old@mail.com"})
    admitted(vault, {"email": "new@mail.com"})
    assert [point.value for point in vault.contact_points([ann], "email")[ann]] == [
        "old@mail.com",
        "new@mail.com",
    ]


def test_addresses_of_the_forgotten_are_gone(vault: Vault) -> None:
    ann, bob = admitted(vault, {"email": "ann@mail.com"}, {"email": "bob@mail.com"})
    vault.forget(ann)
    assert list(vault.contact_points([ann, bob], "email")) == [bob]


def test_an_address_moved_to_another_person_is_noticed(vault: Vault, database: Database) -> None:
    ann, bob = admitted(vault, {"email": "ann@mail.com"}, {"email": "bob@mail.com"})
    with database.begin() as connection:
        anns = sa.select(ENTRIES.c.ciphertext).where(ENTRIES.c.person_id == ann).scalar_subquery()
        connection.execute(sa.update(ENTRIES).where(ENTRIES.c.person_id == bob).values(ciphertext=anns))
    with pytest.raises(Tampered):
        vault.contact_points([ann, bob], "email")


def test_what_reaches_nobody_has_no_token(vault: Vault) -> None:
    tokens = vault.point_tokens("email", ["ann@mail.com", "ANN@mail.com", "noreply@mail.com", "", "ann"])
    assert tokens[0] == tokens[1] != None  # noqa: E711
    assert tokens[2:] == [None, None, None]
    assert vault.point_tokens("email", []) == []


def test_keys_for_other_uses_are_the_shops_own(
    vault: Vault, keys: Path, tmp_path: Path, database: Database
) -> None:
    key = vault.derived_key("unsubscribe")
    assert len(key) == 32
    assert key == Vault(database=database, keys=keys, country=None).derived_key("unsubscribe")
    assert key != vault.derived_key("webhook")
    Vault.create_keys(tmp_path / "other")
    assert key != Vault(database=database, keys=tmp_path / "other", country="CN").derived_key("unsubscribe")


@pytest.mark.parametrize("use", ["check", "index", "person keys", "seals"])
def test_nobody_is_given_one_of_the_vaults_own_keys(vault: Vault, keys: Path, use: str) -> None:
    assert vault.derived_key(use) != read_shop_key(keys).derived(use)
