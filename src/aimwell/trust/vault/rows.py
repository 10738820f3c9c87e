"""The vault's tables and their queries. No column holds an identifier in clear, nor a hash without a key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from aimwell.trust.vault.model import Account, Kind, MatchedKind

__all__ = [
    "METADATA",
    "EntryKey",
    "accounts_named",
    "accounts_of",
    "accounts_with_tokens",
    "add_accounts",
    "add_entries",
    "add_person_keys",
    "delete_person",
    "entries_held",
    "entries_of",
    "evidence",
    "key_check",
    "people_with_ids",
    "people_with_token",
    "person_keys",
    "set_key_check",
]

METADATA = sa.MetaData()

_Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # SQLite counts up in no other type
_AT_ONCE = 8_000  # rows named in one query; a row takes up to three of SQLite's 32,766 variables

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

# One row per person and identifier. `token` is equal for equal e-mails (phones, account keys) of anybody, but for other
# kinds, for placeholders and for masked values only within the person.
ENTRIES = sa.Table(
    "vault_entries",
    METADATA,
    sa.Column("entry_no", _Serial, primary_key=True),
    sa.Column("person_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("token", sa.LargeBinary, nullable=False),
    sa.Column("ciphertext", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("kind", "token", "person_id", name="vault_entries_key"),
    sa.ForeignKeyConstraint(
        ["person_id"], ["vault_person_keys.person_id"], name="vault_entries_locked", ondelete="CASCADE"
    ),
    sa.Index("vault_entries_person", "person_id"),
)

EntryKey = tuple[Kind, bytes, int]
"""Kind, token and person of an entry."""

_Item = TypeVar("_Item", str, int, bytes, EntryKey)


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
    query = sa.select(ACCOUNTS.c.account_id, ACCOUNTS.c.person_id).where(ACCOUNTS.c.source == source)
    rows = _in_portions(connection, query, ACCOUNTS.c.account_id, account_ids)
    return {account_id: person_id for account_id, person_id in rows}


def accounts_with_tokens(
    connection: sa.Connection, tokens: Collection[bytes]
) -> dict[bytes, tuple[str, int]]:
    """Return account id and person of the accounts whose key is an identifier with one of these tokens."""
    query = (
        sa.select(ENTRIES.c.token, ACCOUNTS.c.account_id, ACCOUNTS.c.person_id)
        .join_from(ENTRIES, ACCOUNTS, ENTRIES.c.person_id == ACCOUNTS.c.person_id)
        .where(ENTRIES.c.kind == "account")
    )
    rows = _in_portions(connection, query, ENTRIES.c.token, tokens)
    return {token: (account_id, person_id) for token, account_id, person_id in rows}


def add_accounts(connection: sa.Connection, accounts: Iterable[tuple[str, str, int]]) -> None:
    """Add accounts: source, account id and person each."""
    _insert(connection, ACCOUNTS, accounts, columns=("source", "account_id", "person_id"))


def person_keys(connection: sa.Connection, person_ids: Collection[int]) -> dict[int, bytes]:
    """Return the locked keys of those people who have one."""
    query = sa.select(PERSON_KEYS.c.person_id, PERSON_KEYS.c.locked_key)
    rows = _in_portions(connection, query, PERSON_KEYS.c.person_id, person_ids)
    return {person_id: locked_key for person_id, locked_key in rows}


def add_person_keys(connection: sa.Connection, keys: Iterable[tuple[int, bytes]]) -> None:
    """Add people's locked keys."""
    _insert(connection, PERSON_KEYS, keys, columns=("person_id", "locked_key"))


def entries_held(connection: sa.Connection, entries: Collection[EntryKey]) -> set[EntryKey]:
    """Return which of these entries the vault already has."""
    key = (ENTRIES.c.kind, ENTRIES.c.token, ENTRIES.c.person_id)
    rows = _in_portions(connection, sa.select(*key), sa.tuple_(*key), entries)
    return {(kind, token, person_id) for kind, token, person_id in rows}


def add_entries(connection: sa.Connection, entries: Iterable[tuple[Kind, bytes, int, bytes]]) -> None:
    """Add entries: kind, token, person and ciphertext each."""
    _insert(connection, ENTRIES, entries, columns=("kind", "token", "person_id", "ciphertext"))


def entries_of(connection: sa.Connection, person_id: int) -> list[tuple[Kind, bytes]]:
    """Return kind and ciphertext of all that is held of one person, in the order of arrival."""
    query = sa.select(ENTRIES.c.kind, ENTRIES.c.ciphertext).where(ENTRIES.c.person_id == person_id)
    return [(kind, closed) for kind, closed in connection.execute(query.order_by(ENTRIES.c.entry_no))]


def people_with_token(connection: sa.Connection, token: bytes, *, kind: MatchedKind) -> list[int]:
    """Return the people who have this e-mail or phone, in the order in which they brought it."""
    query = sa.select(ENTRIES.c.person_id).where(ENTRIES.c.kind == kind, ENTRIES.c.token == token)
    return list(connection.execute(query.order_by(ENTRIES.c.entry_no)).scalars())


def accounts_of(connection: sa.Connection, person_ids: Collection[int]) -> list[Account]:
    """Return the accounts of these people, oldest first."""
    rows = _in_portions(connection, sa.select(ACCOUNTS), ACCOUNTS.c.person_id, person_ids)
    return sorted((Account(**row._mapping) for row in rows), key=lambda account: account.account_no)


def accounts_named(connection: sa.Connection, account_id: str) -> list[Account]:
    """Return the accounts of this id in any source, oldest first."""
    query = sa.select(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id).order_by(ACCOUNTS.c.account_no)
    return [Account(**row) for row in connection.execute(query).mappings()]


def evidence(
    connection: sa.Connection, kinds: Collection[MatchedKind], *, at_most: int
) -> Iterator[Sequence[sa.Row[tuple[int, str, int, int]]]]:
    """Stream item, kind, person and entry number of every value that 2 to `at_most` people have in common."""
    shared = (
        sa.select(ENTRIES.c.kind, ENTRIES.c.token, sa.func.min(ENTRIES.c.entry_no).label("item"))
        .where(ENTRIES.c.kind.in_(kinds))
        .group_by(ENTRIES.c.kind, ENTRIES.c.token)
        .having(sa.func.count().between(2, at_most))
        .subquery()
    )
    same_value = (ENTRIES.c.kind == shared.c.kind) & (ENTRIES.c.token == shared.c.token)
    query = sa.select(shared.c.item, ENTRIES.c.kind, ENTRIES.c.person_id, ENTRIES.c.entry_no).join_from(
        shared, ENTRIES, same_value
    )
    yield from connection.execution_options(yield_per=_AT_ONCE).execute(query).partitions()


def delete_person(connection: sa.Connection, person_id: int) -> int:
    """Delete a person's key and with it all entries; returns how many entries there were."""
    n_entries = connection.execute(sa.delete(ENTRIES).where(ENTRIES.c.person_id == person_id)).rowcount
    connection.execute(sa.delete(PERSON_KEYS).where(PERSON_KEYS.c.person_id == person_id))
    return n_entries


def _in_portions(
    connection: sa.Connection,
    query: sa.Select[Any],
    column: sa.ColumnElement[Any],
    values: Collection[_Item],
) -> Iterator[sa.Row[Any]]:
    """Run a query for values of any number, so many at a time as a database takes."""
    listed = sorted(values)
    for start in range(0, len(listed), _AT_ONCE):
        yield from connection.execute(query.where(column.in_(listed[start : start + _AT_ONCE])))


def _insert(
    connection: sa.Connection, table: sa.Table, rows: Iterable[tuple[Any, ...]], *, columns: Sequence[str]
) -> None:
    values = [dict(zip(columns, row, strict=True)) for row in rows]
    if values:
        connection.execute(sa.insert(table), values)
