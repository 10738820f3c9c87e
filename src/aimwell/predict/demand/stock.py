"""How much to have in stock: the reorder point and the order-up-to level for a wanted service level."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

from scipy.stats import gamma, norm

__all__ = ["StockLevel", "stock_level"]

_HALF_WIDTH = float(norm.ppf(0.9))  # an 80 % interval reaches this many standard deviations to each side


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
