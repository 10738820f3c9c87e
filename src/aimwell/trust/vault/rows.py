"""The vault's tables and their queries. No column holds an identifier in clear, nor a hash without a key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from aimwell.storage.database.bulk import among, insert_rows
from aimwell.trust.vault.model import Account, Kind, MatchedKind

__all__ = [
    "METADATA",
    "account_numbers",
    "accounts_named",
    "accounts_of",
    "accounts_with_tokens",
    "add_accounts",
    "add_entries",
    "add_person_keys",
    "delete_person",
    "entries_held",
    "entries_of",
    "entries_of_kind",
    "evidence",
    "key_check",
    "people_with_ids",
    "people_with_token",
    "person_keys",
    "set_key_check",
    "sources",
]

METADATA = sa.MetaData()

_Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts up in no other type
_AT_ONCE = 10_000  # rows fetched together

# One row: what the shop key must give, so that another shop's key is refused before it locks anything.
SHOP = sa.Table(
    "vault_shop",
    METADATA,
    sa.Column("shop_no", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key_check", sa.LargeBinary, nullable=False),
)

# One row per account of a source; each is its own provisional person, and `account_no` tells who is older.
ACCOUNTS = sa.Table(
    "vault_accounts",
    METADATA,
    sa.Column("account_no", _Serial, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("person_id", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("source", "account_id", name="vault_accounts_key"),
    sa.UniqueConstraint("person_id", name="vault_accounts_person"),
)

# One row per person of whom an identifier is held: the person's own key, locked with the shop key.
PERSON_KEYS = sa.Table(
    "vault_person_keys",
    METADATA,
    sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("locked_key", sa.LargeBinary, nullable=False),
)

# One row per person and identifier. Equal e-mails (phones, account keys) of different people have an equal `token`; for
# other kinds, for placeholders and for masked values it is equal only within the person. Kinds share none.
ENTRIES = sa.Table(
    "vault_entries",
    METADATA,
    sa.Column("entry_no", _Serial, primary_key=True),
    sa.Column("person_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("token", sa.Text, nullable=False),
    sa.Column("ciphertext", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("token", "person_id", name="vault_entries_key"),
    sa.ForeignKeyConstraint(
        ["person_id"], ["vault_person_keys.person_id"], name="vault_entries_locked", ondelete="CASCADE"
    ),
    sa.Index("vault_entries_person", "person_id"),
)


def key_check(connection: sa.Connection) -> bytes | None:
    """Return what the shop key must give, or None in a new vault."""
    return connection.execute(sa.select(SHOP.c.key_check)).scalar_one_or_none()


def set_key_check(connection: sa.Connection, check: bytes) -> None:
    """Tie this vault to the shop key that gives `check`."""
    connection.execute(sa.insert(SHOP).values(shop_no=1, key_check=check))


def people_with_ids(
    connection: sa.Connection, account_ids: Collection[str], *, source: str
) -> dict[str, int]:
    """Return the people of those accounts of a source that have been seen, by account id."""
    query = sa.select(ACCOUNTS.c.account_id, ACCOUNTS.c.person_id).where(
        ACCOUNTS.c.source == source, among(connection, {ACCOUNTS.c.account_id: account_ids})
    )
    return {row.account_id: row.person_id for row in connection.execute(query)}


def accounts_with_tokens(connection: sa.Connection, tokens: Collection[str]) -> dict[str, tuple[str, int]]:
    """Return account id and person of the accounts whose key is an identifier with one of these tokens."""
    query = (
        sa.select(ENTRIES.c.token, ACCOUNTS.c.account_id, ACCOUNTS.c.person_id)
        .join_from(ENTRIES, ACCOUNTS, ACCOUNTS.c.person_id == ENTRIES.c.person_id)
        .where(among(connection, {ENTRIES.c.token: tokens}))
    )
    return {row.token: (row.account_id, row.person_id) for row in connection.execute(query)}


def add_accounts(connection: sa.Connection, accounts: Iterable[tuple[str, str, int]]) -> None:
    """Add accounts: source, account id and person each."""
    insert_rows(connection, ACCOUNTS, accounts, columns=("source", "account_id", "person_id"))


def person_keys(connection: sa.Connection, person_ids: Collection[int]) -> dict[int, bytes]:
    """Return the locked keys of those people who have one."""
    query = sa.select(PERSON_KEYS).where(among(connection, {PERSON_KEYS.c.person_id: person_ids}))
    return {row.person_id: row.locked_key for row in connection.execute(query)}


def add_person_keys(connection: sa.Connection, keys: Iterable[tuple[int, bytes]]) -> None:
    """Add people's locked keys."""
    insert_rows(connection, PERSON_KEYS, keys, columns=("person_id", "locked_key"))


def entries_held(connection: sa.Connection, keys: Collection[tuple[str, int]]) -> set[tuple[str, int]]:
    """Return those of these entries, token and person each, that the vault already has."""
    wanted: dict[sa.Column[Any], list[Any]] = {
        ENTRIES.c.token: [token for token, _ in keys],
        ENTRIES.c.person_id: [person_id for _, person_id in keys],
    }
    query = sa.select(ENTRIES.c.token, ENTRIES.c.person_id).where(among(connection, wanted))
    return {(row.token, row.person_id) for row in connection.execute(query)}


def add_entries(connection: sa.Connection, entries: Iterable[tuple[str, int, Kind, bytes]]) -> None:
    """Add entries: token, person, kind and ciphertext each."""
    insert_rows(connection, ENTRIES, entries, columns=("token", "person_id", "kind", "ciphertext"))


def entries_of(connection: sa.Connection, person_id: int) -> list[tuple[Kind, bytes]]:
    """Return kind and ciphertext of all that is held of one person, in the order of arrival."""
    query = sa.select(ENTRIES.c.kind, ENTRIES.c.ciphertext).where(ENTRIES.c.person_id == person_id)
    return [(row.kind, row.ciphertext) for row in connection.execute(query.order_by(ENTRIES.c.entry_no))]


def entries_of_kind(
    connection: sa.Connection, person_ids: Collection[int], *, kind: Kind
) -> list[tuple[int, str, bytes, bytes]]:
    """Return person, token, ciphertext and the person's locked key of all entries of a kind, in the order of arrival."""
    query = (
        sa.select(ENTRIES.c.person_id, ENTRIES.c.token, ENTRIES.c.ciphertext, PERSON_KEYS.c.locked_key)
        .join_from(ENTRIES, PERSON_KEYS, PERSON_KEYS.c.person_id == ENTRIES.c.person_id)
        .where(ENTRIES.c.kind == kind, among(connection, {ENTRIES.c.person_id: person_ids}))
        .order_by(ENTRIES.c.entry_no)
    )
    return [tuple(row) for row in connection.execute(query)]


def people_with_token(connection: sa.Connection, token: str) -> list[int]:
    """Return the people who have this value, in the order in which they brought it."""
    query = sa.select(ENTRIES.c.person_id).where(ENTRIES.c.token == token).order_by(ENTRIES.c.entry_no)
    return list(connection.execute(query).scalars())


def accounts_of(connection: sa.Connection, person_ids: Collection[int]) -> list[Account]:
    """Return the accounts of these people, oldest first."""
    query = sa.select(ACCOUNTS).where(among(connection, {ACCOUNTS.c.person_id: person_ids}))
    return _accounts(connection, query)


def account_numbers(connection: sa.Connection, person_ids: Collection[int]) -> dict[int, int]:
    """Return the account number of each of these people: the older, the smaller."""
    query = sa.select(ACCOUNTS.c.person_id, ACCOUNTS.c.account_no).where(
        among(connection, {ACCOUNTS.c.person_id: person_ids})
    )
    return {row.person_id: row.account_no for row in connection.execute(query)}


def accounts_named(connection: sa.Connection, account_ids: Collection[str]) -> list[Account]:
    """Return the accounts of these ids in any source, oldest first."""
    return _accounts(connection, sa.select(ACCOUNTS).where(ACCOUNTS.c.account_id.in_(account_ids)))


def sources(connection: sa.Connection) -> list[str]:
    """Return the sources that accounts came from, sorted."""
    return list(connection.scalars(sa.select(ACCOUNTS.c.source).distinct().order_by(ACCOUNTS.c.source)))


def evidence(
    connection: sa.Connection, kinds: Collection[MatchedKind], *, at_most: int
) -> Iterator[list[tuple[int, str, int, int]]]:
    """Stream item, kind, person and entry number of every value that 2 to `at_most` people have in common."""
    shared = (
        sa.select(ENTRIES.c.token, sa.func.min(ENTRIES.c.entry_no).label("item"))
        .where(ENTRIES.c.kind.in_(kinds))
        .group_by(ENTRIES.c.token)
        .having(sa.func.count().between(2, at_most))
        .subquery()
    )
    query = sa.select(shared.c.item, ENTRIES.c.kind, ENTRIES.c.person_id, ENTRIES.c.entry_no).join_from(
        shared, ENTRIES, ENTRIES.c.token == shared.c.token
    )
    found = connection.execution_options(yield_per=_AT_ONCE).execute(query)
    for part in found.partitions():
        yield [(row.item, row.kind, row.person_id, row.entry_no) for row in part]


def delete_person(connection: sa.Connection, person_id: int) -> int:
    """Delete a person's key and with it all entries; returns how many entries there were."""
    n_entries = connection.execute(sa.delete(ENTRIES).where(ENTRIES.c.person_id == person_id)).rowcount
    connection.execute(sa.delete(PERSON_KEYS).where(PERSON_KEYS.c.person_id == person_id))
    return n_entries


def _accounts(connection: sa.Connection, query: sa.Select[Any]) -> list[Account]:
    ordered = query.order_by(ACCOUNTS.c.account_no)
    return [Account(**row) for row in connection.execute(ordered).mappings()]
