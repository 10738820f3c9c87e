"""What the vault can do with the shop key: lock, unlock and name things without showing them."""

from __future__ import annotations

import os
import secrets

from aimwell.trust.vault.ciphers import Index, Lock
from aimwell.trust.vault.forms import matched_form, plain_form
from aimwell.trust.vault.keys import KEY_BYTES, ShopKey
from aimwell.trust.vault.model import Kind

__all__ = ["Keyring", "PersonLock", "new_account_id", "new_person_id"]

_ID_BYTES = 8
_LARGEST_ID = 2**63 - 1


class PersonLock:
    """Locks and opens what is held of one person, under the person's own key."""

    def __init__(self, key: bytes, *, person_id: int) -> None:
        self._lock = Lock(key)
        self._place = b"entry" + person_id.to_bytes(_ID_BYTES, "big")

    def close(self, value: str, *, kind: Kind) -> bytes:
        """Lock an identifier to this person and kind."""
        return self._lock.close(value.encode(), bound_to=self._place + kind.encode())

    def open(self, ciphertext: bytes, *, kind: Kind) -> str:
        """Return the identifier in clear."""
        return self._lock.open(ciphertext, bound_to=self._place + kind.encode(), what=kind).decode()


class Keyring:
    """The uses of a shop key: each has a key of its own.

    Parameters
    ----------
    key
        The shop key.
    country
        Two-letter country of phone numbers without a country code; None: such numbers match nothing.
    """

    def __init__(self, key: ShopKey, *, country: str | None) -> None:
        self.check = key.derived("check")
        self._key = key
        self._index = Index(key.derived("index"))
        self._person_keys = Lock(key.derived("person keys"))
        self._seals = Lock(key.derived("seals"))
        self._country = country

    def derived(self, purpose: str) -> bytes:
        """Return the key that another wing uses for this purpose; never one of the vault's own."""
        return self._key.derived(f"purpose/{purpose}")

    def new_person_key(self, person_id: int) -> tuple[PersonLock, bytes]:
        """Draw a key for a person; returns it at work and locked away."""
        key = os.urandom(KEY_BYTES)
        locked = self._person_keys.close(key, bound_to=person_id.to_bytes(_ID_BYTES, "big"))
        return PersonLock(key, person_id=person_id), locked

    def person_lock(self, locked_key: bytes, *, person_id: int) -> PersonLock:
        """Return a person's key at work."""
        place = person_id.to_bytes(_ID_BYTES, "big")
        key = self._person_keys.open(locked_key, bound_to=place, what="person key")
        return PersonLock(key, person_id=person_id)

    def seal(self, data: bytes, *, purpose: str) -> bytes:
        """Lock bytes that belong to the shop, not to one person."""
        return self._seals.close(data, bound_to=purpose.encode())

    def unseal(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return sealed bytes in clear."""
        return self._seals.open(sealed, bound_to=purpose.encode(), what=purpose)

    def account_token(self, key: str, *, source: str, kind: str) -> str:
        """Return the token of an account key that is itself an identifier; equal only within its source."""
        form = matched_form(kind, key, region=self._country) or plain_form(key)
        return self._index.token(f"account:{len(source)}:{source}:{kind}:{form}")

    def match_token(self, kind: Kind, value: str) -> str | None:
        """Return the token that equal e-mails or phones share, or None if this value speaks for nobody."""
        form = matched_form(kind, value, region=self._country)
        return None if form is None else self._index.token(f"{kind}:{form}")

    def contact_form(self, kind: Kind, value: str) -> str | None:
        """Return the e-mail or phone as it is written to, or None if it reaches nobody."""
        return matched_form(kind, value, region=self._country)

    def entry_token(self, kind: Kind, value: str, *, person_id: int) -> str:
        """Return the token under which a person's entry is filed: shared if it can be, else the person's own."""
        shared = self.match_token(kind, value)
        if shared is not None:
            return shared
        return self._index.token(f"{kind} of {person_id}:{plain_form(value).casefold()}")


def new_person_id() -> int:
    """Draw a random person id: positive, 63 bits, telling nothing."""
    return 1 + secrets.randbelow(_LARGEST_ID)


def new_account_id() -> str:
    """Draw a random account id, for an account whose own key must not be shown."""
    return f"account-{secrets.token_hex(16)}"
