"""What a product that was never sold will sell in its first days, learned from the shop's own launches.

The logarithm of one plus the units of the first days is drawn from the product's category towards the categories above and the whole shop, as far
as the launches there leave doubt (empirical Bayes), and moved by the price relative to the category's. It is tried on the newest launches
beside two rules; where a rule was closer, the rule is used.

References
----------
Duan, N. (1983). Smearing estimate: a nonparametric retransformation method. JASA 78, 605-610 (the mean of units from the mean of logarithms).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from aimwell.base.words import text
from aimwell.predict.demand.panel import Array

__all__ = [
    "LAUNCH_NAMES",
    "MIN_LAUNCHES",
    "Launch",
    "LaunchForecast",
    "LaunchForm",
    "LaunchTrial",
    "Plan",
    "foretell",
    "split_day",
    "try_launches",
]

LaunchForm = Literal["analogy", "category_mean", "older_products"]
LAUNCH_NAMES: Mapping[LaunchForm, str] = {
    "analogy": text("earlier launches of like products"),
    "category_mean": text("mean of the category's earlier launches"),
    "older_products": text("what the category's older products sell now"),
}
MIN_LAUNCHES = 30
_LATEST = 0.3  # share of the launches that are foretold from the others
_PRIOR = 5.0  # launches that the category above weighs beside a category's own
_PRICE_RIDGE = 20.0
_WILD = 0.99  # quantile of the residuals beyond which they count as this: a bulk order is no launch
_POINTS = np.linspace(0.0025, 0.9975, 200)  # stand for all residuals, however many launches there were
_SEPARATOR = " > "


@dataclass(frozen=True, kw_only=True)
class Launch:
    """A launch of the past.

    Attributes
    ----------
    category
        Path of categories, such as "Drinks > Tea"; "" where unknown.
    first_on
        Day of the first sale.
    units
        Sold within the horizon from this day on.
    price_ratio
        Mean price paid, relative to the mean price paid in the category; 1 where that is not known.
    """

    category: str
    first_on: date
    units: float
    price_ratio: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A product to be launched: its category, and its price relative to the category's."""

    category: str
    price_ratio: float


@dataclass(frozen=True, kw_only=True)
class LaunchForecast:
    """Units within the horizon.

    Attributes
    ----------
    expected, median, low, high
        Mean, median and 80 % interval.
    level
        The narrowest category that some launch was of; "": the whole shop.
    n_launches
        Launches within it.
    """

    expected: float
    median: float
    low: float
    high: float
    level: str
    n_launches: int


@dataclass(frozen=True, kw_only=True)
class LaunchTrial:
    """How the newest launches were foretold from those that were over before.

    Attributes
    ----------
    n_launches
        Launches foretold.
    errors
        Mean absolute error in units, by forecast (medians; rules as they are).
    inside_rate
        Share inside the 80 % interval.
    bias_rate
        Sum of expected units over the sum of those that came, less 1.
    form
        The forecast that was closest.
    """

    n_launches: int
    errors: Mapping[LaunchForm, float]
    inside_rate: float
    bias_rate: float
    form: LaunchForm


@dataclass(frozen=True)
class _Learned:
    """Sums of logarithms and counts by category path, the slope of the price, and residuals."""

    sums: Mapping[str, tuple[float, int]]
    slope: float
    residuals: Array

    def mean(self, category: str) -> float:
        """Return the mean logarithm of a category, drawn to those above it."""
        found = 0.0
        for level in _levels(category):
            total, n = self.sums.get(level, (0.0, 0))
            prior = _PRIOR if level else 0.0
            found = (total + prior * found) / (n + prior) if n + prior else found
        return found

    def logs(self, plans: Sequence[Plan] | Sequence[Launch]) -> Array:
        """Return the mean logarithm of each."""
        base = np.array([self.mean(one.category) for one in plans])
        return base + self.slope * np.log([max(one.price_ratio, 1e-3) for one in plans])


def foretell(launches: Sequence[Launch], plans: Sequence[Plan]) -> list[LaunchForecast]:
    """Return what each plan is expected to sell.

    Parameters
    ----------
    launches
        Of the past, whole horizons only; `MIN_LAUNCHES` at least.
    plans
        What comes.
    """
    learned = _learn(launches)
    logs = learned.logs(plans)
    low, high = np.quantile(learned.residuals, [0.1, 0.9])
    tamed = np.minimum(np.quantile(learned.residuals, _POINTS), np.quantile(learned.residuals, _WILD))
    middle = np.median(learned.residuals)
    return [
        LaunchForecast(
            expected=float(np.mean(np.maximum(np.expm1(log + tamed), 0.0))),
            median=max(float(np.expm1(log + middle)), 0.0),
            low=max(float(np.expm1(log + low)), 0.0),
            high=max(float(np.expm1(log + high)), 0.0),
            level=level,
            n_launches=learned.sums[level][1],
        )
        for log, plan in zip(logs, plans, strict=True)
        for level in [next(one for one in reversed(_levels(plan.category)) if one in learned.sums)]
    ]


def try_launches(
    launches: Sequence[Launch], *, cut_on: date, horizon_days: int, older: Mapping[str, float]
) -> LaunchTrial | None:
    """Foretell the launches from `cut_on` on, from those whose horizon was over before; None: there are too few of either.

    Parameters
    ----------
    launches
        As of `foretell`.
    cut_on
        As of `split_day`.
    horizon_days
        Days that units are of.
    older
        By category: units that its older products sold per product and horizon, before `cut_on`.
    """
    known = [one for one in launches if (cut_on - one.first_on).days >= horizon_days]
    asked = [one for one in launches if one.first_on >= cut_on]
    if len(known) < MIN_LAUNCHES or len(asked) < MIN_LAUNCHES // 3:
        return None
    said = foretell(known, [Plan(category=one.category, price_ratio=one.price_ratio) for one in asked])
    came = np.array([one.units for one in asked])
    means, overall = _category_means(known), float(np.mean([one.units for one in known]))
    rules: dict[LaunchForm, Array] = {
        "analogy": np.array([one.median for one in said]),
        "category_mean": np.array([means.get(one.category, overall) for one in asked]),
        "older_products": np.array([older.get(one.category, overall) for one in asked]),
    }
    errors = {name: float(np.abs(came - values).mean()) for name, values in rules.items()}
    inside = [one.low <= units <= one.high for one, units in zip(said, came.tolist(), strict=True)]
    return LaunchTrial(
        n_launches=len(asked),
        errors=errors,
        inside_rate=float(np.mean(inside)),
        bias_rate=float(sum(one.expected for one in said) / came.sum() - 1) if came.sum() else 0.0,
        form=min(errors, key=lambda name: errors[name]),
    )


def split_day(launches: Sequence[Launch]) -> date:
    """Return the day from which the newest launches are foretold."""
    days = sorted(one.first_on for one in launches)
    return days[int(len(days) * (1 - _LATEST))]


def _learn(launches: Sequence[Launch]) -> _Learned:
    logs = np.log1p([one.units for one in launches])
    sums: dict[str, tuple[float, int]] = {}
    for one, value in zip(launches, logs.tolist(), strict=True):
        for level in _levels(one.category):
            total, n = sums.get(level, (0.0, 0))
            sums[level] = (total + value, n + 1)
    plain = _Learned(sums, 0.0, np.zeros(0))
    # Each launch is left out of its own mean, or the fewer there are the surer all would look.
    off = np.array(
        [value - _without(plain, one, value) for one, value in zip(launches, logs.tolist(), strict=True)]
    )
    prices = np.log([max(one.price_ratio, 1e-3) for one in launches])
    slope = float(prices @ off / (prices @ prices + _PRICE_RIDGE))
    return _Learned(sums, slope, off - slope * prices)


def _without(learned: _Learned, one: Launch, value: float) -> float:
    own = {
        level: (learned.sums[level][0] - value, learned.sums[level][1] - 1) for level in _levels(one.category)
    }
    return _Learned(own, 0.0, learned.residuals).mean(one.category)


def _levels(category: str) -> list[str]:
    """Return the whole shop "" and each beginning of a path, the narrowest last."""
    steps = category.split(_SEPARATOR) if category else []
    return ["", *(_SEPARATOR.join(steps[: n + 1]) for n in range(len(steps)))]


def _category_means(launches: Sequence[Launch]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for one in launches:
        found.setdefault(one.category, []).append(one.units)
    return {category: float(np.mean(units)) for category, units in found.items()}
