"""Forecasts of series of any grain from the series themselves: candidates, weights learned out of time, intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from aimwell.predict.demand.blend import least_error_weights, mixed
from aimwell.predict.demand.panel import Array
from aimwell.predict.demand.series.smoothing import holt_winters, theta

__all__ = ["SeriesForecast", "forecast_series", "series_candidates"]

MAX_TRIALS = 5
_TRUST = 1.0  # in equal weights, relative to the evidence
_TAIL = 0.1
_GROWTH_PRIOR = 10  # series
_NEAR = 2  # steps to each side whose errors count for a step
_ENOUGH = 60
_NORMAL = 1.2816 * np.sqrt(np.pi / 2)  # 90th of 100 of the normal distribution, in mean absolute deviations
_MIN_CHANGES = 26
_HEAVIEST = 0.75  # quantile of sizes above which a series weighs no more: one alone does not make the intervals of all
_TINY = 1e-9


@dataclass(frozen=True, kw_only=True)
class SeriesForecast:
    """What comes.

    Attributes
    ----------
    expected, low, high
        (series, ahead); the 80 % interval. NaN for a series that is too short.
    weights
        Of each candidate, the same for all series; they sum to 1.
    n_trials
        Past horizons that weights and intervals were learned on; 0: equal weights, and intervals from changes within the series.
    """

    expected: Array
    low: Array
    high: Array
    weights: Mapping[str, float]
    n_trials: int


def series_candidates(values: Array, *, ahead: int, season: int) -> dict[str, Array]:
    """Return by name what each forecast says, (series, ahead) each, none below 0.

    Parameters
    ----------
    values
        (series, periods), not negative; NaN before a series began. Series with later holes are not foretold.
    ahead
        Periods to foretell.
    season
        Periods of a season; series of less than two seasons are foretold without one.
    """
    began = np.argmax(np.isfinite(values), axis=1)
    whole = np.isfinite(values).sum(axis=1) == values.shape[1] - began  # not: never began, or has holes
    found = {name: np.full((len(values), ahead), np.nan) for name in _CANDIDATES}
    for start in np.unique(began[whole]):
        rows = whole & (began == start)
        known = values[rows, start:]
        used = season if known.shape[1] >= 2 * season else 1
        for name, candidate in _CANDIDATES.items():
            found[name][rows] = np.maximum(candidate(known, ahead, used), 0.0)
    if season > 1:
        seasons = 1 + np.arange(ahead) // season
        long = values.shape[1] - began >= 2 * season
        found["last_season"][long] *= _shared_growth(values[whole & long], season=season) ** seasons
    return found


def forecast_series(values: Array, *, ahead: int, season: int) -> SeriesForecast:
    """Foretell many series of one grain, each from its own past; weights and intervals are learned on past horizons of all of them.

    Parameters and requirements as of `series_candidates`.

    Notes
    -----
    Past horizons do not overlap. A trial needs as much history as two seasons and a horizon.
    """
    least = max(2 * season, ahead, 8)
    n_trials = max(0, min(MAX_TRIALS, (values.shape[1] - least) // ahead))
    trials = []
    for number in range(n_trials, 0, -1):
        end = values.shape[1] - ahead * number
        past, truth = values[:, :end], values[:, end : end + ahead]
        trials.append((past, series_candidates(past, ahead=ahead, season=season), truth))
    found = series_candidates(values, ahead=ahead, season=season)
    weights = _learned(trials, season=season)
    expected = mixed(found, weights)
    low, high = _interval(
        expected,
        values,
        [(past, mixed(said, weights), truth) for past, said, truth in trials],
        season=season,
    )
    return SeriesForecast(expected=expected, low=low, high=high, weights=weights, n_trials=n_trials)


def _last_season(values: Array, ahead: int, season: int) -> Array:
    """Return the last season again (seasonal naive); without a season the mean of the last four periods."""
    if season == 1:
        return np.repeat(values[:, -4:].mean(axis=1)[:, None], ahead, axis=1)
    return np.asarray(values[:, -season:][:, np.arange(ahead) % season])


def _shared_growth(values: Array, *, season: int) -> float:
    """Return the median growth from the season before last to the last; the fewer the series, the nearer to 1.

    One series' growth of a year is mostly chance; what many share goes on.
    """
    last, before = (one.sum(axis=1) for one in (values[:, -season:], values[:, -2 * season : -season]))
    known = (last > 0) & (before > 0)
    if not known.any():
        return 1.0
    shrunk = known.sum() / (known.sum() + _GROWTH_PRIOR)
    return float(np.exp(shrunk * np.median(np.log(last[known] / before[known]))))


def _smoothed(values: Array, ahead: int, season: int) -> Array:
    size = values.mean(axis=1, keepdims=True) + _TINY
    return np.asarray(holt_winters(values / size, ahead=ahead, season=season) * size)


def _smoothed_logs(values: Array, ahead: int, season: int) -> Array:
    return _in_logs(values, lambda logs: holt_winters(logs, ahead=ahead, season=season))


def _theta(values: Array, ahead: int, season: int) -> Array:
    return _in_logs(values, lambda logs: theta(logs, ahead=ahead, season=season))


def _in_logs(values: Array, forecast: Callable[[Array], Array]) -> Array:
    """Foretell logarithms where a series was never 0, else shares of its mean."""
    positive = values.min(axis=1, keepdims=True) > 0
    size = values.mean(axis=1, keepdims=True) + _TINY
    said = forecast(np.where(positive, np.log(np.maximum(values, _TINY)), values / size))
    return np.asarray(np.where(positive, np.exp(np.where(positive, said, 0.0)), said * size))


_CANDIDATES: dict[str, Callable[[Array, int, int], Array]] = {
    "last_season": _last_season,
    "smoothed": _smoothed,
    "smoothed_logs": _smoothed_logs,
    "theta": _theta,
}
_EQUAL = dict.fromkeys(_CANDIDATES, 1 / len(_CANDIDATES))


def _learned(trials: list[tuple[Array, dict[str, Array], Array]], *, season: int) -> dict[str, float]:
    if not trials:
        return dict(_EQUAL)
    size = [_change(past, season=season)[:, None] * np.ones_like(truth) for past, _, truth in trials]
    truth = np.concatenate([(truth / one).ravel() for (_, _, truth), one in zip(trials, size, strict=True)])
    said = {
        name: np.concatenate(
            [(found[name] / one).ravel() for (_, found, _), one in zip(trials, size, strict=True)]
        )
        for name in _CANDIDATES
    }
    known = np.isfinite(truth) & np.all([np.isfinite(one) for one in said.values()], axis=0)
    heard = {name: one[known] for name, one in said.items()}
    return least_error_weights(heard, truth[known], default=_EQUAL, trust=_TRUST)


def _change(values: Array, *, season: int) -> Array:
    """Return (series,): the mean absolute change from season to season of late, in units; NaN where none is known."""
    lag = season if values.shape[1] > season else 1
    return (
        _mean_known(np.abs(values[:, lag:] - values[:, :-lag])[:, -max(2 * season, _MIN_CHANGES) :]) + _TINY
    )


def _noise(values: Array, *, season: int) -> Array:
    """Return (series,): the mean absolute jump from period to period of late, of the change to the season before where there is one."""
    change = (
        values[:, season:] - values[:, :-season] if season > 1 and values.shape[1] > season + 1 else values
    )
    jumps = np.abs(np.diff(change, axis=1))[:, -max(2 * season, _MIN_CHANGES) :]
    return _mean_known(jumps) + _TINY


def _mean_known(values: Array) -> Array:
    """Return (series,): the mean of what is finite; NaN where nothing is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.asarray(np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan))


def _interval(
    expected: Array, values: Array, tried: Sequence[tuple[Array, Array, Array]], *, season: int
) -> tuple[Array, Array]:
    """Return both ends, from errors on past horizons in units of each series' own noise; those of large series weigh more."""
    ahead = expected.shape[1]
    if not tried:
        reach = _NORMAL * _change(values, season=season)[:, None] * np.sqrt(1 + np.arange(ahead) / season)
        return np.maximum(expected - reach, 0.0), expected + reach
    errors = np.stack(
        [(truth - said) / _noise(past, season=season)[:, None] for past, said, truth in tried]
    )  # (trials, series, ahead)
    weights = np.stack([_weight(past, season=season) for past, _, _ in tried])
    ends = np.array(
        [_quantiles(errors[:, :, max(0, step - _NEAR) : step + _NEAR + 1], weights) for step in range(ahead)]
    )
    size = _noise(values, season=season)[:, None]
    return np.maximum(expected + ends[:, 0] * size, 0.0), expected + ends[:, 1] * size


def _weight(values: Array, *, season: int) -> Array:
    """Return (series,): what each sold of late, relative to the large ones, at most 1."""
    sold = np.nansum(values[:, -max(season, _MIN_CHANGES) :], axis=1) + _TINY
    return np.asarray(np.minimum(sold / np.quantile(sold, _HEAVIEST), 1.0))


def _quantiles(errors: Array, weights: Array) -> tuple[float, float]:
    """Return the 10th and the 90th of 100 errors of (trials, series, steps), each with the weight of its (trial, series)."""
    known = np.isfinite(errors)
    found, weight = errors[known], np.broadcast_to(weights[:, :, None], errors.shape)[known]
    if found.size == 0:
        return -_NORMAL, _NORMAL
    if found.size < _ENOUGH:  # errors of one horizon go together: Student's t over horizons
        reach = float(np.sqrt(np.mean(found**2)) * student.ppf(1 - _TAIL, len(errors)))
        return -reach, reach
    order = np.argsort(found)
    share = (np.cumsum(weight[order]) - 0.5 * weight[order]) / weight.sum()
    low, high = np.interp([_TAIL, 1 - _TAIL], share, found[order])
    return min(float(low), 0.0), max(float(high), 0.0)
