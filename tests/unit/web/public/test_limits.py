"""Limits: a bucket per caller, filled again steadily, in bounded memory."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from aimwell.web.public.limits import Limiter, neighbourhood

NOW = datetime(2026, 6, 1)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_tries_come_back_one_by_one() -> None:
    limiter = Limiter(tries=6)  # one every 10 seconds
    assert [limiter.wait_seconds("a", now=at(0)) for _ in range(7)] == [0, 0, 0, 0, 0, 0, 10]
    assert limiter.wait_seconds("a", now=at(4)) == pytest.approx(6)
    assert limiter.wait_seconds("b", now=at(4)) == 0
    assert limiter.wait_seconds("a", now=at(10)) == 0
    assert limiter.wait_seconds("a", now=at(10)) == pytest.approx(10)
    assert [limiter.wait_seconds("a", now=at(1000)) for _ in range(7)][-2:] == [0, 10]  # never more than six


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    limiter = Limiter(tries=1)
    assert limiter.wait_seconds("a", now=at(100)) == 0
    assert limiter.wait_seconds("a", now=at(0)) == 60
    assert limiter.wait_seconds("a", now=at(60)) == 0


def test_the_quietest_is_forgotten_first() -> None:
    limiter = Limiter(tries=1, keys=2)
    limiter.wait_seconds("a", now=at(0))
    limiter.wait_seconds("b", now=at(0))
    limiter.wait_seconds("a", now=at(1))
    limiter.wait_seconds("c", now=at(1))
    assert limiter.wait_seconds("a", now=at(1)) > 0
    assert limiter.wait_seconds("b", now=at(1)) == 0


@pytest.mark.parametrize(
    ("host", "caller"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:ffff:ffff:ffff", "2001:db8::/64"),
        ("unix", "unix"),
        ("", ""),
    ],
)
def test_callers(host: str, caller: str) -> None:
    assert neighbourhood(host) == caller
