"""Returns and service: what came back, and what went wrong."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.portraits.model import Trait
from aimwell.portraits.tables.moments import days_between
from aimwell.portraits.traits.arithmetic import count, rate

__all__ = ["RETURNS", "SERVICE"]

RETURNS = (
    Trait(
        name="n_refunds",
        group="returns",
        dtype="int64",
        unit="events",
        meaning=text("Refunds, returns and cancelled lines."),
        sources=("refunds",),
        of=lambda p: count(p.n_refunds),
    ),
    Trait(
        name="refunded_minor",
        group="returns",
        dtype="int64",
        unit="minor",
        meaning=text("Money that went back."),
        sources=("refunds",),
        of=lambda p: count(p.refunded_minor),
    ),
    Trait(
        name="refund_rate",
        group="returns",
        dtype="float64",
        unit="ratio",
        meaning=text(
            "Money that went back over money spent on goods; empty without spend, above 1 when orders before the records came back."
        ),
        sources=("refunds", "orders"),
        of=lambda p: rate(count(p.refunded_minor), p.items_minor),
    ),
    Trait(
        name="days_since_last_refund",
        group="returns",
        dtype="int64",
        unit="days",
        meaning=text("Calendar days since the last refund; empty without one."),
        sources=("refunds",),
        of=lambda p: days_between(p.last_refunded_at, p.as_of),
    ),
)

SERVICE = (
    Trait(
        name="n_cases",
        group="service",
        dtype="int64",
        unit="events",
        meaning=text("Service cases and disputes ever opened."),
        sources=("cases",),
        of=lambda p: count(p.n_cases),
    ),
    Trait(
        name="n_open_cases",
        group="service",
        dtype="int64",
        unit="events",
        meaning=text("Service cases and disputes open at the moment."),
        sources=("cases",),
        of=lambda p: count(p.n_open_cases),
    ),
    Trait(
        name="cases_per_order",
        group="service",
        dtype="float64",
        unit="ratio",
        meaning=text("Service cases per order; empty without an order."),
        sources=("cases", "orders"),
        of=lambda p: rate(count(p.n_cases), p.n_orders),
    ),
    Trait(
        name="days_since_last_case",
        group="service",
        dtype="int64",
        unit="days",
        meaning=text("Calendar days since the last service case; empty without one."),
        sources=("cases",),
        of=lambda p: days_between(p.last_case_at, p.as_of),
    ),
)
