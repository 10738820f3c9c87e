"""Normal forms: which spellings are equal, and which values identify nobody."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimwell.trust.vault import forms
from aimwell.trust.vault.forms import matched_form, plain_form


def test_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(forms).failed == 0


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("ann@mail.com", "ann@mail.com"),
        (" Ann@Mail.COM\t", "ann@mail.com"),
        ("ａｎｎ＠ｍａｉｌ．ｃｏｍ", "ann@mail.com"),  # full-width, as Chinese keyboards type it
        ("ann.lee@mail.com", "ann.lee@mail.com"),  # dots mean something outside Gmail: kept
        ("ann+shop@mail.com", "ann+shop@mail.com"),
        ("王芳@例子.中国", "王芳@例子.中国"),
        ("info@mail.com", "info@mail.com"),
        ("ann", None),
        ("ann@", None),
        ("ann@mail", None),
        ("ann@@mail.com", None),
        ("a***@mail.com", None),  # masked by the marketplace
        ("test@mail.com", None),
        ("test+1@mail.com", None),
        ("noreply@mail.com", None),
        ("ann@example.com", None),
        ("ann@shop.example.org", None),
        ("ann@shop.invalid", None),
        ("ann@test.com", None),
        ("ann@contest.com", "ann@contest.com"),
        ("", None),
    ],
)
def test_emails(value: str, form: str | None) -> None:
    assert matched_form("email", value, region="CN") == form


@pytest.mark.parametrize(
    ("value", "region", "form"),
    [
        ("13812345678", "CN", "+8613812345678"),
        ("138-1234-5678", "CN", "+8613812345678"),
        ("(+86) 138 1234 5678", "CN", "+8613812345678"),
        ("008613812345678", "CN", "+8613812345678"),
        ("+86 13812345678", None, "+8613812345678"),
        ("１３８１２３４５６７８", "CN", "+8613812345678"),
        ("13812345678.0", "CN", "+8613812345678"),  # a spreadsheet made a float of it
        ("'13812345678", "CN", "+8613812345678"),  # ... or a text
        ("010-8888 6666", "CN", "+861088886666"),  # Beijing: the 0 is dialled inside the country only
        ("020 7946 0123", "GB", "+442079460123"),
        ("+44 (0)20 7946 0123", "CN", "+442079460123"),
        ("(310) 555-0199", "US", "+13105550199"),
        ("13105550199", "US", "+13105550199"),  # eleven digits, but not a Chinese mobile in an American shop
        ("310-555-0199 ext. 12", "US", "+13105550199x12"),  # another desk: another person
        ("13812345678", None, None),  # no country: it could be anybody's
        ("138****5678", "CN", None),  # masked
        ("1.38E+10", "CN", None),  # digits lost for good
        ("00000000", "CN", None),
        ("00000000000", "CN", None),
        ("11111111111", "CN", None),
        ("13800000000", "CN", None),  # eight zeros: typed, not owned
        ("13800138000", "CN", None),
        ("12345678", "CN", None),
        ("000000001", "CN", None),  # +86 0000001 would be read as another number than it was written from
        ("06 698 12345", "IT", "+390669812345"),  # Rome: the 0 is part of the number
        ("5555555555", "US", None),
        ("12", "CN", None),
        ("no phone", "CN", None),
        ("+999 12345678", "CN", None),  # no such country code
        ("", "CN", None),
    ],
)
def test_phones(value: str, region: str | None, form: str | None) -> None:
    assert matched_form("phone", value, region=region) == form


def test_other_kinds_match_nobody() -> None:
    assert matched_form("name", "Ann Lee", region="CN") is None


@pytest.mark.parametrize("kind", ["email", "phone"])
@given(st.text(max_size=40) | st.from_regex(r"[0-9+() .-]{5,20}", fullmatch=True))
def test_any_text_is_taken_and_a_form_is_its_own_form(kind: str, value: str) -> None:
    form = matched_form(kind, value, region="CN")
    if form is not None:
        assert matched_form(kind, form, region="CN") == form


@given(st.text(max_size=40))
def test_plain_form_is_its_own_plain_form(value: str) -> None:
    assert plain_form(plain_form(value)) == plain_form(value)
