"""When to send: before the weeks in which more is bought than usual, on days on which the shop may send."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

__all__ = ["FLAT_RATE", "SendMoment", "send_moments"]

FLAT_RATE = 0.05
"""A week that brings less than this above the mean week is none to wait for."""


@dataclass(frozen=True, kw_only=True)
class SendMoment:
    """A week of high demand, and the day to send for it.

    Attributes
    ----------
    week_on
        Its Monday.
    peak_on
        Its day of most expected units.
    send_on
        The day to send: the lead time before the peak or, where nothing may be sent then, the last day before on which it may; None: there
        is none between the first day of the forecast and the peak.
    is_moved
        Whether manners moved the day.
    expected_units, above_rate
        Of the week, and how far above the mean week.
    is_sure
        The lower end of the week's 80 % interval is above the mean week.
    """

    week_on: date
    peak_on: date
    send_on: date | None
    is_moved: bool
    expected_units: float
    above_rate: float
    is_sure: bool


def send_moments(
    weeks: Sequence[Mapping[str, Any]],
    days: Sequence[Mapping[str, Any]],
    *,
    lead_days: int,
    may_send: Callable[[date], bool],
) -> list[SendMoment]:
    """Return the weeks worth sending for, the highest first; none where demand is flat.

    Parameters
    ----------
    weeks, days
        Kept forecasts of one key by week and by day: period_start, expected_units, low_units.
    lead_days
        Days from a message to the purchase.
    may_send
        Whether the shop's manners let anything go on a day.
    """
    if not weeks:
        return []
    mean = sum(one["expected_units"] for one in weeks) / len(weeks)
    high = [one for one in weeks if mean > 0 and one["expected_units"] > (1 + FLAT_RATE) * mean]
    first_on = min(one["period_start"] for one in days)
    return [
        _moment(one, days, mean=mean, first_on=first_on, lead_days=lead_days, may_send=may_send)
        for one in sorted(high, key=lambda one: (-one["expected_units"], one["period_start"]))
    ]


def _moment(
    week: Mapping[str, Any],
    days: Sequence[Mapping[str, Any]],
    *,
    mean: float,
    first_on: date,
    lead_days: int,
    may_send: Callable[[date], bool],
) -> SendMoment:
    begin = week["period_start"]
    inside = [one for one in days if begin <= one["period_start"] < begin + timedelta(days=7)]
    peak = max(inside, key=lambda one: one["expected_units"])["period_start"]
    wanted = max(peak - timedelta(days=lead_days), first_on)
    before = [wanted - timedelta(days=n) for n in range((wanted - first_on).days + 1)]
    after = [wanted + timedelta(days=n) for n in range(1, (peak - wanted).days + 1)]
    send_on = next((day for day in (*before, *after) if may_send(day)), None)
    return SendMoment(
        week_on=begin,
        peak_on=peak,
        send_on=send_on,
        is_moved=send_on is not None and send_on != wanted,
        expected_units=week["expected_units"],
        above_rate=week["expected_units"] / mean - 1,
        is_sure=week["low_units"] > mean,
    )
