"""Basket: how large, how broad, how new."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.portraits.model import Trait
from aimwell.portraits.traits.arithmetic import count, rate

__all__ = ["BASKET"]


def _breadth(name: str, *, meaning: str) -> Trait:
    return Trait(
        name=name,
        group="basket",
        dtype="int64",
        unit="items",
        meaning=meaning,
        sources=("order_lines", "products"),
        of=lambda p: count(p[name]),
    )


BASKET = (
    Trait(
        name="lines_per_order",
        group="basket",
        dtype="float64",
        unit="lines",
        meaning=text("Order lines per order; empty without an order."),
        sources=("orders",),
        of=lambda p: rate(p.n_lines_ordered, p.n_orders),
    ),
    Trait(
        name="pieces_per_order",
        group="basket",
        dtype="float64",
        meaning=text("Pieces (or kilos, metres) per order, fees left out; empty without an order."),
        sources=("orders", "order_lines"),
        of=lambda p: rate(p.milli_quantity, p.n_orders) / 1000,
    ),
    _breadth("n_products", meaning=text("Different products ever bought.")),
    _breadth("n_categories", meaning=text("Different categories ever bought from.")),
    _breadth("n_brands", meaning=text("Different brands ever bought.")),
    Trait(
        name="novelty_rate",
        group="basket",
        dtype="float64",
        unit="rate",
        meaning=text("Share of order lines that brought a product for the first time; empty without lines."),
        sources=("order_lines",),
        of=lambda p: rate(p.n_products, p.n_lines),
    ),
)
