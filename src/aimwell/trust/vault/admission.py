"""Admission: the identifiers of a batch go into the vault, and random ids come out.

Runs inside one transaction that no other admission shares, so that looking and adding cannot race.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import sqlalchemy as sa

from aimwell.trust.vault import rows
from aimwell.trust.vault.forms import plain_form
from aimwell.trust.vault.model import ADMITTED, IDENTIFIERS, MATCHED, Kind
from aimwell.trust.vault.rows import EntryKey
from aimwell.trust.vault.keyring import PersonLock, Keyring, new_account_id, new_person_id

__all__ = ["admit_batch"]


class _Key(NamedTuple):
    """An account as its source names it."""

    source: str
    kind: str  # "id" stays as it is; every other kind is treated as an identifier
    value: str


class _Account(NamedTuple):
    account_id: str
    person_id: int


def admit_batch(connection: sa.Connection, arrivals: pa.RecordBatch, *, keyring: Keyring) -> pa.RecordBatch:
    """Return the accounts and people of these arrivals, adding those that are new and what is new of them.

    Parameters
    ----------
    connection
        An open transaction.
    arrivals
        Columns of `ARRIVALS`; identifier columns may be missing.
    keyring
        The shop key at work.

    Returns
    -------
    RecordBatch
        One row per arrival, in the same order: columns of `ADMITTED`.
    """
    sources, values, kinds = (
        arrivals.column(name).to_pylist() for name in ("source", "account_key", "account_key_kind")
    )
    keys = [
        None if value is None else _Key(source, kind, value)
        for source, kind, value in zip(sources, kinds, values, strict=True)
    ]
    accounts = _accounts(connection, {key for key in keys if key is not None}, keyring=keyring)
    admitted = [None if key is None else accounts[key] for key in keys]
    _add_identifiers(connection, _identifiers(arrivals, keys, admitted, keyring=keyring), keyring=keyring)
    return pa.RecordBatch.from_arrays(
        [
            pa.array(sources, pa.string()),
            pa.array(values, pa.string()),
            pa.array([account and account.account_id for account in admitted], pa.string()),
            pa.array([account and account.person_id for account in admitted], pa.int64()),
        ],
        schema=ADMITTED,
    )


def _accounts(connection: sa.Connection, keys: set[_Key], *, keyring: Keyring) -> dict[_Key, _Account]:
    """Return the account of every key; those never seen before are made."""
    opaque = {key for key in keys if key.kind == "id"}
    known = _opaque_accounts(connection, opaque)
    known |= _telling_accounts(connection, keys - opaque, keyring=keyring)
    return known


def _opaque_accounts(connection: sa.Connection, keys: set[_Key]) -> dict[_Key, _Account]:
    found: dict[_Key, _Account] = {}
    for source in sorted({key.source for key in keys}):
        wanted = {key.value for key in keys if key.source == source}
        people = rows.people_with_ids(connection, wanted, source=source)
        new = {account_id: new_person_id() for account_id in sorted(wanted - people.keys())}
        rows.add_accounts(connection, ((source, account_id, person) for account_id, person in new.items()))
        for account_id, person_id in (people | new).items():
            found[_Key(source, "id", account_id)] = _Account(account_id, person_id)
    return found


def _telling_accounts(
    connection: sa.Connection, keys: set[_Key], *, keyring: Keyring
) -> dict[_Key, _Account]:
    """Return the accounts of keys that are identifiers: found by token, and given a random id at first sight."""
    tokens = {key: keyring.account_token(key.value, source=key.source, kind=key.kind) for key in sorted(keys)}
    by_token = {
        token: _Account(*account)
        for token, account in rows.accounts_with_tokens(connection, set(tokens.values())).items()
    }
    new: list[tuple[str, str, int]] = []
    for key, token in tokens.items():
        if token not in by_token:
            by_token[token] = _Account(new_account_id(), new_person_id())
            new.append((key.source, *by_token[token]))
    rows.add_accounts(connection, new)
    return {key: by_token[token] for key, token in tokens.items()}


def _identifiers(
    arrivals: pa.RecordBatch,
    keys: Sequence[_Key | None],
    admitted: Sequence[_Account | None],
    *,
    keyring: Keyring,
) -> dict[EntryKey, str]:
    """Return every identifier in these arrivals once, under the key of its entry, in the order of arrival."""
    columns: list[tuple[Kind, list[str | None]]] = [
        (kind, arrivals.column(kind).to_pylist()) for kind in IDENTIFIERS if kind in arrivals.schema.names
    ]
    columns += [(kind, [key.value if key and key.kind == kind else None for key in keys]) for kind in MATCHED]
    seen = {
        (kind, value, account.person_id): None
        for kind, values in columns
        for value, account in zip(values, admitted, strict=True)
        if value is not None and account is not None and plain_form(value)
    }
    entries = {
        (kind, keyring.entry_token(kind, value, person_id=person_id), person_id): value
        for kind, value, person_id in seen
    }
    for key, account in dict(zip(keys, admitted, strict=True)).items():
        if key and account and key.kind != "id":
            token = keyring.account_token(key.value, source=key.source, kind=key.kind)
            entries["account", token, account.person_id] = key.value
    return entries


def _add_identifiers(connection: sa.Connection, entries: Mapping[EntryKey, str], *, keyring: Keyring) -> None:
    """Lock what the vault does not have yet under each person's own key, drawing keys where there are none."""
    held = rows.entries_held(connection, entries.keys())
    new = [(key, value) for key, value in entries.items() if key not in held]
    locks = _locks(connection, {person_id for (_, _, person_id), _ in new}, keyring=keyring)
    rows.add_entries(
        connection,
        (
            (kind, token, person_id, locks[person_id].close(value, kind=kind))
            for (kind, token, person_id), value in new
        ),
    )


def _locks(connection: sa.Connection, people: set[int], *, keyring: Keyring) -> dict[int, PersonLock]:
    locked_keys = rows.person_keys(connection, people)
    locks = {
        person_id: keyring.person_lock(locked_key, person_id=person_id)
        for person_id, locked_key in locked_keys.items()
    }
    new = {person_id: keyring.new_person_key(person_id) for person_id in sorted(people - locks.keys())}
    rows.add_person_keys(connection, ((person_id, locked) for person_id, (_, locked) in new.items()))
    return locks | {person_id: lock for person_id, (lock, _) in new.items()}
