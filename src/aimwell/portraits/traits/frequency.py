"""Frequency: how often."""

from __future__ import annotations

import ibis

from aimwell.base.words import text
from aimwell.portraits.model import Trait
from aimwell.portraits.tables.moments import days_between
from aimwell.portraits.traits.arithmetic import count

__all__ = ["FREQUENCY"]


def _orders(name: str, *, meaning: str) -> Trait:
    return Trait(
        name=name,
        group="frequency",
        dtype="int64",
        unit="orders",
        meaning=meaning,
        sources=("orders",),
        of=lambda p: count(p[name]),
    )


FREQUENCY = (
    _orders("n_orders", meaning=text("Orders ever placed and not cancelled.")),
    _orders("n_orders_30d", meaning=text("Orders in the last 30 days.")),
    _orders("n_orders_90d", meaning=text("Orders in the last 90 days.")),
    _orders("n_orders_365d", meaning=text("Orders in the last 365 days.")),
    Trait(
        name="n_order_days",
        group="frequency",
        dtype="int64",
        unit="days",
        meaning=text("Different days with an order, on the shop's wall clock."),
        sources=("orders",),
        of=lambda p: count(p.n_order_days),
    ),
    Trait(
        name="orders_per_month",
        group="frequency",
        dtype="float64",
        unit="orders",
        meaning=text(
            "Orders per 30 days since the first one, counting at least 30 days; empty without an order."
        ),
        sources=("orders",),
        of=lambda p: p.n_orders * 30 / ibis.greatest(days_between(p.first_ordered_at, p.as_of), 30),
    ),
)
