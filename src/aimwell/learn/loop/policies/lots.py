"""Lots that decide who gets what, with the probabilities that decided."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aimwell.base.lottery import LOTS, Lottery
from aimwell.learn.loop.model import Terms, View

__all__ = ["drawn", "even_chances", "lot"]

_SPENT = 0.97  # of the budget: the lots may fall on more than is expected

Array = NDArray[np.float64]


def lot(n: int, *, terms: Terms, month: int, purpose: str) -> Array:
    """Return a number in 0..1 per person; different purposes are unrelated."""
    lottery = Lottery.of(f"{terms.seed}/{month}", purpose=f"loop {purpose}")
    lots: Array = lottery.lot(np.arange(n, dtype=np.int64)) / LOTS
    return lots


def even_chances(view: View, terms: Terms) -> Array:
    """Return the probability of nothing (first) and of each offer per person, (n, K + 1), in a pilot.

    All that reaches a person is equally likely; where that is too dear, dearer offers become rarer until the budget holds.
    """
    possible = np.column_stack([np.ones(len(view), dtype=np.bool_), view.is_reached]).astype(np.float64)
    even = possible / possible.sum(axis=1, keepdims=True)
    cheap = terms.cost_milli <= terms.cost_milli.min()
    left = _SPENT * terms.budget_milli - float((even[:, 1:][:, cheap] * terms.cost_milli[cheap]).sum())
    dear = float((even[:, 1:][:, ~cheap] * terms.cost_milli[~cheap]).sum())
    even[:, 1:][:, ~cheap] *= min(max(left, 0.0) / dear, 1.0) if dear else 1.0
    even[:, 0] += 1.0 - even.sum(axis=1)
    return np.asarray(even, dtype=np.float64)


def drawn(chance: Array, lots: Array) -> NDArray[np.int64]:
    """Return the action, 0 for nothing, that each lot falls on."""
    taken = (chance.cumsum(axis=1) <= lots[:, None]).sum(axis=1)
    # sums of floating-point numbers may end just below 1: then the last possible action is meant
    last = chance.shape[1] - 1 - (chance[:, ::-1] > 0).argmax(axis=1)
    return np.asarray(np.minimum(taken, last), dtype=np.int64)
