"""Tastes: what a person buys more of than everybody does."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.portraits.model import Trait

__all__ = ["TASTES"]

_SOURCES = ("order_lines", "products")

TASTES = (
    Trait(
        name="top_category",
        group="tastes",
        dtype="string",
        meaning=text("Category bought most above average; empty if none is above."),
        sources=_SOURCES,
        of=lambda p: p.top_categories[0],
    ),
    Trait(
        name="top_category_lift",
        group="tastes",
        dtype="float64",
        unit="lift",
        meaning=text(
            "How many times as often as everybody the person buys from the top category, shrunk towards 1 for few purchases."
        ),
        sources=_SOURCES,
        of=lambda p: p.category_lifts[0],
    ),
    Trait(
        name="top_categories",
        group="tastes",
        dtype="array<string>",
        meaning=text("Up to three categories bought above average, strongest first."),
        sources=_SOURCES,
        of=lambda p: p.top_categories,
    ),
    Trait(
        name="category_lifts",
        group="tastes",
        dtype="array<float64>",
        unit="lift",
        meaning=text("The lifts of the top categories, in their order."),
        sources=_SOURCES,
        of=lambda p: p.category_lifts,
    ),
    Trait(
        name="top_brand",
        group="tastes",
        dtype="string",
        meaning=text("Brand bought most above average; empty if none is above."),
        sources=_SOURCES,
        of=lambda p: p.top_brands[0],
    ),
    Trait(
        name="top_brand_lift",
        group="tastes",
        dtype="float64",
        unit="lift",
        meaning=text(
            "How many times as often as everybody the person buys the top brand, shrunk towards 1 for few purchases."
        ),
        sources=_SOURCES,
        of=lambda p: p.brand_lifts[0],
    ),
    Trait(
        name="top_brands",
        group="tastes",
        dtype="array<string>",
        meaning=text("Up to three brands bought above average, strongest first."),
        sources=_SOURCES,
        of=lambda p: p.top_brands,
    ),
    Trait(
        name="brand_lifts",
        group="tastes",
        dtype="array<float64>",
        unit="lift",
        meaning=text("The lifts of the top brands, in their order."),
        sources=_SOURCES,
        of=lambda p: p.brand_lifts,
    ),
    Trait(
        name="favourite_product",
        group="tastes",
        dtype="string",
        meaning=text("Product on most order lines, of equal ones the last by id; empty without lines."),
        sources=("order_lines",),
        of=lambda p: p.favourite["product_id"].nullif(""),
    ),
)
