"""Forecasts of the categories and of the total themselves, to which the forecasts of products are then reconciled.

Sums of products inherit what all products get wrong at once; a series of the total does not, and sees its season of the year.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aimwell.predict.demand.blend import least_error_weights, mixed
from aimwell.predict.demand.hierarchy import groups, reconciled, summed
from aimwell.predict.demand.panel import Array, Panel
from aimwell.predict.demand.rules import RULES
from aimwell.predict.demand.series.models import series_candidates
from aimwell.predict.demand.series.smoothing import DAILY, holt_winters

__all__ = ["DEFAULT_WEIGHTS", "UPPER_LEVELS", "Upper", "UpperWeights", "learn_upper", "reconcile", "upper_of"]

UPPER_LEVELS = ("category", "total")
UpperWeights = Mapping[str, Mapping[str, float]]

_BOTTOM_UP = "bottom_up"
DEFAULT_WEIGHTS: UpperWeights = {
    "category": {_BOTTOM_UP: 0.5, "weekly": 0.5},
    # Of a single series a few horizons tell little of weights, and the mean of forecasts is hard to beat.
    "total": {_BOTTOM_UP: 0.2, "window_average": 0.2, "tsb": 0.2, "smoothed": 0.2, "weekly": 0.2},
}
"""By level, without evidence."""

_WEEKS_OF_YEAR = 52
# In the default, relative to the evidence: there are many categories, and one total.
_TRUST = {"category": 0.1, "total": 1.0}
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


def upper_of(panel: Panel, said: Mapping[str, Array], *, horizon_days: int) -> dict[str, Upper]:
    """Return what is said of categories and total: sums of what is said of the series, and forecasts of their own.

    Parameters
    ----------
    panel
        What was known.
    said
        By name, (series, days ahead): the rules, and "bottom_up", the combination; 0 on closed days.
    horizon_days
        Days ahead.
    """
    found = {}
    for level in UPPER_LEVELS:
        keys, place = groups(panel)[level]
        history = summed(panel.units, place, n_keys=len(keys))
        sums = {name: summed(said[name], place, n_keys=len(keys)) for name in (_BOTTOM_UP, *RULES)}
        own = _own(history, horizon_days)
        is_open = panel.is_open(panel.n_days, horizon_days)
        found[level] = Upper(
            history=history, forecasts=sums | {name: days * is_open for name, days in own.items()}
        )
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
    found = {}
    for level, default in DEFAULT_WEIGHTS.items():
        sizes = [_usual_change(one[level].history) for one in tried]
        forecasts = {
            name: _joined([_weeks(one[level].forecasts[name]) for one in tried], sizes) for name in default
        }
        truth = _joined([_weeks(one[level]) for one in truths], sizes)
        found[level] = least_error_weights(forecasts, truth, default=default, trust=_TRUST[level])
    return found


def reconcile(panel: Panel, bottom: Array, upper: Mapping[str, Upper], weights: UpperWeights) -> Array:
    """Return (series, days): the combination of the series, moved to what is expected of categories and total."""
    category, total = (mixed(upper[level].forecasts, weights[level]) for level in UPPER_LEVELS)
    _, place = groups(panel)["category"]
    variance = 0.5 * _jumps(upper["category"].history[:, -_RECENT_DAYS:]) + _BASE
    return reconciled(bottom, category, total, place=place, variance=variance)


def _own(history: Array, horizon_days: int) -> dict[str, Array]:
    size = history.mean(axis=1, keepdims=True) + _TINY
    smoothed = holt_winters(history / size, ahead=horizon_days, season=7, settings=DAILY)
    found = {"smoothed": np.maximum(smoothed, 0.0) * size}
    return found | {"weekly": _weekly(history, found["smoothed"])}


def _weekly(history: Array, days: Array) -> Array:
    """Return forecasts of weeks, which from two years on know the season of the year, spread over days as `days` are."""
    n_weeks, ahead = history.shape[1] // 7, -(-days.shape[1] // 7)
    weeks = history[:, -7 * n_weeks :].reshape(len(history), n_weeks, 7).sum(axis=2)
    said = series_candidates(weeks, ahead=ahead, season=_WEEKS_OF_YEAR)
    expected = np.median(list(said.values()), axis=0)  # one that goes astray does not count
    padded = np.pad(days, ((0, 0), (0, 7 * ahead - days.shape[1])), mode="wrap")
    sums = padded.reshape(len(days), ahead, 7).sum(axis=2)
    ratio = np.divide(expected, sums, out=np.zeros_like(sums), where=sums > 0)
    return np.asarray(days * np.repeat(ratio, 7, axis=1)[:, : days.shape[1]])


def _weeks(days: Array) -> Array:
    """Return (keys, weeks): sums of seven days from the first on; of all days where they are fewer."""
    if days.shape[1] < 7:
        return np.asarray(days.sum(axis=1, keepdims=True))
    n_weeks = days.shape[1] // 7
    return np.asarray(days[:, : 7 * n_weeks].reshape(len(days), n_weeks, 7).sum(axis=2))


def _usual_change(history: Array) -> Array:
    """Return (keys,): the mean absolute change from week to week, in units, at least one."""
    return np.asarray(np.abs(np.diff(_weeks(history), axis=1)).mean(axis=1) + 1.0)


def _joined(parts: Sequence[Array], sizes: Sequence[Array]) -> Array:
    return np.concatenate([(part / size[:, None]).ravel() for part, size in zip(parts, sizes, strict=True)])


def _jumps(history: Array) -> Array:
    return np.asarray(np.mean(np.diff(history, axis=1) ** 2, axis=1))
