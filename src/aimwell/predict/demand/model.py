"""What demand is fitted to be: levels, grains, weights of the forecasts that are combined, and how a back-test went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from aimwell.base.words import text

__all__ = [
    "FAMILY",
    "FORECAST_NAMES",
    "GRAINS",
    "LEVELS",
    "LEVEL_NAMES",
    "Backtest",
    "DemandModel",
    "Grain",
    "Level",
    "Trial",
]

FAMILY = "demand"
Level = Literal["total", "category", "product", "channel", "segment"]
Grain = Literal["day", "week", "month"]
LEVELS: tuple[Level, ...] = ("total", "category", "product", "channel", "segment")
GRAINS: tuple[Grain, ...] = ("day", "week", "month")

FORECAST_NAMES = {
    "combined": text("combined"),
    "bottom_up": text("combined, without forecasts of category and total"),
    "trees": text("gradient-boosted trees over all series"),
    "window_average": text("mean of the last 28 days"),
    "same_weekday": text("mean of the same weekday in eight weeks"),
    "tsb": text("TSB: chance of a sale times its size"),
    "last_week": text("the last week again"),
    "smoothed": text("exponential smoothing with a season of the week"),
    "weekly": text("models of the weekly series"),
}
LEVEL_NAMES: dict[str, str] = {
    "total": text("Total"),
    "category": text("Category"),
    "product": text("Product"),
    "channel": text("Channel"),
    "segment": text("Group of customers"),
}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How one forecast did at one level of the hierarchy, daily, over all moments tried.

    Attributes
    ----------
    level, forecast
        The level, and the name of the forecast.
    n_series
        How many series.
    rmsse
        Root mean squared error, relative to that of "tomorrow as today" before the moment; mean over series and moments.
    weighted_rmsse
        The same, weighted by sales before the moment.
    bias_rate
        Sum of forecasts over sum of truth, less 1.
    """

    level: str
    forecast: str
    n_series: int
    rmsse: float
    weighted_rmsse: float
    bias_rate: float


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What forecasts of the past would have been.

    Attributes
    ----------
    cuts
        First day of each horizon that was foretold.
    horizon_days
        Its length.
    trials
        Errors by level and forecast.
    coverage
        Share of the truth inside the 80 % intervals, by "level/grain"; intervals were learned on the horizons before.
    """

    cuts: Sequence[date]
    horizon_days: int
    trials: Sequence[Trial]
    coverage: Mapping[str, float]

    def trial(self, level: str, forecast: str) -> Trial:
        """Return the errors of one forecast at one level."""
        return next(one for one in self.trials if (one.level, one.forecast) == (level, forecast))

    def as_data(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self) | {"cuts": [cut.isoformat() for cut in self.cuts]}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Backtest:
        """Return the back-test that `as_data` wrote."""
        return cls(
            cuts=[date.fromisoformat(cut) for cut in data["cuts"]],
            horizon_days=data["horizon_days"],
            trials=[Trial(**one) for one in data["trials"]],
            coverage=data["coverage"],
        )


@dataclass(frozen=True, kw_only=True)
class DemandModel:
    """A fitted demand model.

    Attributes
    ----------
    trees
        Text of the LightGBM model.
    weights
        Weight of each forecast, for "regular" and for "intermittent" series; each sums to 1.
    upper_weights
        Weight of each forecast of "category" and of "total"; each sums to 1.
    quantiles
        Lower and upper standardised error of the 80 % interval, by "level/grain".
    horizon_days, country, category_depth, max_products
        What it was fitted for; scoring takes the same.
    promotion_kinds
        Kinds of promotions that it learned from.
    has_buyers
        Whether it learned from who bought; models kept by earlier versions did not.
    """

    trees: str
    weights: Mapping[str, Mapping[str, float]]
    upper_weights: Mapping[str, Mapping[str, float]]
    quantiles: Mapping[str, Sequence[float]]
    horizon_days: int
    country: str
    category_depth: int
    max_products: int
    promotion_kinds: Sequence[str]
    has_buyers: bool = False

    def as_data(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> DemandModel:
        """Return the model that `as_data` wrote; those kept by earlier versions add up products and do no more."""
        sums = {level: {"bottom_up": 1.0} for level in ("category", "total")}
        return cls(**{"upper_weights": sums} | dict(data))
