"""The day of the next purchase, from the probabilities of a few horizons.

Between two horizons the chance of coming is the same every day (a constant hazard), which no set of horizons contradicts and which is
exact for a Poisson process. Days count from 1: the first day of the future.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aimwell.predict.value.cells import Array

__all__ = ["HIGH", "LOW", "MIDDLE", "coverage", "hazards", "quantile_days"]

LOW, MIDDLE, HIGH = 0.1, 0.5, 0.9  # ends of the 80 % interval, and the middle
_SURE = 1e-9


def hazards(probs: Array) -> Array:
    """Return the cumulative hazard at each horizon: -log of the probability of not having come.

    Parameters
    ----------
    probs
        (n, k): probabilities for k growing horizons. One that is below an earlier one is raised to it.
    """
    growing = np.maximum.accumulate(np.clip(probs, 0.0, 1 - _SURE), axis=1)
    return np.asarray(-np.log1p(-growing))


def quantile_days(hazard: Array, days: Sequence[int], *, level: float) -> Array:
    """Return the first day by which a person has come with probability `level`.

    Parameters
    ----------
    hazard
        Result of `hazards`, (n, k).
    days
        The k horizons.
    level
        0..1.

    Returns
    -------
    array
        (n,) whole days, 1 or more; inf where the last horizon is too short.
    """
    target = -np.log1p(-level)
    found = np.full(len(hazard), np.inf)
    before, start = np.zeros(len(hazard)), 0
    for k, end in enumerate(days):
        after = hazard[:, k]
        is_here = np.isinf(found) & (after >= target)
        share = (target - before[is_here]) / np.maximum(after[is_here] - before[is_here], _SURE)
        found[is_here] = np.maximum(np.ceil(start + share * (end - start) - _SURE), 1.0)
        before, start = after, end
    return found


def coverage(hazard: Array, days: Sequence[int], next_days: Array) -> float:
    """Return the share of people inside the 80 % interval, exact for whole days and for who does not come in time.

    A person who comes on day d covers the stretch from the probability of an earlier day to that of day d; who does not come
    within the last horizon covers the rest. The part of it between .1 and .9 counts as inside: a calibrated model has .8.

    Parameters
    ----------
    hazard, days
        As in `quantile_days`.
    next_days
        (n,) the day on which each came; later than the last horizon or inf: not in time.

    References
    ----------
    Czado, Gneiting, Held (2009), Predictive model assessment for count data, Biometrics 65(4).
    """
    is_late = next_days > days[-1]
    up_to = np.where(is_late, 1.0, _prob_by(hazard, days, np.minimum(next_days, days[-1])))
    below = _prob_by(hazard, days, np.where(is_late, days[-1], next_days - 1))
    stretch = np.maximum(up_to - below, _SURE)
    inside = np.clip(up_to, LOW, HIGH) - np.clip(below, LOW, HIGH)
    return float(np.mean(inside / stretch))


def _prob_by(hazard: Array, days: Sequence[int], day: Array) -> Array:
    """Return the probability of having come by a day of one's own."""
    ends = np.array([0, *days], dtype=float)
    heights = np.column_stack([np.zeros(len(hazard)), hazard])
    k = np.clip(np.searchsorted(ends, day, side="left"), 1, len(days))
    row = np.arange(len(day))
    share = (day - ends[k - 1]) / (ends[k] - ends[k - 1])
    reached = heights[row, k - 1] + share * (heights[row, k] - heights[row, k - 1])
    return np.asarray(-np.expm1(-reached))
