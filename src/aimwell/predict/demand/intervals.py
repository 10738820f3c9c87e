"""80 % intervals: how far past forecasts were off, in units of each series' own unrest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import t as student

from aimwell.predict.demand.panel import Array

__all__ = ["FALLBACK", "bounds", "inside_rate", "learn_quantiles", "unrest"]

_TAIL = 0.1
_ENOUGH = 60
FALLBACK = (-1.2816, 1.2816)  # the normal distribution's, where nothing was measured
_BASE = 0.1  # units: keeps series that hardly sell finite


def unrest(history: Array) -> Array:
    """Return (series,): the variance per unit sold, from jumps between periods (a Poisson seller has 1).

    Parameters
    ----------
    history
        (series, periods) of the grain in question.
    """
    if history.shape[1] < 2:
        return np.ones(len(history))
    variance = 0.5 * np.mean(np.diff(history, axis=1) ** 2, axis=1)
    return np.asarray((variance + _BASE) / (history.mean(axis=1) + _BASE))


def _scale(expected: Array, restless: Array) -> Array:
    return np.asarray(np.sqrt(restless[:, None] * (expected + _BASE)))


def learn_quantiles(tried: Sequence[tuple[Array, Array, Array]]) -> tuple[float, float]:
    """Return the 10th and the 90th of 100 standardised errors.

    Parameters
    ----------
    tried
        (expected, unrest, truth) of each horizon tried: (series, periods), (series,), (series, periods).
    """
    errors = [
        ((truth - expected) / _scale(expected, restless)).ravel() for expected, restless, truth in tried
    ]
    found = np.concatenate(errors) if errors else np.zeros(0)
    if found.size == 0:
        return FALLBACK
    if found.size < _ENOUGH:
        # Too few for quantiles. Errors within a horizon go together, so the spread was measured once per horizon: Student's t.
        reach = float(np.sqrt(np.mean(found**2)) * student.ppf(1 - _TAIL, len(tried)))
        return -reach, reach
    low, high = np.quantile(found, [_TAIL, 1 - _TAIL])
    return min(float(low), 0.0), max(float(high), 0.0)


def bounds(expected: Array, restless: Array, quantiles: Sequence[float]) -> tuple[Array, Array]:
    """Return both ends of the interval, the lower one not below 0."""
    scale = _scale(expected, restless)
    return np.maximum(expected + quantiles[0] * scale, 0.0), expected + quantiles[1] * scale


def inside_rate(
    tried: Sequence[tuple[Array, Array, Array]], quantiles: Sequence[float]
) -> Mapping[str, float]:
    """Return how many truths there were and the share inside the interval."""
    hits = [
        (truth >= low) & (truth <= high)
        for expected, restless, truth in tried
        for low, high in [bounds(expected, restless, quantiles)]
    ]
    found = np.concatenate([one.ravel() for one in hits]) if hits else np.zeros(0)
    return {"n": float(found.size), "rate": float(found.mean()) if found.size else float("nan")}
