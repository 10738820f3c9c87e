"""Locks open only what they closed, where it was closed; tokens are keyed."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimwell.trust.vault.ciphers import Index, Lock
from aimwell.trust.vault.errors import Tampered
from aimwell.trust.vault.keyring import Keyring, new_account_id, new_person_id
from aimwell.trust.vault.keys import ShopKey

KEY = bytes(range(32))


@given(st.binary(max_size=100), st.binary(max_size=20))
def test_a_lock_gives_back_what_it_took(plain: bytes, place: bytes) -> None:
    lock = Lock(KEY)
    assert lock.open(lock.close(plain, bound_to=place), bound_to=place, what="it") == plain


def test_every_flipped_bit_is_noticed() -> None:
    lock = Lock(KEY)
    closed = lock.close(b"ann@mail.com", bound_to=b"here")
    for bit in range(len(closed) * 8):
        changed = bytearray(closed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Tampered, match="does not open"):
            lock.open(bytes(changed), bound_to=b"here", what="email")


@pytest.mark.parametrize("n_bytes", range(40))
def test_every_cut_is_noticed(n_bytes: int) -> None:
    closed = Lock(KEY).close(b"ann@mail.com", bound_to=b"here")
    assert len(closed) == 12 + 12 + 16  # nonce, text, tag
    with pytest.raises(Tampered):
        Lock(KEY).open(closed[:n_bytes], bound_to=b"here", what="email")


def test_another_place_or_key_does_not_open() -> None:
    closed = Lock(KEY).close(b"ann@mail.com", bound_to=b"here")
    with pytest.raises(Tampered):
        Lock(KEY).open(closed, bound_to=b"there", what="email")
    with pytest.raises(Tampered):
        Lock(KEY[::-1]).open(closed, bound_to=b"here", what="email")


def test_equal_texts_are_closed_differently() -> None:
    lock = Lock(KEY)
    assert lock.close(b"ann", bound_to=b"") != lock.close(b"ann", bound_to=b"")


def test_a_token_is_half_an_hmac_sha256() -> None:
    expected = hmac.new(KEY, "王@mail.com".encode(), hashlib.sha256).hexdigest()[:32]
    index = Index(KEY)
    assert index.token("王@mail.com") == index.token("王@mail.com") == expected


def keyring() -> Keyring:
    return Keyring(ShopKey(KEY), country="CN")


def test_a_person_cannot_read_another() -> None:
    ann, _ = keyring().new_person_key(1)
    bob, _ = keyring().new_person_key(2)
    with pytest.raises(Tampered):
        bob.open(ann.close("ann@mail.com", kind="email"), kind="email")


def test_an_entry_cannot_be_passed_off_as_another_kind() -> None:
    ann, _ = keyring().new_person_key(1)
    with pytest.raises(Tampered):
        ann.open(ann.close("ann@mail.com", kind="email"), kind="name")


def test_a_person_key_opens_for_its_person_only() -> None:
    lock, locked = keyring().new_person_key(1)
    again = keyring().person_lock(locked, person_id=1)
    assert again.open(lock.close("ann", kind="name"), kind="name") == "ann"
    with pytest.raises(Tampered, match="person key"):
        keyring().person_lock(locked, person_id=2)


def test_tokens_are_equal_across_people_only_for_what_matches() -> None:
    ring = keyring()

    def token(kind: str, value: str, person_id: int) -> str:
        return ring.entry_token(kind, value, person_id=person_id)  # type: ignore[arg-type]

    assert token("email", "Ann@mail.com", 1) == token("email", "ann@mail.com", 2)
    assert token("phone", "138 1234 5678", 1) == token("phone", "+8613812345678", 2)
    assert token("name", "Ann", 1) != token("name", "Ann", 2)  # names are nobody's own
    assert token("name", "Ann", 1) == token("name", " ann ", 1)
    assert token("email", "test@mail.com", 1) != token("email", "test@mail.com", 2)  # placeholder
    assert token("name", "x", 1) != token("address", "x", 1)


def test_account_tokens_stay_within_their_source() -> None:
    ring = keyring()
    tokens = {
        ring.account_token("ann", source="tmall", kind="nickname"),
        ring.account_token("ann", source="jd", kind="nickname"),
        ring.account_token("d:ann", source="j", kind="nickname"),
        ring.account_token("ann", source="jd", kind="email"),
    }
    assert len(tokens) == 4
    email = {ring.account_token(key, source="jd", kind="email") for key in ("Ann@mail.com", "ann@mail.com ")}
    assert len(email) == 1


def test_seals_are_tied_to_their_purpose() -> None:
    ring = keyring()
    sealed = ring.seal(b"line 7", purpose="quarantine")
    assert ring.unseal(sealed, purpose="quarantine") == b"line 7"
    with pytest.raises(Tampered, match="report"):
        ring.unseal(sealed, purpose="report")


def test_ids_are_random_and_in_range() -> None:
    drawn = [new_person_id() for _ in range(1000)]
    assert len(set(drawn)) == 1000
    assert all(0 < person_id < 2**63 for person_id in drawn)
    assert len({new_account_id() for _ in range(1000)}) == 1000
