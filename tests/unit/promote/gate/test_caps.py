"""Caps: which messages count for how long, by hand on calendars."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from aimwell.promote.gate.model import ALL, Cap, Unit


def cap(limit: int = 1, length: int = 1, unit: Unit = "day", of: str = ALL) -> Cap:
    return Cap(of=of, limit=limit, length=length, unit=unit)


@pytest.mark.parametrize(
    ("length", "unit", "sent_at", "free_at"),
    [
        (5, "minute", "2025-03-01T10:00:30", "2025-03-01T10:05:30"),
        (1, "hour", "2025-12-31T23:30", "2026-01-01T00:30"),
        (1, "day", "2024-02-28T12:00", "2024-02-29T12:00"),  # a leap year
        (1, "day", "2025-02-28T12:00", "2025-03-01T12:00"),
        (2, "week", "2024-02-20T12:00", "2024-03-05T12:00"),  # 9 days to Feb 29, 5 more
        (1, "month", "2025-01-15T08:00:00.000001", "2025-02-15T08:00:00.000001"),
        (1, "month", "2025-01-31T08:00", "2025-02-28T08:00"),
        (1, "month", "2024-01-31T08:00", "2024-02-29T08:00"),
        (1, "month", "2024-02-29T08:00", "2024-03-29T08:00"),
        (1, "month", "2025-12-31T08:00", "2026-01-31T08:00"),
        (12, "month", "2024-02-29T08:00", "2025-02-28T08:00"),
        (3, "month", "2024-11-30T08:00", "2025-02-28T08:00"),
        (
            2,
            "month",
            "2025-10-05T08:00",
            "2025-12-05T08:00",
        ),  # December is month 12, not month 0 of the next year
    ],
)
def test_a_message_counts_until(length: int, unit: Unit, sent_at: str, free_at: str) -> None:
    rule = cap(length=length, unit=unit)
    at = datetime.fromisoformat(sent_at)
    assert rule.frees_at(at) == datetime.fromisoformat(free_at)
    assert rule.frees_at(at) <= at + rule.longest


def test_no_month_is_longer_than_longest_says() -> None:
    day = datetime(2023, 12, 1)
    for n_days in range(800):
        at = day + timedelta(days=n_days)
        for length in (1, 2, 3, 12):
            rule = cap(length=length, unit="month")
            assert at < rule.frees_at(at) <= at + rule.longest


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        (cap(1, 7, of="email"), "email 1 per 7 days"),
        (cap(3, 1), "all 3 per day"),
        (cap(2, 30, "minute", of="sms-cn"), "sms-cn 2 per 30 minutes"),
    ],
)
def test_a_cap_is_written_as_people_write_it(rule: Cap, key: str) -> None:
    assert rule.key == key


def test_a_cap_covers_a_channel_by_name_by_kind_or_all() -> None:
    assert cap(of=ALL).covers("sms-cn", "sms")
    assert cap(of="sms").covers("sms-cn", "sms")
    assert cap(of="sms-cn").covers("sms-cn", "sms")
    assert not cap(of="sms-cn").covers("sms-de", "sms")
    assert not cap(of="email").covers("sms-cn", "sms")
