"""Admission: the identifiers of a batch go into the vault, and random ids come out.

Runs inside one transaction that no other admission shares, so that looking and adding cannot race.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa
import sqlalchemy as sa

from aimwell.trust.vault import rows
from aimwell.trust.vault.forms import plain_form
from aimwell.trust.vault.keyring import Keyring, PersonLock, new_account_id, new_person_id
from aimwell.trust.vault.model import ADMITTED, IDENTIFIERS, MATCHED, Kind

__all__ = ["admit_batch"]

_LONGEST_ID = 200  # characters; a longer key is no id, and does not fit into an index


class _Key(NamedTuple):
    """An account as its source names it."""

    source: str
    kind: str
    value: str

    @property
    def is_opaque(self) -> bool:
        """Whether the key may stand in the lake as it is; in doubt it is an identifier."""
        return self.kind == "id" and len(self.value) <= _LONGEST_ID and "\0" not in self.value


class _Account(NamedTuple):
    account_id: str
    person_id: int


class _Entry(NamedTuple):
    """One identifier of one person."""

    token: str
    person_id: int
    kind: Kind
    value: str


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
    told = _told_by_keys(accounts, keyring=keyring)
    given = _given(arrivals, admitted, keyring=keyring)
    _add(connection, {entry[:2]: entry for entry in (*told, *given)}, keyring=keyring)
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
    opaque = {key for key in keys if key.is_opaque}
    found = _telling_accounts(connection, sorted(keys - opaque), keyring=keyring)
    for source in sorted({key.source for key in opaque}):
        of_source = [key for key in opaque if key.source == source]
        found |= _opaque_accounts(connection, of_source, source=source)
    return found


def _opaque_accounts(
    connection: sa.Connection, keys: Sequence[_Key], *, source: str
) -> dict[_Key, _Account]:
    people = rows.people_with_ids(connection, [key.value for key in keys], source=source)
    new = {key.value: new_person_id() for key in sorted(keys) if key.value not in people}
    rows.add_accounts(connection, ((source, account_id, person_id) for account_id, person_id in new.items()))
    people |= new
    return {key: _Account(key.value, people[key.value]) for key in keys}


def _telling_accounts(
    connection: sa.Connection, keys: Sequence[_Key], *, keyring: Keyring
) -> dict[_Key, _Account]:
    """Return the accounts of keys that are identifiers: found by token, given a random id at first sight."""
    tokens = {key: _account_token(key, keyring=keyring) for key in keys}
    found = rows.accounts_with_tokens(connection, set(tokens.values()))
    by_token = {token: _Account(*account) for token, account in found.items()}
    new: list[tuple[str, str, int]] = []
    for key, token in tokens.items():
        if token not in by_token:
            by_token[token] = _Account(new_account_id(), new_person_id())
            new.append((key.source, *by_token[token]))
    rows.add_accounts(connection, new)
    return {key: by_token[token] for key, token in tokens.items()}


def _account_token(key: _Key, *, keyring: Keyring) -> str:
    return keyring.account_token(key.value, source=key.source, kind=key.kind)


def _told_by_keys(accounts: dict[_Key, _Account], *, keyring: Keyring) -> Iterator[_Entry]:
    """Yield what account keys tell: themselves, and an e-mail or phone if they are one."""
    for key, (_, person_id) in sorted(accounts.items()):
        if key.is_opaque:
            continue
        yield _Entry(_account_token(key, keyring=keyring), person_id, "account", key.value)
        for kind in MATCHED:
            if key.kind == kind:
                token = keyring.entry_token(kind, key.value, person_id=person_id)
                yield _Entry(token, person_id, kind, key.value)


def _given(
    arrivals: pa.RecordBatch, admitted: Sequence[_Account | None], *, keyring: Keyring
) -> Iterator[_Entry]:
    """Yield every identifier that arrived with a known account; blank ones are none."""
    for kind in IDENTIFIERS:
        if kind not in arrivals.schema.names:
            continue
        values = arrivals.column(kind).to_pylist()
        given = {
            (value, account.person_id)
            for value, account in zip(values, admitted, strict=True)
            if value is not None and account is not None
        }
        for value, person_id in sorted(given):
            if plain_form(value):
                token = keyring.entry_token(kind, value, person_id=person_id)
                yield _Entry(token, person_id, kind, value)


def _add(
    connection: sa.Connection, entries: dict[tuple[str, int], _Entry], *, keyring: Keyring
) -> None:
    """Lock what the vault does not have yet under each person's own key, drawing keys where there are none."""
    held = rows.entries_held(connection, entries.keys())
    new = [entry for key, entry in entries.items() if key not in held]
    locks = _locks(connection, {entry.person_id for entry in new}, keyring=keyring)
    rows.add_entries(
        connection,
        (
            (token, person_id, kind, locks[person_id].close(value, kind=kind))
            for token, person_id, kind, value in new
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
