"""Money: how much."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.portraits.model import Trait
from aimwell.portraits.traits.arithmetic import count, rate

__all__ = ["MONEY"]


def _spend(name: str, column: str, *, meaning: str) -> Trait:
    return Trait(
        name=name,
        group="money",
        dtype="int64",
        unit="minor",
        meaning=meaning,
        sources=("orders",),
        of=lambda p: count(p[column]),
    )


MONEY = (
    _spend(
        "spend_minor", "items_minor", meaning=text("Spent on goods ever, after discounts, before refunds.")
    ),
    _spend("spend_30d_minor", "spend_30d_minor", meaning=text("Spent on goods in the last 30 days.")),
    _spend("spend_90d_minor", "spend_90d_minor", meaning=text("Spent on goods in the last 90 days.")),
    _spend("spend_365d_minor", "spend_365d_minor", meaning=text("Spent on goods in the last 365 days.")),
    _spend(
        "max_order_minor", "max_items_minor", meaning=text("Goods of the dearest order; 0 without an order.")
    ),
    Trait(
        name="mean_order_minor",
        group="money",
        dtype="float64",
        unit="minor",
        meaning=text("Goods per order on average; empty without an order."),
        sources=("orders",),
        of=lambda p: rate(p.items_minor, p.n_orders),
    ),
    Trait(
        name="spend_trend_ratio",
        group="money",
        dtype="float64",
        unit="ratio",
        meaning=text(
            "Spend of the last 90 days over that of the 90 days before; empty if nothing was spent then."
        ),
        sources=("orders",),
        of=lambda p: rate(count(p.spend_90d_minor), p.spend_before_90d_minor),
    ),
    Trait(
        name="margin_rate",
        group="money",
        dtype="float64",
        unit="rate",
        meaning=text(
            "Share of what the goods brought that is left after their cost; empty where no cost is known."
        ),
        sources=("order_lines",),
        of=lambda p: rate(p.costed_net_minor - p.cost_minor, p.costed_net_minor),
    ),
)
