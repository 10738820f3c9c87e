"""Tenure: since when."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.portraits.model import Trait
from aimwell.portraits.tables.moments import days_between

__all__ = ["TENURE"]

TENURE = (
    Trait(
        name="first_ordered_at",
        group="tenure",
        dtype="timestamp",
        unit="time",
        meaning=text("Moment of the first order; empty without one."),
        sources=("orders",),
        of=lambda p: p.first_ordered_at,
    ),
    Trait(
        name="days_since_first_order",
        group="tenure",
        dtype="int64",
        unit="days",
        meaning=text("Calendar days since the first order; empty without one."),
        sources=("orders",),
        of=lambda p: days_between(p.first_ordered_at, p.as_of),
    ),
    Trait(
        name="buying_span_days",
        group="tenure",
        dtype="int64",
        unit="days",
        meaning=text(
            "Calendar days from the first to the last order; 0 with one order day, empty without an order."
        ),
        sources=("orders",),
        of=lambda p: p.last_order_on.delta(p.first_order_on, unit="day"),
    ),
    Trait(
        name="days_since_joined",
        group="tenure",
        dtype="int64",
        unit="days",
        meaning=text("Calendar days since the first account was made; empty where that is unknown."),
        sources=("customers",),
        of=lambda p: days_between(p.joined_at, p.as_of),
    ),
    Trait(
        name="region",
        group="tenure",
        dtype="string",
        meaning=text("Region of the account; of several the first by name, empty where unknown."),
        sources=("customers",),
        of=lambda p: p.region,
    ),
)
