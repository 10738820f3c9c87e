"""Scores forms by the probability they gave to what then happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aimwell.predict.value.cells import Array, Cells
from aimwell.predict.value.predictive import HIGH, LOW, Outlook

__all__ = ["MEMORIES", "Trial", "interval_coverage", "log_score", "try_memories"]

MEMORIES = (1.0, 0.5, 0.25, 0.1)
SURPRISE = 1e-12  # an outcome is never given less: one impossible customer must not decide alone


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The best memory of one form, and its log-score."""

    outlook: Outlook
    log_score: float


def try_memories(outlook: Outlook, cells: Cells, n_orders: Array) -> Trial:
    """Return the outlook with the memory that best foretold the orders.

    Parameters
    ----------
    outlook
        A form fitted before the cut.
    cells, n_orders
        Histories up to the cut and the orders that followed, one entry per distinct pair, with counts.
    """
    trials = []
    for memory in MEMORIES:
        candidate = Outlook(fit=outlook.fit, weeks=outlook.weeks, memory=memory)
        trials.append(Trial(outlook=candidate, log_score=log_score(candidate, cells, n_orders)))
    return max(trials, key=lambda trial: trial.log_score)


def log_score(outlook: Outlook, cells: Cells, n_orders: Array) -> float:
    """Return the mean log-probability of the orders under the fitted parameters, per person.

    References
    ----------
    Gneiting, Raftery (2007), Strictly proper scoring rules, prediction, and estimation, JASA 102(477).
    """
    model = outlook.fit.model

    def exceeds(n: Array) -> Array:
        alive = model.alive(cells)
        return alive * model.exceeds(cells, weeks=outlook.weeks, n_orders=n, memory=outlook.memory)

    above = exceeds(n_orders)
    at_least = np.where(n_orders > 0, exceeds(np.maximum(n_orders - 1, 0)), 1.0)
    return float(np.average(np.log(np.maximum(at_least - above, SURPRISE)), weights=cells.count))


def interval_coverage(outlook: Outlook, cells: Cells, n_orders: Array) -> float:
    """Return the share of people inside the 80 % interval, exact for counts.

    An outcome n covers the stretch from P(N < n) to P(N <= n) of the unit interval; the part of it between .1
    and .9 counts as inside. A calibrated model has .8 on average.

    References
    ----------
    Czado, Gneiting, Held (2009), Predictive model assessment for count data, Biometrics 65(4).
    """
    orders = outlook.distribution(cells)
    up_to = 1 - orders.exceeds(n_orders)
    below = np.where(n_orders > 0, 1 - orders.exceeds(np.maximum(n_orders - 1, 0)), 0.0)
    stretch = np.maximum(up_to - below, SURPRISE)
    inside = np.clip(up_to, LOW, HIGH) - np.clip(below, LOW, HIGH)
    return float(np.average(inside / stretch, weights=cells.count))
