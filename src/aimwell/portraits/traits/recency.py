"""Recency: how long ago."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.portraits.model import Trait
from aimwell.portraits.tables.moments import days_between

__all__ = ["RECENCY"]


def _days_since(name: str, moment: str, *, meaning: str, sources: tuple[str, ...]) -> Trait:
    return Trait(
        name=name,
        group="recency",
        dtype="int64",
        unit="days",
        meaning=meaning,
        sources=sources,
        of=lambda p: days_between(p[moment], p.as_of),
    )


RECENCY = (
    _days_since(
        "days_since_last_order",
        "last_ordered_at",
        meaning=text("Calendar days since the last order; empty without one."),
        sources=("orders",),
    ),
    _days_since(
        "days_since_last_visit",
        "last_seen_at",
        meaning=text("Calendar days since the last event of any kind; empty without one."),
        sources=("events",),
    ),
    _days_since(
        "days_since_last_view",
        "last_viewed_at",
        meaning=text("Calendar days since a product was last looked at; empty without a view."),
        sources=("events",),
    ),
    _days_since(
        "days_since_last_search",
        "last_searched_at",
        meaning=text("Calendar days since the last search; empty without one."),
        sources=("events",),
    ),
    _days_since(
        "days_since_last_cart",
        "last_carted_at",
        meaning=text("Calendar days since something was last put into a cart; empty without one."),
        sources=("events",),
    ),
    Trait(
        name="last_ordered_at",
        group="recency",
        dtype="timestamp",
        unit="time",
        meaning=text("Moment of the last order; empty without one."),
        sources=("orders",),
        of=lambda p: p.last_ordered_at,
    ),
)
