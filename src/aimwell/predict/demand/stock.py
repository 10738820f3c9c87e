"""How much to have in stock: the reorder point and the order-up-to level for a wanted service level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, inf, sqrt
from pathlib import Path

from scipy.stats import gamma, norm

from aimwell.base.errors import UserError
from aimwell.base.words import text
from aimwell.predict.demand.told.files import read_rows

__all__ = ["BadStock", "StockLevel", "StockOnHand", "purchase_units", "read_stock", "stock_level"]

_HALF_WIDTH = float(norm.ppf(0.9))  # an 80 % interval reaches this many standard deviations to each side


class BadStock(UserError, ValueError):
    """A file of stock on hand cannot be read."""

    code = "bad_stock"
    template = text(
        "Line {line} of the stock in `{path}` is not valid. Columns: product_id (each once), units, and on_order if you like (numbers, not negative)."
    )


@dataclass(frozen=True, kw_only=True)
class StockOnHand:
    """Units of a product that are there, and those that were ordered and are on their way."""

    product_id: str
    units: float
    on_order: float = 0.0


@dataclass(frozen=True, kw_only=True)
class StockLevel:
    """Units expected, and the level that suffices with the service level's probability."""

    expected_units: float
    units: int


def stock_level(
    expected: float, *, low: float, high: float, days: int, level_days: int, service_level: float
) -> StockLevel:
    """Return the units that suffice for a stretch of days with the given probability.

    The spread of the whole stretch comes from the 80 % interval over `days` and grows with the root of time; the sum is taken
    as gamma distributed, which is not negative and leans to the right as demand does.

    Parameters
    ----------
    expected, low, high
        Forecast and 80 % interval of the units in `days` days.
    days, level_days
        Length of the forecast, and of the stretch to be covered.
    service_level
        Probability in (0, 1) that demand is met.

    References
    ----------
    Silver, Pyke, Thomas (2017). Inventory and Production Management in Supply Chains, 4th ed., ch. 6.
    """
    mean = expected * level_days / days
    spread = (high - low) / (2 * _HALF_WIDTH) * sqrt(level_days / days)
    if mean <= 0:
        return StockLevel(expected_units=0.0, units=0)
    variance = max(spread**2, mean)  # never calmer than a Poisson seller
    units = float(gamma.ppf(service_level, mean**2 / variance, scale=variance / mean))
    return StockLevel(expected_units=mean, units=ceil(units))


def purchase_units(order_up_to: int, on_hand: StockOnHand) -> int:
    """Return the whole units to buy now: what is missing to the level, after what is there and on its way.

    >>> purchase_units(100, StockOnHand(product_id="p1", units=30.5, on_order=10))
    60
    """
    return max(0, ceil(order_up_to - on_hand.units - on_hand.on_order))


def read_stock(path: Path) -> dict[str, StockOnHand]:
    """Read a CSV file of stock on hand, by product.

    Raises
    ------
    BadStock
        With the line that is not valid; a product that stands there twice is not.
    """
    found: dict[str, StockOnHand] = {}

    def parse(row: Mapping[str, str]) -> StockOnHand:
        one = StockOnHand(
            product_id=row["product_id"], units=float(row["units"]), on_order=float(row.get("on_order") or 0)
        )
        if one.product_id in found or not (0 <= one.units < inf and 0 <= one.on_order < inf):
            raise ValueError(row)
        found[one.product_id] = one
        return one

    read_rows(path, columns=("product_id", "units"), parse=parse, refuse=BadStock)
    return found
