"""What one product's sales would do at another price, and which price would earn most within the range that was seen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from aimwell.base.words import text
from aimwell.predict.price.panel import Array

__all__ = ["SHORT_WARNINGS", "WARNINGS", "Z_80", "BestPrice", "Factor", "Response", "Warned"]

Z_80 = 1.2815515655446004  # standard normal: four fifths lie within
_STEPS = 81  # prices tried between the ends of the seen range
_OVERLAP = 0.9  # from here on, price and promotion cannot be told apart
Warned = Literal["positive", "unmoved", "promoted", "unsure"]
WARNINGS: Mapping[Warned, str] = {
    "positive": text(
        "More was sold when it was dearer. That is not what a price does: something else moved with it (season, fashion, a promotion "
        "that was not marked). Do not set prices by it."
    ),
    "unmoved": text("The price hardly moved: the figure is that of the category."),
    "promoted": text(
        "The price moved only together with marked promotions, so what the price did and what the mark did cannot be told apart; the "
        "split is the category's."
    ),
    "unsure": text("The past does not say for sure that a lower price sells more: the interval holds zero."),
}
SHORT_WARNINGS: Mapping[Warned, str] = {
    "positive": text("sold more when dearer"),
    "unmoved": text("price never moved"),
    "promoted": text("moved only in promotions"),
    "unsure": text("direction not sure"),
}


@dataclass(frozen=True, kw_only=True)
class Factor:
    """By what units would be multiplied: the median, its 80 % interval, and whether both prices were within the seen range."""

    value: float
    low: float
    high: float
    is_inside: bool


@dataclass(frozen=True, kw_only=True)
class BestPrice:
    """The price of most profit within the seen range.

    Attributes
    ----------
    price_minor
        The price per unit.
    units_factor
        What units are multiplied by, against the present price.
    gain_minor, low_minor, high_minor
        Profit per week against the present price, with its 80 % interval.
    is_sure
        Whether the whole interval lies above no gain.
    is_at_edge
        Whether profit still grows towards the end of the seen range; what lies beyond is not known.
    """

    price_minor: float
    units_factor: float
    gain_minor: float
    low_minor: float
    high_minor: float
    is_sure: bool
    is_at_edge: bool


@dataclass(frozen=True, kw_only=True)
class Response:
    """How one product's weekly units answer to price and promotion.

    Attributes
    ----------
    product_id, category
        The product; category is "" where it is not known.
    elasticity, elasticity_sd
        Per cent of units for one per cent of price, with its standard error.
    lift, lift_sd, covariance
        Change of log units if all units are sold at a marked discount, at the same price; and its covariance with the elasticity.
    n_weeks, n_moves
        Weeks with a sale, and those whose price was more than a tenth off the usual one.
    overlap
        Squared correlation of price moves and promotions, 0..1; near 1 the two cannot be told apart.
    shrinkage
        0: the product speaks for itself; 1: all is its category's.
    price_minor, weekly_units, unit_cost_minor
        Mean of the last quarter: price paid per unit, units per week (weeks without a sale too), cost per unit.
    has_cost
        Whether the cost is known, and not the shop's margin rate.
    seen_low_minor, seen_high_minor
        The range of weekly prices, without the lowest and highest twentieth.
    """

    product_id: str
    category: str
    elasticity: float
    elasticity_sd: float
    lift: float
    lift_sd: float
    covariance: float
    n_weeks: int
    n_moves: int
    overlap: float
    shrinkage: float
    price_minor: float
    weekly_units: float
    unit_cost_minor: float
    has_cost: bool
    seen_low_minor: float
    seen_high_minor: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 80 % interval of the elasticity."""
        half = Z_80 * self.elasticity_sd
        return self.elasticity - half, self.elasticity + half

    @property
    def warning(self) -> Warned | None:
        """What stands most against using the elasticity; None: nothing known."""
        if self.elasticity >= 0:
            return "positive"
        if self.n_moves == 0:
            return "unmoved"
        if self.overlap > _OVERLAP:
            return "promoted"
        return "unsure" if self.interval[1] >= 0 else None

    def units_factor(self, price_from: float, price_to: float, *, promoted_change: float = 0.0) -> Factor:
        """Return by what weekly units are multiplied when the price goes from one to another.

        Parameters
        ----------
        price_from, price_to
            Price paid per unit, minor units, both above 0.
        promoted_change
            Change of the share of units that is sold at a marked discount, -1..1: 1 where a promotion begins, -1 where it ends.
        """
        move = math.log(price_to / price_from)
        log_units = self.elasticity * move + self.lift * promoted_change
        variance = (
            (self.elasticity_sd * move) ** 2
            + (self.lift_sd * promoted_change) ** 2
            + 2 * self.covariance * move * promoted_change
        )
        half = Z_80 * math.sqrt(max(variance, 0.0))
        inside = all(self.seen_low_minor <= price <= self.seen_high_minor for price in (price_from, price_to))
        return Factor(
            value=math.exp(log_units),
            low=math.exp(log_units - half),
            high=math.exp(log_units + half),
            is_inside=inside,
        )

    def prices(self) -> Array:
        """Return the prices that are tried: evenly in logs over the seen range, minor units."""
        found: Array = np.geomspace(self.seen_low_minor, self.seen_high_minor, _STEPS)
        return found

    def profit(self, prices: Array, *, elasticity: float | None = None) -> Array:
        """Return profit per week at each price, minor units: (price - unit cost) * units."""
        factor = (prices / self.price_minor) ** (self.elasticity if elasticity is None else elasticity)
        earned: Array = (prices - self.unit_cost_minor) * self.weekly_units * factor
        return earned

    def best_price(self) -> BestPrice | None:
        """Return the price of most profit in the seen range; None where more would be sold at a higher price, or no price was seen.

        Of constant elasticity e < -1 it would be unit cost * e / (1 + e); that is taken only where such a price was seen.
        """
        if self.elasticity >= 0 or not self.seen_low_minor < self.seen_high_minor:
            return None
        prices = self.prices()
        chosen = int(np.argmax(self.profit(prices)))
        at_choice, now = prices[[chosen]], np.array([self.price_minor])
        gains = [
            float((self.profit(at_choice, elasticity=e) - self.profit(now, elasticity=e))[0])
            for e in (self.elasticity, *self.interval)
        ]
        return BestPrice(
            price_minor=float(prices[chosen]),
            units_factor=self.units_factor(self.price_minor, float(prices[chosen])).value,
            gain_minor=gains[0],
            low_minor=min(gains),
            high_minor=max(gains),
            is_sure=min(gains) > 0,
            is_at_edge=chosen in (0, len(prices) - 1),
        )

    def as_data(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Response:
        """Return the response that `as_data` wrote."""
        return cls(**data)
