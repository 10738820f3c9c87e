"""Price sensitivity: discounts, coupons, and how dear a shelf a person buys from."""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from aimwell.base.words import text
from aimwell.portraits.model import Trait
from aimwell.portraits.traits.arithmetic import rate

__all__ = ["PRICE"]

_BUDGET_BELOW, _PREMIUM_FROM = 85, 115  # per hundred


def _price_level(p: ir.Table) -> Any:
    return rate(p.shelf_net_minor, p.expected_net_minor)


def _tier(p: ir.Table) -> Any:
    level = _price_level(p)
    return ibis.cases(
        (level.isnull(), ibis.null("string")),
        (level * 100 < _BUDGET_BELOW, "budget"),
        (level * 100 >= _PREMIUM_FROM, "premium"),
        else_="middle",
    )


def _share(name: str, part: str, whole: str, *, source: str, meaning: str) -> Trait:
    return Trait(
        name=name,
        group="price",
        dtype="float64",
        unit="rate",
        meaning=meaning,
        sources=(source,),
        of=lambda p: rate(p[part], p[whole]),
    )


PRICE = (
    Trait(
        name="discount_rate",
        group="price",
        dtype="float64",
        unit="rate",
        meaning=text("Share of the price before discounts that was taken off; empty without an order."),
        sources=("orders",),
        of=lambda p: rate(p.discount_minor, p.items_minor + p.discount_minor),
    ),
    _share(
        "discounted_order_rate",
        "n_discounted_orders",
        "n_orders",
        source="orders",
        meaning=text("Share of orders with a discount; empty without an order."),
    ),
    _share(
        "discounted_line_rate",
        "n_discounted_lines",
        "n_lines",
        source="order_lines",
        meaning=text("Share of order lines bought at a discount; empty without lines."),
    ),
    _share(
        "coupon_rate",
        "n_coupon_orders",
        "n_orders",
        source="orders",
        meaning=text("Share of orders with a coupon; empty without an order."),
    ),
    _share(
        "free_shipping_rate",
        "n_free_shipping",
        "n_orders",
        source="orders",
        meaning=text("Share of orders that were shipped free; empty without an order."),
    ),
    Trait(
        name="price_level_ratio",
        group="price",
        dtype="float64",
        unit="ratio",
        meaning=text(
            "What was paid over what the same pieces cost at the mean price of their categories; empty without known categories."
        ),
        sources=("order_lines", "products"),
        of=_price_level,
    ),
    Trait(
        name="price_tier",
        group="price",
        dtype="string",
        meaning=text(
            "budget (price level below 0.85), middle, or premium (1.15 and above); empty without known categories."
        ),
        sources=("order_lines", "products"),
        of=_tier,
    ),
)
