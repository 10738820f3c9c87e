"""Kinds of shops whose shapes are those of real ones; `tests/integration/learn/test_shapes.py` holds them to that.

The numbers were found by search, so that repeat rate, gaps between orders, lines and value of baskets, and the concentration of sales
come out near those of the data sets; how people respond to contacts and discounts cannot be seen in these data and is assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aimwell.learn.simulator.model import Nature, Shelf, WorldSpec

__all__ = ["PRESETS", "gift_shop", "grocery"]

_GIFT_SHELVES = (
    Shelf(name="Music > Pop", price=8.7, margin_rate=0.42, return_factor=0.5, share=2.0),
    Shelf(name="Music > Classical", price=10.2, margin_rate=0.45, return_factor=0.5),
    Shelf(name="Music > Jazz", price=9.5, margin_rate=0.45, return_factor=0.5),
    Shelf(name="Books > Novels", price=8.0, margin_rate=0.4, return_factor=0.5, share=1.5),
    Shelf(name="Books > Cooking", price=13.1, margin_rate=0.42, is_gift=True),
    Shelf(name="Home > Candles", price=8.7, margin_rate=0.6, is_gift=True, share=1.2),
    Shelf(name="Home > Glass", price=13.8, margin_rate=0.55, return_factor=1.5, is_gift=True),
    Shelf(name="Home > Textiles", price=12.4, margin_rate=0.55, return_factor=1.5),
    Shelf(name="Toys > Games", price=13.1, margin_rate=0.45, is_gift=True),
    Shelf(name="Toys > Plush", price=10.2, margin_rate=0.5, is_gift=True),
    Shelf(name="Fashion > Scarves", price=15.3, margin_rate=0.6, return_factor=2.0, is_gift=True),
    Shelf(name="Fashion > Jewellery", price=17.5, margin_rate=0.65, return_factor=2.0, is_gift=True),
)
_GROCERY_SHELVES = (
    Shelf(name="Grocery > Staples", price=2.0, margin_rate=0.24, return_factor=0.3, share=4.0),
    Shelf(name="Grocery > Snacks", price=2.2, margin_rate=0.32, return_factor=0.3, share=3.0),
    Shelf(name="Grocery > Drinks", price=2.5, margin_rate=0.3, return_factor=0.3, share=2.5),
    Shelf(name="Fresh > Fruit", price=1.9, margin_rate=0.35, return_factor=1.0, share=2.0),
    Shelf(name="Fresh > Meat", price=4.35, margin_rate=0.27, return_factor=1.2, share=1.5),
    Shelf(name="Fresh > Bakery", price=2.0, margin_rate=0.45, return_factor=0.6, share=1.5),
    Shelf(name="Fresh > Cheese", price=3.0, margin_rate=0.33, return_factor=0.6),
    Shelf(name="Frozen > Meals", price=2.75, margin_rate=0.3, return_factor=0.5, share=1.5),
    Shelf(name="Household > Cleaning", price=3.5, margin_rate=0.33, return_factor=0.8),
    Shelf(name="Household > Paper", price=3.8, margin_rate=0.27, return_factor=0.4),
    Shelf(name="Care > Body", price=3.6, margin_rate=0.38, return_factor=1.0),
    Shelf(name="Care > Baby", price=5.8, margin_rate=0.25, return_factor=1.2, share=0.5),
)


def gift_shop(**changes: Any) -> WorldSpec:
    """Return a shop of gifts, books and music: most customers buy once or twice a year. Shapes as of CDNOW.

    Parameters
    ----------
    **changes
        Fields of `WorldSpec` that differ; `people` is needed.
    """
    nature = Nature(
        shelves=_GIFT_SHELVES,
        order_rate=0.017,
        order_rate_shape=0.58,
        days_sated=15.0,
        days_open=35.0,
        days_keen=3.8,
        days_to_lapse=540.0,
        days_lapsed=1200.0,
        pace_shape=0.53,
        fickle_shape=2.0,
        lapse_after_order=0.475,
        lapse_shapes=1.03,
        keen_after_order=0.21,
        lines=2.5,
        lines_spread=0.55,
        price_spread=0.45,
        taste_total=1.25,
        impulse_rate=0.03,
    )
    defaults: dict[str, Any] = {"name": "gift-shop", "nature": nature}
    return WorldSpec(**defaults | changes)


def grocery(**changes: Any) -> WorldSpec:
    """Return a supermarket with cards: weekly shopping, small and large baskets. Shapes as of Complete Journey.

    Parameters
    ----------
    **changes
        Fields of `WorldSpec` that differ; `people` is needed.
    """
    nature = Nature(
        shelves=_GROCERY_SHELVES,
        order_rate=0.2,
        order_rate_shape=1.3,
        need_rates=(0, 0, 0.5, 1.0, 2.0, 0, 0),
        days_stocked=12.0,
        days_sated=1.3,
        days_open=10.0,
        days_keen=2.2,
        days_to_lapse=4000.0,
        lapse_after_order=0.0005,
        lines=10.8,
        lines_spread=0.47,
        visit_rate=0.1,
        price_spread=0.53,
        taste_total=9.0,
        return_rate=0.004,
        case_rate=0.001,
        annual=0.3,
        impulse_rate=0.03,
        price_response=4.0,
    )
    defaults: dict[str, Any] = {
        "name": "grocery",
        "nature": nature,
        "products": 5_000,
        "share_at_start": 0.92,
    }
    return WorldSpec(**defaults | changes)


PRESETS: Mapping[str, Callable[..., WorldSpec]] = {"gift-shop": gift_shop, "grocery": grocery}
