"""Forecasts without a model: the naive rules that a model must beat, and which it is combined with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from aimwell.predict.demand.panel import Array

__all__ = ["RULES", "same_weekday", "tsb", "window_average"]

_WINDOW_DAYS = 28
_SMOOTHING = 0.1


def window_average(units: Array, horizon_days: int) -> Array:
    """Return the mean of the last 28 days, for each day ahead."""
    return np.repeat(units[:, -_WINDOW_DAYS:].mean(axis=1)[:, None], horizon_days, axis=1)


def last_week(units: Array, horizon_days: int) -> Array:
    """Return the last week again and again (seasonal naive)."""
    return np.asarray(units[:, -7:][:, np.arange(horizon_days) % 7])


def same_weekday(units: Array, horizon_days: int) -> Array:
    """Return the mean of the same weekday in the last eight weeks."""
    n_weeks = min(8, units.shape[1] // 7)
    folded = units[:, -7 * n_weeks :].reshape(len(units), n_weeks, 7).mean(axis=1)
    return np.asarray(folded[:, np.arange(horizon_days) % 7])


def tsb(units: Array, horizon_days: int) -> Array:
    """Return chance of a sale times size of a sale, both smoothed, for intermittent products.

    References
    ----------
    Teunter, Syntetos, Babai (2011). Intermittent demand: linking forecasting to inventory obsolescence. EJOR 214(3).
    """
    sold = units > 0
    chance = sold.mean(axis=1)
    size = np.where(sold, units, 0).sum(axis=1) / np.maximum(sold.sum(axis=1), 1)
    for day in range(units.shape[1]):
        today = sold[:, day]
        chance = chance + _SMOOTHING * (today - chance)
        size = np.where(today, size + _SMOOTHING * (units[:, day] - size), size)
    return np.repeat((chance * size)[:, None], horizon_days, axis=1)


RULES: dict[str, Callable[[Array, int], Array]] = {
    "window_average": window_average,
    "same_weekday": same_weekday,
    "tsb": tsb,
    "last_week": last_week,
}
"""By name; "last_week" is only compared with, the others may get a weight."""
