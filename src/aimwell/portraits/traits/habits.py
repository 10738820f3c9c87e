"""Habits: when and by which way a person orders, on the shop's wall clock."""

from __future__ import annotations

from collections.abc import Sequence

from aimwell.base.words import text
from aimwell.portraits.model import Trait
from aimwell.portraits.specs import DAYPARTS, WEEKDAYS
from aimwell.portraits.traits.arithmetic import commonest, count, rate

__all__ = ["HABITS"]

_QUARTERS = ("quarter_1", "quarter_2", "quarter_3", "quarter_4")


def _usual(name: str, among: Sequence[str], *, meaning: str) -> Trait:
    return Trait(
        name=name,
        group="habits",
        dtype="string",
        meaning=meaning,
        sources=("orders",),
        of=lambda p: commonest({one: p[f"n_{one}"] for one in among}),
    )


HABITS = (
    _usual(
        "usual_daypart",
        tuple(DAYPARTS),
        meaning=text(
            "Part of the day with most orders: night (0-6 h), morning (6-12 h), afternoon (12-18 h) or evening; empty without an order."
        ),
    ),
    _usual("usual_weekday", WEEKDAYS, meaning=text("Weekday with most orders; empty without an order.")),
    _usual(
        "usual_quarter",
        _QUARTERS,
        meaning=text("Quarter of the year with most orders; empty without an order."),
    ),
    Trait(
        name="weekend_rate",
        group="habits",
        dtype="float64",
        unit="rate",
        meaning=text("Share of orders on Saturday or Sunday; empty without an order."),
        sources=("orders",),
        of=lambda p: rate(p.n_saturday + p.n_sunday, p.n_orders),
    ),
    Trait(
        name="night_rate",
        group="habits",
        dtype="float64",
        unit="rate",
        meaning=text("Share of orders between midnight and 6 h; empty without an order."),
        sources=("orders",),
        of=lambda p: rate(p.n_night, p.n_orders),
    ),
    Trait(
        name="usual_channel",
        group="habits",
        dtype="string",
        meaning=text(
            "Channel of the commonest pair of channel and device among orders; empty where unknown."
        ),
        sources=("orders",),
        of=lambda p: p.usual["channel"].nullif(""),
    ),
    Trait(
        name="usual_device",
        group="habits",
        dtype="string",
        meaning=text("Device of the commonest pair of channel and device among orders; empty where unknown."),
        sources=("orders",),
        of=lambda p: p.usual["device"].nullif(""),
    ),
    Trait(
        name="n_channels",
        group="habits",
        dtype="int64",
        unit="items",
        meaning=text("Different channels ever ordered by."),
        sources=("orders",),
        of=lambda p: count(p.n_channels),
    ),
    Trait(
        name="mobile_rate",
        group="habits",
        dtype="float64",
        unit="rate",
        meaning=text("Share of events that came from a phone or tablet; empty without events."),
        sources=("events",),
        of=lambda p: rate(p.n_mobile_events, p.n_events),
    ),
)
