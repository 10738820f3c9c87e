"""Ids and waits: what must never change from one run, or one machine, to the next."""

from __future__ import annotations

import hashlib

import pytest

from aimwell.promote.outbox.model import back_off_seconds, message_id_of


def test_a_message_id_is_made_of_campaign_person_offer_and_step() -> None:
    told = hashlib.sha256(b"spring-1\n7\ntea\n0").hexdigest()
    assert message_id_of("spring-1", 7, "tea") == told[:32]
    others = {
        message_id_of("spring-2", 7, "tea"),
        message_id_of("spring-1", 8, "tea"),
        message_id_of("spring-1", 7, None),
        message_id_of("spring-1", 7, "tea", step=1),
    }
    assert len(others | {told[:32]}) == 5


@pytest.mark.parametrize(
    ("n_failures", "wait"),
    [
        (1, 30),
        (2, 60),
        (3, 120),
        (6, 960),
        (10, 15_360),
        (11, 21_600),
        (99, 21_600),
    ],  # 30 x 2^(n-1), at most 6 h
)
def test_waits_double_up_to_six_hours_give_or_take_a_half(n_failures: int, wait: float) -> None:
    waits = [back_off_seconds(f"message {number}", n_failures) for number in range(200)]
    assert all(0.5 * wait <= one <= 1.5 * wait for one in waits)
    assert max(waits) > 1.3 * wait  # they spread
    assert min(waits) < 0.7 * wait
    assert waits == [back_off_seconds(f"message {number}", n_failures) for number in range(200)]


def test_what_the_server_asked_for_is_the_least() -> None:
    assert back_off_seconds("a", 1, at_least=3600.0) == 3600.0
    assert back_off_seconds("a", 1, at_least=0.0) == back_off_seconds("a", 1)
