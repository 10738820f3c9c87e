"""What a plan assumes of an offer before it is measured: the range its file states, or the range that past prices of the shop say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aimwell.base.words import text

__all__ = ["WHY_NOT", "Assumed", "Incrementality", "PastPrices", "RangeSource", "WhyNot"]

RangeSource = Literal["stated", "prices"]
WhyNot = Literal["no_discount", "no_model", "no_product", "no_category", "no_uplift"]
WHY_NOT: Mapping[WhyNot, str] = {
    "no_discount": text("the offer names no discount_rate"),
    "no_model": text(
        "no price model was fitted as of the plan's day or before (or the price model abstained)"
    ),
    "no_product": text("the price model does not know the offer's product"),
    "no_category": text("the price model knows no product of the offer's category"),
    "no_uplift": text("by past prices, more was sold when it was dearer: a discount would add nothing"),
}


@dataclass(frozen=True, kw_only=True)
class Incrementality:
    """Which share of the orders made with an offer would not have been made without it: assumed, as a range in 0..1."""

    low: float
    mid: float
    high: float


@dataclass(frozen=True, kw_only=True)
class PastPrices:
    """Where a range from past prices comes from: all that is needed to reckon it again, and to judge it.

    Attributes
    ----------
    model_id, as_of
        The price model, and the moment before which it learned: naive UTC, ISO 8601.
    n_weeks
        Weeks of sales before `as_of` that it learned from.
    scope, about, n_products, n_seen, discount_rate, elasticity, elasticity_se
        As in `aimwell.predict.price.discount.DiscountAnswer`.
    """

    model_id: str
    as_of: str
    n_weeks: int
    scope: str
    about: str
    n_products: int
    n_seen: int
    discount_rate: float
    elasticity: float
    elasticity_se: float


@dataclass(frozen=True, kw_only=True)
class Assumed:
    """The range of one offer, where the campaign wants it from past prices.

    Attributes
    ----------
    range
        What counts.
    prices
        What it was reckoned from; None: past prices could not be used, and the range that the file states counts.
    why_not
        Why past prices could not be used.
    """

    range: Incrementality
    prices: PastPrices | None = None
    why_not: WhyNot | None = None

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Assumed:
        """Return what `dataclasses.asdict` made into JSON values."""
        return cls(
            range=Incrementality(**data["range"]),
            prices=None if data["prices"] is None else PastPrices(**data["prices"]),
            why_not=data["why_not"],
        )
