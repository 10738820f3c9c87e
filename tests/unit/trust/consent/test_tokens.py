"""Tokens: they say what they were made from, hold no address, and cannot be forged."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimwell.trust.consent import ALL, CHANNELS, PURPOSES, Claim, UnsubscribeTokens
from aimwell.trust.consent.errors import TokenInvalid

KEY = bytes(range(32))
TOKENS = UnsubscribeTokens(KEY)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
POINT = "0123456789abcdef0123456789abcdef"  # as the vault names an address


@settings(deadline=None)
@given(
    person_id=st.integers(1, 2**63 - 1),
    channel=st.sampled_from(CHANNELS),
    purpose=st.sampled_from(PURPOSES),
    campaign_id=st.text(alphabet="ab1-_:.春\n", max_size=60),
    point=st.sampled_from((ALL, POINT)),
)
def test_a_token_says_what_it_was_made_from(person_id, channel, purpose, campaign_id, point) -> None:  # type: ignore[no-untyped-def]
    claim = Claim(
        person_id=person_id, channel=channel, purpose=purpose, campaign_id=campaign_id, contact_point=point
    )
    token = TOKENS.make(**vars(claim))
    assert TOKENS.read(token) == claim
    assert set(token) <= set(ALPHABET)
    assert TOKENS.make(**vars(claim)) == token  # a retry sends the same message


def made(campaign_id: str = "spring", person_id: int = 7) -> str:
    return TOKENS.make(person_id=person_id, channel="email", purpose="marketing", campaign_id=campaign_id)


def test_nothing_of_it_can_be_read() -> None:
    token = made("spring-sale-for-vips")
    closed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert b"spring" not in closed
    assert b"email" not in closed
    assert (7).to_bytes(8, "big") not in closed


def test_one_persons_tokens_have_nothing_in_common() -> None:
    first, second = made("a"), made("b")
    alike = sum(one == other for one, other in zip(first, second, strict=True))
    assert alike < 8  # 76 characters of 64 kinds: 1.2 alike by chance, 8 once in 10^4


def test_another_shops_token_is_refused() -> None:
    other = UnsubscribeTokens(bytes(range(1, 33)))
    with pytest.raises(TokenInvalid):
        other.read(made())


def forged(n: int, *, seed: int) -> list[str]:
    """Draw tokens that nobody made: mutated, cut, spliced, spelled in another way, random."""
    draw = random.Random(seed)
    good = [made(f"campaign {i}", person_id=i + 1) for i in range(50)]
    found: list[str] = []
    while len(found) < n:
        token = draw.choice(good)
        place = draw.randrange(len(token))
        kind = draw.randrange(7)
        if kind == 0:
            token = token[:place] + draw.choice(ALPHABET) + token[place + 1 :]
        elif kind == 1:
            token = token[:place]
        elif kind == 2:
            token = token[:place] + draw.choice(good)[place:]
        elif kind == 3:
            token = token + draw.choice((*ALPHABET, "=", "==", " ", "\n", "%", "é"))
        elif kind == 4:
            token = token[:place] + draw.choice((" ", "\n", "=", "+", "/", "é", "\0")) + token[place:]
        elif kind == 5:
            token = "".join(draw.choices(ALPHABET, k=draw.randrange(120)))
        else:
            raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
            token = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        if token not in good:
            found.append(token)
    return found


def n_accepted(tokens: list[str]) -> int:
    n = 0
    for token in tokens:
        try:
            TOKENS.read(token)
        except TokenInvalid:
            continue
        n += 1
    return n


@pytest.mark.parametrize(
    "n", [pytest.param(20_000, id="ci"), pytest.param(1_000_000, id="deep", marks=pytest.mark.deep)]
)
def test_forged_tokens_are_never_accepted(n: int) -> None:
    assert n_accepted([made()]) == 1  # the counting finds what is accepted
    found = n_accepted(forged(n, seed=4))
    print(f"seed 4: {n} forged tokens, {found} accepted")
    assert found == 0


def test_the_last_character_has_one_spelling() -> None:
    """Unpadded base64 leaves up to four bits unused: 16 spellings of the same bytes, one of them ours."""
    for length in range(1, 4):
        token = made("x" * length)
        accepted = [last for last in ALPHABET if n_accepted([token[:-1] + last])]
        assert accepted == [token[-1]]


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=300).map(lambda raw: raw.decode("latin-1")) | st.text(alphabet=ALPHABET, max_size=200)
)
def test_any_text_is_refused_in_one_way(text: str) -> None:
    with pytest.raises(TokenInvalid):
        TOKENS.read(text)


def test_an_endless_token_is_refused() -> None:
    with pytest.raises(TokenInvalid):
        TOKENS.read(made() * 10_000)
