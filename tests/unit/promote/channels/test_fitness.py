"""What no channel sends, and what no log may hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimwell.promote.channels.fitness import checked, one_line, without_addresses

from .messages import message


@pytest.mark.parametrize(
    "changes",
    [
        {"message_id": ""},
        {"message_id": "a b"},
        {"message_id": "a@b"},
        {"message_id": "a\r\nX: y"},
        {"message_id": "x" * 201},
        {"address": ""},
        {"address": "  "},
        {"address": "a@b.example\r\nBcc: c@d.example"},
        {"address": "x" * 321},
    ],
)
def test_an_unfit_message_is_found(changes: dict[str, str]) -> None:
    ((_, problem),) = checked([replace(message(), **changes)], kind="email")
    assert problem is not None
    assert problem.code == "message_unfit"


def test_two_people_with_one_address_get_one_message() -> None:
    first = message(message_id="m1", person_id=1, address="Ann@shop.example")
    same = message(message_id="m2", person_id=2, address="ann@SHOP.example ")
    other_campaign = message(message_id="m3", person_id=2, campaign_id="c2", address="ann@shop.example")
    same_person = message(message_id="m4", person_id=1, address="ann@shop.example")
    found = [
        problem is not None
        for _, problem in checked([first, same, other_campaign, same_person], kind="email")
    ]
    assert found == [False, True, False, False]


def test_post_and_webhooks_may_know_people_by_their_number_alone() -> None:
    batch = [message(message_id=f"m{n}", person_id=n, address="") for n in (1, 2)]
    assert [problem for _, problem in checked(batch, kind="post")] == [None, None]
    assert None not in [problem for _, problem in checked(batch, kind="sms")]


def test_what_a_server_says_is_kept_without_addresses_and_on_one_line() -> None:
    said = "550 5.1.1 <ann.lee@shop.example>: user\r\nunknown +86 138 0013 8000 \x1b[31m"
    assert without_addresses(said) == "550 5.1.1 <address>: user unknown <number> [31m"


@given(st.text(max_size=50))
def test_one_line_has_no_line_end_of_any_kind(value: str) -> None:
    assert len(one_line(value).splitlines()) <= 1
