"""Contacts made to learn: some people get what a draw from the posterior says is best, with logged probabilities.

Thompson's rule takes an action as often as it is believed to be the best: what is uncertain is tried more, what is known to be worse is
dropped by itself. For each explorer the probability of every action is computed first, from many draws; a small part of it is spread
evenly, so that nothing possible is never tried; then one lot decides. So the logged probability is exactly the one that decided.

References
----------
Thompson (1933), On the likelihood that one unknown probability exceeds another, Biometrika 25.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimwell.base.lottery import LOTS, Lottery
from aimwell.predict.effect.measured import Array

__all__ = ["EVEN_SHARE", "Explored", "drawn", "explore", "within", "within_budget"]

EVEN_SHARE = 0.1  # of each explorer's probability is spread evenly over all that is possible
_DRAWS = 400


@dataclass(frozen=True, kw_only=True)
class Explored:
    """What explorers get; action 0 is nothing.

    Attributes
    ----------
    chance
        Probability of each action, (n, K + 1).
    taken
        The action that the lot fell on.
    """

    chance: Array
    taken: NDArray[np.int64]


def explore(
    gain: Array,
    gain_se: Array,
    cost: Array,
    *,
    person_id: NDArray[np.int64],
    price: float,
    salt: str,
    seed: int,
) -> Explored:
    """Draw what each explorer gets.

    Parameters
    ----------
    gain, gain_se
        Posterior mean and standard error of what each offer brings before its costs, (n, K), minor units; nan: not eligible.
    cost
        Expected cost of each offer, (n, K), minor units.
    person_id
        Whom the rows are about; the lot is drawn by it.
    price
        Profit that the last unit of budget brings elsewhere (the plan's budget price), >= 0.
    salt
        Draws other lots.
    seed
        Of the posterior draws.

    Returns
    -------
    Explored
        Equal arguments give equal results on every machine.
    """
    n, n_offers = gain.shape
    normals = np.random.default_rng(seed).standard_normal((_DRAWS, n_offers))
    is_possible = np.column_stack([np.ones(n, dtype=bool), ~np.isnan(gain)])
    net = np.where(is_possible[:, 1:], gain - cost * (1.0 + price), -np.inf)
    spread = np.where(is_possible[:, 1:], gain_se, 0.0)
    counts = np.zeros((n, n_offers + 1))
    for normal in normals:
        gains = np.column_stack([np.zeros(n), net + spread * normal])
        counts[np.arange(n), gains.argmax(axis=1)] += 1.0
    even = is_possible / is_possible.sum(axis=1, keepdims=True)
    chance = (1.0 - EVEN_SHARE) * counts / _DRAWS + EVEN_SHARE * even
    return Explored(chance=chance, taken=drawn(chance, person_id=person_id, salt=salt))


def drawn(chance: Array, *, person_id: NDArray[np.int64], salt: str) -> NDArray[np.int64]:
    """Return the action, 0 for nothing, that each explorer's lot falls on: anyone can draw it again from the logged chances.

    Parameters
    ----------
    chance
        Probability of each action, (n, K + 1); rows sum to 1.
    person_id
        Whom the rows are about.
    salt
        Draws other lots.
    """
    lot = Lottery.of(salt, purpose="explore").lot(person_id) / LOTS
    taken = (chance.cumsum(axis=1) <= lot[:, None]).sum(axis=1)
    # sums of floating-point numbers may end just below 1: then the last possible action is meant
    last = chance.shape[1] - 1 - (chance[:, ::-1] > 0).argmax(axis=1)
    return np.asarray(np.minimum(taken, last), dtype=np.int64)


def within(expected: Array, most: Array) -> NDArray[np.bool_]:
    """Return which explorers are reached, in their order, until one of several things is used up.

    Parameters
    ----------
    expected
        What each explorer is expected to use of each, before the lot is drawn, (n, r), >= 0.
    most
        How much there is of each, (r,).
    """
    return np.asarray((expected.cumsum(axis=0) <= most).all(axis=1), dtype=np.bool_)


def within_budget(explored: Explored, cost: Array, *, budget_minor: float) -> NDArray[np.bool_]:
    """Return which explorers the budget reaches, in their order, by the cost expected before the lot is drawn."""
    expected = (explored.chance[:, 1:] * np.nan_to_num(cost)).sum(axis=1)
    return within(expected[:, None], np.array([budget_minor]))
