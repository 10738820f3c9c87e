"""Weights of forecasts, learned on a horizon that none of them had seen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.optimize import nnls

from aimwell.predict.demand.panel import Array

__all__ = [
    "DEFAULT_WEIGHTS",
    "blended",
    "learn_weights",
    "least_error_weights",
    "mixed",
    "only",
    "weights_of",
]

DEFAULT_WEIGHTS = {"trees": 0.7, "window_average": 0.3, "same_weekday": 0.0, "tsb": 0.0}
_TRUST = 0.1  # weight of the default, relative to the evidence: a horizon is one draw of what may come
_SUM = 1e3  # how strictly weights sum to 1
_ROUNDS = 5
_LEAST_ERROR = 0.1  # of what errors are relative to
_INTERMITTENT = 0.5  # share of days with sales


def _is_regular(units: Array) -> np.ndarray:
    return np.asarray((units[:, -91:] > 0).mean(axis=1) >= _INTERMITTENT)


def learn_weights(
    forecasts: Mapping[str, Array], truth: Array, *, units: Array
) -> dict[str, dict[str, float]]:
    """Return the non-negative weights, summing to 1, of the smallest squared error relative to each series' day-to-day jumps.

    Parameters
    ----------
    forecasts
        (series, days) each, made from `units`.
    truth
        (series, days) that followed.
    units
        (series, days before).
    """
    regular = _is_regular(units)
    jump = np.sqrt(np.mean(np.diff(units, axis=1) ** 2, axis=1) + 0.05)[:, None]
    return {
        name: weights_of(
            {key: forecasts[key][rows] / jump[rows] for key in DEFAULT_WEIGHTS},
            truth[rows] / jump[rows],
            default=DEFAULT_WEIGHTS,
        )
        for name, rows in (("regular", regular), ("intermittent", ~regular))
    }


def blended(
    weights: Mapping[str, Mapping[str, float]], forecasts: Mapping[str, Array], *, units: Array
) -> Array:
    """Return (series, days): the forecasts combined."""
    regular = _is_regular(units)[:, None]
    return np.asarray(
        np.where(regular, mixed(forecasts, weights["regular"]), mixed(forecasts, weights["intermittent"]))
    )


def mixed(forecasts: Mapping[str, Array], weights: Mapping[str, float]) -> Array:
    """Return the sum of forecasts, each times its weight."""
    return np.asarray(sum((forecasts[name] * weight for name, weight in weights.items()), np.zeros(1)))


def only(forecast: str) -> dict[str, dict[str, float]]:
    """Return the weights that take one forecast alone."""
    return {kind: {forecast: 1.0} for kind in ("regular", "intermittent")}


def weights_of(
    forecasts: Mapping[str, Array], truth: Array, *, default: Mapping[str, float], trust: float = _TRUST
) -> dict[str, float]:
    """Return the non-negative weights, summing to 1, of the smallest squared error; a little drawn towards a default.

    Parameters
    ----------
    forecasts
        By name, of the shape of `truth`; all in units in which errors of different series compare.
    truth
        What came.
    default
        Names and weights without evidence.
    trust
        Weight of the default, relative to the evidence.
    """
    names = list(default)
    if truth.size == 0:
        return dict(default)
    columns = np.column_stack([forecasts[name].ravel() for name in names])
    root = np.sqrt(len(columns))
    pull = np.sqrt(trust * np.mean(columns**2) + 1e-12)
    drawn = np.array([default[name] for name in names])
    left = np.vstack([columns / root, pull * np.eye(len(names)), np.full((1, len(names)), _SUM)])
    right = np.concatenate([truth.ravel() / root, pull * drawn, [_SUM]])
    found, _ = nnls(left, right)
    return {name: float(weight) for name, weight in zip(names, found / found.sum(), strict=True)}


def least_error_weights(
    forecasts: Mapping[str, Array], truth: Array, *, default: Mapping[str, float], trust: float
) -> dict[str, float]:
    """Return the weights of the smallest absolute error, so that one bulk order does not decide; parameters as of `weights_of`.

    References
    ----------
    Iteratively reweighted least squares: Schlossmacher (1973). An iterative technique for absolute deviations curve fitting. JASA 68.
    """
    weights, usual = dict(default), mixed(forecasts, default)
    for _ in range(_ROUNDS):
        # Dividing by the root of the error makes its square the error itself.
        root = np.sqrt(np.maximum(np.abs(truth - mixed(forecasts, weights)), _LEAST_ERROR))
        apart = {name: (said - usual) / root for name, said in forecasts.items()}
        weights = weights_of(apart, (truth - usual) / root, default=default, trust=trust)
    return weights
