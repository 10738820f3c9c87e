"""Forecasts of the categories and of the total themselves, to which the forecasts of products are then reconciled.

Sums of products inherit what all products get wrong at once; a series of the total does not, and sees its season of the year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aimwell.predict.demand.blend import weights_of
from aimwell.predict.demand.hierarchy import groups, reconciled, summed
from aimwell.predict.demand.panel import Array, Panel
from aimwell.predict.demand.rules import RULES
from aimwell.predict.demand.series import series_candidates
from aimwell.predict.demand.smoothing import DAILY, holt_winters

__all__ = ["UPPER_LEVELS", "Upper", "UpperWeights", "default_weights", "learn_upper", "reconcile", "upper_of"]

UPPER_LEVELS = ("category", "total")
UpperWeights = Mapping[str, Mapping[str, float]]

_BOTTOM_UP = "bottom_up"
_DEFAULTS: Mapping[str, Mapping[str, float]] = {
    "category": {_BOTTOM_UP: 0.7, "window_average": 0.0, "same_weekday": 0.0, "smoothed": 0.3},
    # Of a single series a few horizons tell little of weights, and the mean of forecasts is hard to beat.
    "total": {_BOTTOM_UP: 0.25, "window_average": 0.25, "tsb": 0.25, "smoothed": 0.25},
}
_YEARLY_SHARE = 0.25
_WEEKS_OF_YEAR = 52
_MIN_WEEKS = 2 * _WEEKS_OF_YEAR
_RECENT_DAYS = 91
_BASE = 0.01  # units squared: keeps categories that do not sell finite
_TINY = 1e-9


@dataclass(frozen=True, kw_only=True)
class Upper:
    """One level at one moment.

    Attributes
    ----------
    history
        (keys, days) before.
    forecasts
        By name, (keys, days ahead).
    """

    history: Array
    forecasts: Mapping[str, Array]


def default_weights(*, has_year: bool) -> dict[str, dict[str, float]]:
    """Return per level the weights without evidence; with two years of history a season of the year takes part."""
    if not has_year:
        return {level: dict(weights) for level, weights in _DEFAULTS.items()}
    return {
        level: {name: weight * (1 - _YEARLY_SHARE) for name, weight in weights.items()}
        | {"yearly": _YEARLY_SHARE}
        for level, weights in _DEFAULTS.items()
    }


def upper_of(panel: Panel, said: Mapping[str, Array], *, horizon_days: int) -> dict[str, Upper]:
    """Return what is said of categories and total: sums of what is said of the series, and forecasts of their own.

    Parameters
    ----------
    panel
        What was known.
    said
        By name, (series, days ahead): the rules, and "bottom_up", the combination.
    horizon_days
        Days ahead.
    """
    found = {}
    for level in UPPER_LEVELS:
        keys, place = groups(panel)[level]
        history = summed(panel.units, place, n_keys=len(keys))
        sums = {name: summed(said[name], place, n_keys=len(keys)) for name in (_BOTTOM_UP, *RULES)}
        found[level] = Upper(history=history, forecasts=sums | _own(history, horizon_days))
    return found


def learn_upper(tried: Sequence[Mapping[str, Upper]], truths: Sequence[Mapping[str, Array]]) -> UpperWeights:
    """Return per level the weights of the forecasts, learned on all horizons tried so far.

    Parameters
    ----------
    tried
        What was said at each, as of `upper_of`.
    truths
        What came at each, (keys, days) by level.
    """
    has_year = all("yearly" in one[level].forecasts for one in tried for level in UPPER_LEVELS)
    found = {}
    for level, default in default_weights(has_year=has_year).items():
        jumps = [np.sqrt(_jumps(one[level].history) + 0.05)[:, None] for one in tried]
        forecasts = {
            name: np.concatenate(
                [(one[level].forecasts[name] / jump).ravel() for one, jump in zip(tried, jumps, strict=True)]
            )
            for name in default
        }
        truth = np.concatenate([(one[level] / jump).ravel() for one, jump in zip(truths, jumps, strict=True)])
        found[level] = weights_of(forecasts, truth, default=default)
    return found


def reconcile(panel: Panel, bottom: Array, upper: Mapping[str, Upper], weights: UpperWeights) -> Array:
    """Return (series, days): the combination of the series, moved to what is expected of categories and total."""
    category, total = (_mixed(upper[level].forecasts, weights[level]) for level in UPPER_LEVELS)
    _, place = groups(panel)["category"]
    variance = 0.5 * _jumps(upper["category"].history[:, -_RECENT_DAYS:]) + _BASE
    return reconciled(bottom, category, total, place=place, variance=variance)


def _own(history: Array, horizon_days: int) -> dict[str, Array]:
    size = history.mean(axis=1, keepdims=True) + _TINY
    smoothed = holt_winters(history / size, ahead=horizon_days, season=7, settings=DAILY)
    found = {"smoothed": np.maximum(smoothed, 0.0) * size}
    if history.shape[1] // 7 >= _MIN_WEEKS:
        found["yearly"] = _yearly(history, found["smoothed"])
    return found


def _yearly(history: Array, days: Array) -> Array:
    """Return forecasts of weeks that know the season of the year, spread over days as `days` are."""
    n_weeks, ahead = history.shape[1] // 7, -(-days.shape[1] // 7)
    weeks = history[:, -7 * n_weeks :].reshape(len(history), n_weeks, 7).sum(axis=2)
    said = series_candidates(weeks, ahead=ahead, season=_WEEKS_OF_YEAR)
    expected = np.mean(list(said.values()), axis=0)
    padded = np.pad(days, ((0, 0), (0, 7 * ahead - days.shape[1])), mode="wrap")
    sums = padded.reshape(len(days), ahead, 7).sum(axis=2)
    ratio = np.divide(expected, sums, out=np.zeros_like(sums), where=sums > 0)
    return np.asarray(days * np.repeat(ratio, 7, axis=1)[:, : days.shape[1]])


def _jumps(history: Array) -> Array:
    return np.asarray(np.mean(np.diff(history, axis=1) ** 2, axis=1))


def _mixed(forecasts: Mapping[str, Array], weights: Mapping[str, float]) -> Array:
    return np.asarray(sum((forecasts[name] * weight for name, weight in weights.items()), np.zeros(1)))
