"""The vault itself: identifiers in, random ids out, and back again for those who may see them."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa

from aimwell.storage.database import Database
from aimwell.trust.vault import rows
from aimwell.trust.vault.admission import admit_batch
from aimwell.trust.vault.errors import KeyWrong
from aimwell.trust.vault.keyring import Keyring
from aimwell.trust.vault.keys import SHOP_KEY_FILE, create_shop_key, read_shop_key
from aimwell.trust.vault.model import EVIDENCE, MATCHED, Account, ContactPoint, Identifier, MatchedKind

__all__ = ["Vault"]

_AT_ONCE = 20_000  # arrivals in one transaction: bounds memory, and how long another writer waits
_LOCK = "vault"


class Vault:
    """Holds every identifier of a shop, encrypted under a key per person.

    What is inside can be read with the shop key only, and a person's part no more once the person's key is gone.

    Parameters
    ----------
    database
        Keeps the vault's tables.
    keys
        The folder with the shop key, apart from the data.
    country
        Two-letter country of phone numbers without a country code; None: such numbers match nothing.

    Raises
    ------
    KeyMissing, KeyExposed, KeyUnreadable, KeyPlaceholder
        If the shop key cannot be used.
    """

    def __init__(self, *, database: Database, keys: Path, country: str | None) -> None:
        self._database = database
        self._keyring = Keyring(read_shop_key(keys), country=country)

    @staticmethod
    def create_keys(folder: Path) -> None:
        """Draw the shop key of a new shop; a key that is there stays."""
        if not (folder / SHOP_KEY_FILE).exists():
            create_shop_key(folder)

    def admit(self, arrivals: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Take accounts and their identifiers in; give each its stable account id and random person.

        What was yielded is on disk. Doing it again, in this or another process, gives the same ids and stores nothing
        twice.

        Parameters
        ----------
        arrivals
            Columns of `ARRIVALS`; identifier columns may be missing. One row per sighting; an account may come
            again, with other identifiers too.

        Yields
        ------
        RecordBatch
            Columns of `ADMITTED`: for each batch one, with a row per arrival in the same order.
        """
        for batch in arrivals:
            yield pa.concat_batches([self._admit(part) for part in _parts(batch)])

    def reveal(self, person_id: int) -> tuple[Identifier, ...]:
        """Return what is held of a person in clear, in the order of arrival; for authorised display only.

        Raises
        ------
        Tampered
            If anything of it was changed or moved.
        """
        with self._reading() as connection:
            locked = rows.person_keys(connection, [person_id]).get(person_id)
            if locked is None:
                return ()
            lock = self._keyring.person_lock(locked, person_id=person_id)
            return tuple(
                Identifier(kind=kind, value=lock.open(ciphertext, kind=kind))
                for kind, ciphertext in rows.entries_of(connection, person_id)
            )

    def contact_points(
        self, person_ids: Collection[int], kind: MatchedKind
    ) -> dict[int, tuple[ContactPoint, ...]]:
        """Return where these people can be written to, in clear, first given first; for sending only.

        People without such an address are left out, and so are values that reach nobody: placeholders, masked ones, those
        that are no address.

        Parameters
        ----------
        person_ids
            A batch: all of it is held in memory.
        kind
            "email" or "phone".

        Raises
        ------
        Tampered
            If anything of it was changed or moved.
        """
        with self._reading() as connection:
            entries = rows.entries_of_kind(connection, person_ids, kind=kind)
        found: dict[int, list[ContactPoint]] = {}
        for person_id, token, ciphertext, locked in entries:
            value = self._keyring.person_lock(locked, person_id=person_id).open(ciphertext, kind=kind)
            form = self._keyring.contact_form(kind, value)
            if form is not None:
                found.setdefault(person_id, []).append(ContactPoint(token=token, value=form))
        return {person_id: tuple(points) for person_id, points in found.items()}

    def point_tokens(self, kind: MatchedKind, values: Sequence[str]) -> list[str | None]:
        """Return the tokens of these e-mails or phones, whoever has them; None for what reaches nobody."""
        return [self._keyring.match_token(kind, value) for value in values]

    def derived_key(self, purpose: str) -> bytes:
        """Return 32 bytes that only this shop has, for one purpose such as "unsubscribe"; the same at every call."""
        return self._keyring.derived(purpose)

    def find_people(self, kind: MatchedKind, value: str) -> tuple[int, ...]:
        """Return the people who have this e-mail or phone, in any spelling, first comer first."""
        token = self._keyring.match_token(kind, value)
        if token is None:
            return ()
        with self._reading() as connection:
            return tuple(rows.people_with_token(connection, token))

    def accounts_of(self, person_ids: Collection[int]) -> tuple[Account, ...]:
        """Return the accounts of these people, oldest first; unknown people have none."""
        with self._reading() as connection:
            return tuple(rows.accounts_of(connection, person_ids))

    def ages(self, person_ids: Collection[int]) -> dict[int, int]:
        """Return a number for each of these people that is smaller the earlier the account was seen."""
        with self._reading() as connection:
            return rows.account_numbers(connection, person_ids)

    def accounts_named(self, account_id: str) -> tuple[Account, ...]:
        """Return the accounts that have this id, or whose key is this identifier, one per source, oldest first."""
        with self._reading() as connection:
            named = rows.accounts_named(connection, [account_id])
            if named:
                return tuple(named)
            tokens = {
                self._keyring.account_token(account_id, source=source, kind=kind)
                for source in rows.sources(connection)
                for kind in ("email", "phone", "nickname")
            }
            keyed = rows.accounts_with_tokens(connection, tokens).values()
            return tuple(rows.accounts_named(connection, [number for number, _ in keyed]))

    def evidence(self, *, at_most: int, kinds: Collection[MatchedKind] = MATCHED) -> pa.Table:
        """Return who has an e-mail or phone in common with whom, without saying which.

        Parameters
        ----------
        at_most
            A value that more people share than this is a counter's phone or a form filler's, and left out.
        kinds
            Kinds that count.

        Returns
        -------
        Table
            Columns of `EVIDENCE`: one row per shared value and person.
        """
        with self._reading() as connection:
            batches = [
                pa.RecordBatch.from_pydict(
                    dict(zip(EVIDENCE.names, zip(*part, strict=True), strict=True)), EVIDENCE
                )
                for part in rows.evidence(connection, kinds, at_most=at_most)
            ]
        return pa.Table.from_batches(batches, schema=EVIDENCE)

    def seal(self, data: bytes, *, purpose: str) -> bytes:
        """Lock bytes that may hold identifiers of several people, such as a row that could not be read."""
        return self._keyring.seal(data, purpose=purpose)

    def unseal(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return sealed bytes in clear.

        Raises
        ------
        Tampered
            If they were changed, or sealed for another purpose.
        """
        return self._keyring.unseal(sealed, purpose=purpose)

    def forget(self, person_id: int) -> int:
        """Destroy a person's key and all that it locked; returns how many identifiers are gone."""
        with self._writing() as connection:
            return rows.delete_person(connection, person_id)

    def _admit(self, arrivals: pa.RecordBatch) -> pa.RecordBatch:
        with self._writing() as connection:
            return admit_batch(connection, arrivals, keyring=self._keyring)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._database.read() as connection:
            self._check(rows.key_check(connection))
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with self._database.begin(lock=_LOCK) as connection:
            check = rows.key_check(connection)
            if check is None:
                rows.set_key_check(connection, self._keyring.check)
            else:
                self._check(check)
            yield connection

    def _check(self, expected: bytes | None) -> None:
        """Refuse a key that did not lock this vault; an empty vault takes any."""
        if expected is not None and not hmac.compare_digest(expected, self._keyring.check):
            raise KeyWrong(database=self._database.shown)


def _parts(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield a batch in parts for one transaction each; an empty batch is one part."""
    for start in range(0, max(1, batch.num_rows), _AT_ONCE):
        yield batch.slice(start, _AT_ONCE)
