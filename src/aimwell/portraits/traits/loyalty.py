"""Loyalty and switching: does a person stay with brands, shelves and products."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.portraits.model import Trait
from aimwell.portraits.traits.arithmetic import rate

__all__ = ["LOYALTY"]

LOYALTY = (
    Trait(
        name="main_brand_rate",
        group="loyalty",
        dtype="float64",
        unit="rate",
        meaning=text(
            "Share of order lines that went to the person's commonest brand of the category; empty without known brands."
        ),
        sources=("order_lines", "products"),
        of=lambda p: rate(p.n_main_brand_lines, p.n_branded_lines),
    ),
    Trait(
        name="brand_switch_rate",
        group="loyalty",
        dtype="float64",
        unit="rate",
        meaning=text(
            "Share of order lines that went to another brand than the commonest of the category; empty without known brands."
        ),
        sources=("order_lines", "products"),
        of=lambda p: rate(p.n_branded_lines - p.n_main_brand_lines, p.n_branded_lines),
    ),
    Trait(
        name="category_concentration_rate",
        group="loyalty",
        dtype="float64",
        unit="rate",
        meaning=text(
            "Chance that two order lines are of one category: 1 is a single category; empty without known categories."
        ),
        sources=("order_lines", "products"),
        of=lambda p: rate(p.same_category_pairs, p.n_known_lines * p.n_known_lines),
    ),
    Trait(
        name="brand_concentration_rate",
        group="loyalty",
        dtype="float64",
        unit="rate",
        meaning=text(
            "Chance that two order lines are of one brand: 1 is a single brand; empty without known brands."
        ),
        sources=("order_lines", "products"),
        of=lambda p: rate(p.same_brand_pairs, p.n_brand_lines * p.n_brand_lines),
    ),
    Trait(
        name="repeat_product_rate",
        group="loyalty",
        dtype="float64",
        unit="rate",
        meaning=text("Share of order lines that brought a product again; empty without lines."),
        sources=("order_lines",),
        of=lambda p: rate(p.n_lines - p.n_products, p.n_lines),
    ),
)
