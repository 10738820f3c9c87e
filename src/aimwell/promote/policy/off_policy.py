"""What another plan would have brought, from decisions that chance had a part in: IPS, SNIPS and doubly robust.

With y the profit of a logged decision a, p the probability with which a was taken, and w = plan(a) / p how much likelier the other plan
would have taken it:

    IPS     mean of w y
    SNIPS   sum of w y / sum of w
    DR      mean of q(x, plan) + w (y - q(x, a))     with q a guess made without this decision

All three are right for a log with known probabilities; the doubly robust one is the least noisy where the guess is any good. Intervals are
normal, from influence functions. They hold where many decisions carry the sum, so few are refused.

References
----------
Horvitz, Thompson (1952), A generalization of sampling without replacement, JASA 47(260).
Swaminathan, Joachims (2015), The self-normalized estimator for counterfactual learning, NeurIPS 28.
Dudik, Langford, Li (2011), Doubly robust policy evaluation and learning, ICML 28.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimwell.predict.effect.linear import ridge
from aimwell.predict.effect.measured import Array, Estimate
from aimwell.promote.policy.errors import LogUnusable, NeverTried, TooFewMatches

__all__ = ["FLOOR", "MIN_EFFECTIVE", "Logged", "PlanValue", "guessed", "plan_value"]

FLOOR = 0.01  # an action tried more rarely than this does not count as tried
MIN_EFFECTIVE = 100  # decisions that the agreement of plan and log must be worth


@dataclass(frozen=True, kw_only=True)
class Logged:
    """A log of decisions; column 0 of actions is to do nothing.

    Attributes
    ----------
    taken
        The action of each decision, 0 ... K.
    chance
        Probability of each action, (n, K + 1), as it was when chance decided; rows sum to 1.
    profit
        What came of it, minor units, costs taken off.
    features
        What was known before it, (n, d).

    Raises
    ------
    LogUnusable
        If chances are not probabilities, or an action was taken that could not be.
    """

    taken: NDArray[np.int64]
    chance: Array
    profit: Array
    features: Array

    def __post_init__(self) -> None:
        _check_chances(self.chance, what="chance")
        of_taken = self.chance[np.arange(len(self.taken)), self.taken]
        if not (of_taken > 0).all():
            raise LogUnusable(what="chance of a taken action", value=float(of_taken.min()), allowed="> 0")


@dataclass(frozen=True, kw_only=True)
class PlanValue:
    """What a plan would have brought per person, by three estimators, and how much of the log speaks of it.

    `n_effective` is (sum w)^2 / sum w^2: so many decisions of a log made by the plan itself would tell as much.
    """

    ips: Estimate
    snips: Estimate
    doubly_robust: Estimate
    n_rows: int
    n_effective: float


def plan_value(logged: Logged, plan: Array, *, guess: Array | None = None) -> PlanValue:
    """Return what a plan would have brought per person.

    Parameters
    ----------
    logged
        The log.
    plan
        Probability with which the plan takes each action, (n, K + 1); rows sum to 1. A plan that does not leave anything to
        chance has ones and zeros.
    guess
        Profit expected of each action, (n, K + 1), for each row made without it; None: `guessed`.

    Raises
    ------
    LogUnusable
        If rows of `plan` are no probabilities.
    NeverTried
        If the plan does what was tried with a probability below `FLOOR`.
    TooFewMatches
        If the agreement of plan and log is worth fewer than `MIN_EFFECTIVE` decisions.
    """
    _check_chances(plan, what="plan")
    n, rows = len(logged.taken), np.arange(len(logged.taken))
    untried = float((plan * (logged.chance < FLOOR)).sum() / n)
    if untried > 0:
        raise NeverTried(share=untried, floor=FLOOR)
    weight = plan[rows, logged.taken] / logged.chance[rows, logged.taken]
    n_effective = float(weight.sum() ** 2 / max(float((weight**2).sum()), 1e-300))
    if n_effective < MIN_EFFECTIVE:
        raise TooFewMatches(n_rows=n, n_effective=n_effective, least=MIN_EFFECTIVE)
    expected = guessed(logged) if guess is None else guess
    ratio = float(weight @ logged.profit / weight.sum())
    own = (plan * expected).sum(axis=1) + weight * (logged.profit - expected[rows, logged.taken])
    return PlanValue(
        ips=_mean(weight * logged.profit),
        snips=Estimate(value=ratio, se=_mean(weight * (logged.profit - ratio)).se / float(weight.mean())),
        doubly_robust=_mean(own),
        n_rows=n,
        n_effective=n_effective,
    )


def guessed(logged: Logged, *, n_folds: int = 5, seed: int = 0) -> Array:
    """Return the profit expected of every action for each row, by ridge regressions on the other folds."""
    n_actions = logged.chance.shape[1]
    fold = np.random.default_rng(seed).permutation(len(logged.taken)) % n_folds
    expected = np.zeros(logged.chance.shape)
    for held in range(n_folds):
        ask = fold == held
        for action in range(n_actions):
            learn = ~ask & (logged.taken == action)
            if learn.any():
                line = ridge(logged.features[learn], logged.profit[learn])
                expected[ask, action] = line.predict(logged.features[ask])
    return expected


def _mean(parts: Array) -> Estimate:
    return Estimate(value=float(parts.mean()), se=float(parts.std(ddof=1) / np.sqrt(len(parts))))


def _check_chances(chance: Array, *, what: str) -> None:
    sums = chance.sum(axis=1)
    if not ((chance >= 0).all() and np.allclose(sums, 1.0, atol=1e-6)):
        worst = float(sums[np.argmax(np.abs(sums - 1.0))])
        raise LogUnusable(what=f"`{what}`", value=worst, allowed=">= 0, rows sum to 1")
