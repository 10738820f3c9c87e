"""Exponential smoothing and Theta for many series at once, as NumPy arrays: seconds for thousands, where a library takes each in turn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aimwell.predict.demand.panel import Array

__all__ = ["DAILY", "PERIODIC", "Smoothing", "holt_winters", "theta"]

_TRUST = 5.0  # weight of a setting: its squared error in sample to the power of minus this
_MEMORY_SEASONS = 3
_MIN_MEMORY = 30
_SEASONS_SEEN = 8  # by the season of Theta
_TREND_SEASONS = 10  # by its trend
_TREND_SHARE = 0.7  # Theta takes a half; the trend that came was nearer to this on monthly retail, 2012-2018
_TINY = 1e-9


@dataclass(frozen=True)
class Smoothing:
    """One setting: how fast level, trend and season follow, and the share of the trend that is left after each step."""

    level: float
    trend: float
    season: float
    damping: float


def _settings(
    level: Sequence[float], trend: Sequence[float], season: Sequence[float], damping: Sequence[float]
) -> tuple[Smoothing, ...]:
    return tuple(Smoothing(*one) for one in itertools.product(level, trend, season, damping))


PERIODIC = _settings((0.2, 0.4, 0.7), (0.02, 0.1), (0.1, 0.3), (0.9, 0.97))
"""For weeks and months."""

DAILY = _settings((0.02, 0.05, 0.1, 0.2), (0.0,), (0.02, 0.05, 0.1), (0.9,))
"""For days: slow, and without a trend."""


def holt_winters(
    values: Array, *, ahead: int, season: int, settings: Sequence[Smoothing] = PERIODIC
) -> Array:
    """Return damped additive exponential smoothing, averaged over settings by how well each foretold one step ahead.

    Parameters
    ----------
    values
        (series, periods), finite; of a few units' size, so that no series drowns in rounding.
    ahead
        Periods to foretell.
    season
        Periods of a season; 1: none. At least two seasons of values are needed.
    settings
        The settings averaged.

    Returns
    -------
    array
        (series, ahead).

    References
    ----------
    Gardner, McKenzie (1985). Forecasting trends in time series. Management Science 31(10). Hyndman, Koehler, Ord, Snyder (2008).
    Forecasting with exponential smoothing, model (A, Ad, A).
    """
    alpha, beta, gamma, phi = (
        np.array([getattr(one, name) for one in settings]) for name in ("level", "trend", "season", "damping")
    )
    level, trend, seasonal = (
        np.repeat(one[:, None], len(settings), axis=1) for one in _start(values, season=season)
    )
    n_periods = values.shape[1]
    memory = 1 - 1 / max(_MEMORY_SEASONS * season, _MIN_MEMORY)
    squared = np.zeros_like(level)
    for period in range(n_periods):
        place = period % season
        before = level + phi * trend
        error = values[:, period, None] - before - seasonal[:, :, place]
        level, trend = before + alpha * error, phi * trend + alpha * beta * error
        if season > 1:
            seasonal[:, :, place] += gamma * (1 - alpha) * error
        if period >= min(2 * season, n_periods // 2):  # earlier errors are those of the start
            squared = squared * memory + error**2
    damped = np.cumsum(phi[:, None] ** np.arange(1, ahead + 1), axis=1)
    found = level[:, :, None] + trend[:, :, None] * damped
    found += seasonal[:, :, (n_periods + np.arange(ahead)) % season]
    ratio = (squared + _TINY) / (squared.min(axis=1, keepdims=True) + _TINY)
    weights = ratio**-_TRUST
    return np.asarray(np.einsum("sg,sga->sa", weights / weights.sum(axis=1, keepdims=True), found))


def theta(values: Array, *, ahead: int, season: int) -> Array:
    """Return simple exponential smoothing without season plus a share of the linear trend, the season put back.

    Parameters and result as of `holt_winters`.

    References
    ----------
    Assimakopoulos, Nikolopoulos (2000). The theta model. International Journal of Forecasting 16(4).
    """
    n_periods = values.shape[1]
    seen = season * min(n_periods // season, _SEASONS_SEEN)
    folded = values[:, n_periods - seen :].reshape(len(values), -1, season)
    usual = (folded - folded.mean(axis=2, keepdims=True)).mean(axis=1)
    bare = values - usual[:, (np.arange(n_periods) - n_periods) % season]
    flat = holt_winters(
        bare,
        ahead=ahead,
        season=1,
        settings=_settings([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9], [0.0], [0.0], [1.0]),
    )
    recent = bare[:, -_TREND_SEASONS * max(season, 4) :]
    steps = np.arange(recent.shape[1]) - (recent.shape[1] - 1) / 2
    slope = recent @ steps / max(float(steps @ steps), 1.0)
    drift = _TREND_SHARE * slope[:, None] * np.arange(1, ahead + 1)
    return np.asarray(flat + drift + usual[:, np.arange(ahead) % season])


def _start(values: Array, *, season: int) -> tuple[Array, Array, Array]:
    """Return level, trend and season before the first period: (series,), (series,), (series, season)."""
    if season == 1:
        return values[:, :4].mean(axis=1), np.zeros(len(values)), np.zeros((len(values), 1))
    n_seasons = min(values.shape[1] // season, _MEMORY_SEASONS)
    folded = values[:, : n_seasons * season].reshape(len(values), n_seasons, season)
    means = folded.mean(axis=2)
    trend = (means[:, -1] - means[:, 0]) / max((n_seasons - 1) * season, 1)
    return means[:, 0], trend, (folded - means[:, :, None]).mean(axis=1)
