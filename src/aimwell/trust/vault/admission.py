"""Admission: the identifiers of a batch go into the vault, and random ids come out.

Runs inside one transaction that no other admission shares, so that looking and adding cannot race.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
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


class _Account(NamedTuple):
    account_id: str
    person_id: int


class _Entry(NamedTuple):
    """One identifier of one person."""

    token: str
    person_id: int
    kind: Kind
    value: str


@dataclass(frozen=True)
class _Accounts:
    """The accounts of a batch, and the people among them who were never seen before."""

    by_key: dict[_Key, _Account] = field(default_factory=dict)
    newcomers: set[int] = field(default_factory=set)


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
    sources, kinds, values = (
        arrivals.column(name).to_pylist() for name in ("source", "account_key_kind", "account_key")
    )
    keys = [_Key(*key) if key[2] is not None else None for key in zip(sources, kinds, values, strict=True)]
    accounts = _accounts(connection, list(dict.fromkeys(key for key in keys if key)), keyring=keyring)
    admitted = [accounts.by_key[key] if key else None for key in keys]
    person_ids = [account.person_id if account else None for account in admitted]
    entries = chain(_told_by_keys(accounts, keyring=keyring), _given(arrivals, person_ids, keyring=keyring))
    _add(connection, entries, newcomers=accounts.newcomers, keyring=keyring)
    account_ids = [account.account_id if account else None for account in admitted]
    return pa.RecordBatch.from_pydict(
        dict(zip(ADMITTED.names, (sources, values, account_ids, person_ids), strict=True)), ADMITTED
    )


def _accounts(connection: sa.Connection, keys: Sequence[_Key], *, keyring: Keyring) -> _Accounts:
    """Return the account of every key; those never seen before are made."""
    accounts = _Accounts()
    opaque = [key for key in keys if _is_opaque(key)]
    for source in sorted({key.source for key in opaque}):
        ids = sorted(key.value for key in opaque if key.source == source)
        _find_opaque(connection, ids, source=source, accounts=accounts)
    _find_telling(
        connection, [key for key in keys if not _is_opaque(key)], keyring=keyring, accounts=accounts
    )
    return accounts


def _is_opaque(key: _Key) -> bool:
    """Say whether the key may stand in the lake as it is; in doubt it is an identifier."""
    return key.kind == "id" and len(key.value) <= _LONGEST_ID and "\0" not in key.value


def _find_opaque(connection: sa.Connection, ids: Sequence[str], *, source: str, accounts: _Accounts) -> None:
    people = rows.people_with_ids(connection, ids, source=source)
    new = {account_id: new_person_id() for account_id in ids if account_id not in people}
    rows.add_accounts(connection, ((source, account_id, person_id) for account_id, person_id in new.items()))
    accounts.newcomers.update(new.values())
    for account_id, person_id in chain(people.items(), new.items()):
        accounts.by_key[_Key(source, "id", account_id)] = _Account(account_id, person_id)


def _find_telling(
    connection: sa.Connection, keys: Collection[_Key], *, keyring: Keyring, accounts: _Accounts
) -> None:
    """Find accounts whose keys are identifiers by their token; give each a random id at first sight."""
    tokens = {key: _account_token(key, keyring=keyring) for key in keys}
    found = rows.accounts_with_tokens(connection, set(tokens.values()))
    by_token = {token: _Account(*account) for token, account in found.items()}
    new: list[tuple[str, str, int]] = []
    for key, token in tokens.items():
        if token not in by_token:
            by_token[token] = _Account(new_account_id(), new_person_id())
            new.append((key.source, *by_token[token]))
        accounts.by_key[key] = by_token[token]
    rows.add_accounts(connection, new)
    accounts.newcomers.update(person_id for _, _, person_id in new)


def _account_token(key: _Key, *, keyring: Keyring) -> str:
    return keyring.account_token(key.value, source=key.source, kind=key.kind)


def _told_by_keys(accounts: _Accounts, *, keyring: Keyring) -> Iterator[_Entry]:
    """Yield what account keys tell: themselves, and an e-mail or phone if they are one."""
    for key, (_, person_id) in accounts.by_key.items():
        if _is_opaque(key):
            continue
        yield _Entry(_account_token(key, keyring=keyring), person_id, "account", key.value)
        for kind in MATCHED:
            if key.kind == kind:
                token = keyring.entry_token(kind, key.value, person_id=person_id)
                yield _Entry(token, person_id, kind, key.value)


def _given(
    arrivals: pa.RecordBatch, person_ids: Sequence[int | None], *, keyring: Keyring
) -> Iterator[_Entry]:
    """Yield every identifier that arrived with a known account; blank ones are none."""
    for kind in IDENTIFIERS:
        if kind not in arrivals.schema.names:
            continue
        values = arrivals.column(kind).to_pylist()
        for value, person_id in dict.fromkeys(zip(values, person_ids, strict=True)):
            if value is not None and person_id is not None and plain_form(value):
                token = keyring.entry_token(kind, value, person_id=person_id)
                yield _Entry(token, person_id, kind, value)


def _add(
    connection: sa.Connection, entries: Iterator[_Entry], *, newcomers: Collection[int], keyring: Keyring
) -> None:
    """Lock what the vault does not have yet under each person's own key, drawing keys where there are none."""
    arrived: dict[tuple[str, int], _Entry] = {}
    for entry in entries:
        arrived.setdefault((entry.token, entry.person_id), entry)  # the first spelling stays
    held = rows.entries_held(connection, [key for key in arrived if key[1] not in newcomers])
    new = [entry for key, entry in arrived.items() if key not in held]
    people = {entry.person_id for entry in new}
    locks = _locks(connection, people, newcomers=newcomers, keyring=keyring)
    rows.add_entries(
        connection,
        (
            (token, person_id, kind, locks[person_id].close(value, kind=kind))
            for token, person_id, kind, value in new
        ),
    )


def _locks(
    connection: sa.Connection, people: set[int], *, newcomers: Collection[int], keyring: Keyring
) -> dict[int, PersonLock]:
    locked_keys = rows.person_keys(
        connection, [person_id for person_id in people if person_id not in newcomers]
    )
    locks = {
        person_id: keyring.person_lock(locked_key, person_id=person_id)
        for person_id, locked_key in locked_keys.items()
    }
    new = {person_id: keyring.new_person_key(person_id) for person_id in sorted(people - locks.keys())}
    rows.add_person_keys(connection, ((person_id, locked) for person_id, (_, locked) in new.items()))
    return locks | {person_id: lock for person_id, (lock, _) in new.items()}
