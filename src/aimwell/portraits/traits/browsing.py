"""Browsing: the footprint that a person leaves before, between and instead of orders."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.portraits.model import Trait
from aimwell.portraits.traits.arithmetic import count, rate

__all__ = ["BROWSING"]


def _events(name: str, *, meaning: str) -> Trait:
    return Trait(
        name=name,
        group="browsing",
        dtype="int64",
        unit="events",
        meaning=meaning,
        sources=("events",),
        of=lambda p: count(p[name]),
    )


def _days(name: str, *, meaning: str, sources: tuple[str, ...]) -> Trait:
    return Trait(
        name=name,
        group="browsing",
        dtype="int64",
        unit="days",
        meaning=meaning,
        sources=sources,
        of=lambda p: count(p[name]),
    )


BROWSING = (
    _events("n_views", meaning=text("Products looked at.")),
    _events("n_searches", meaning=text("Searches.")),
    _events("n_carts", meaning=text("Times something was put into a cart.")),
    _events("n_checkouts", meaning=text("Checkouts begun.")),
    _events("n_wishes", meaning=text("Times something was put on a wish list.")),
    _events("n_reviews", meaning=text("Reviews written.")),
    _events("n_shares", meaning=text("Products shared with others.")),
    _days("n_visit_days", meaning=text("Different days with an event."), sources=("events",)),
    _days(
        "n_abandoned_cart_days",
        meaning=text("Days on which something was put into a cart and nothing was ordered."),
        sources=("events", "orders"),
    ),
    Trait(
        name="abandoned_cart_rate",
        group="browsing",
        dtype="float64",
        unit="rate",
        meaning=text("Share of the days with a cart that brought no order; empty without a cart."),
        sources=("events", "orders"),
        of=lambda p: rate(p.n_abandoned_cart_days, p.n_cart_days),
    ),
    Trait(
        name="view_to_buy_rate",
        group="browsing",
        dtype="float64",
        unit="rate",
        meaning=text(
            "Share of the days on which products were looked at that brought an order; empty without a view."
        ),
        sources=("events", "orders"),
        of=lambda p: rate(p.n_bought_view_days, p.n_view_days),
    ),
    Trait(
        name="views_per_visit_day",
        group="browsing",
        dtype="float64",
        unit="events",
        meaning=text("Products looked at per day with an event; empty without events."),
        sources=("events",),
        of=lambda p: rate(p.n_views, p.n_visit_days),
    ),
)
