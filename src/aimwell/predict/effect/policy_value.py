"""What an order of people, or a rule, is worth: measured on people it did not learn from, by doubly robust scores.

The score of a decision is an unbiased, noisy reading of its effect (Robins, Rotnitzky, Zhao 1994):

    g = m1(x) - m0(x) + (t / e - (1 - t) / (1 - e)) (y - m_t(x))

with t whether the offer was made, e the known probability that it would be, y the outcome and m0, m1 any guess of it made without
this row. As e is known, the mean of g is right whatever the guess; a good one makes it less noisy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from aimwell.predict.effect.experiment import Experiment
from aimwell.predict.effect.linear import ridge
from aimwell.predict.effect.measured import Array, Measured

__all__ = ["aipw_scores", "guesses", "mean_effect", "policy_gain", "ranking_value", "top_gain"]


def guesses(experiment: Experiment, fold: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return guesses of the outcome without and with the offer, for each row by ridge regressions on the other folds."""
    untreated, treated = np.empty(len(experiment)), np.empty(len(experiment))
    for held in np.unique(fold):
        learn, ask = fold != held, experiment.features[fold == held]
        for found, arm in ((untreated, ~experiment.is_treated), (treated, experiment.is_treated)):
            line = ridge(experiment.features[learn & arm], experiment.outcome[learn & arm])
            found[fold == held] = line.predict(ask)
    return untreated, treated


def aipw_scores(experiment: Experiment, untreated: Array, treated: Array) -> Array:
    """Return the doubly robust score of every row, from guesses of its outcome without and with the offer."""
    odds = np.where(experiment.is_treated, 1 / experiment.propensity, -1 / (1 - experiment.propensity))
    surprise = experiment.outcome - np.where(experiment.is_treated, treated, untreated)
    return np.asarray(treated - untreated + odds * surprise, dtype=np.float64)


def mean_effect(scores: Array, *, person: NDArray[np.int64]) -> Measured:
    """Return the mean effect over all rows."""
    mean = float(scores.mean())
    return Measured(value=mean, influence=(scores - mean) / len(scores), person=person)


def ranking_value(scores: Array, order: Array, *, person: NDArray[np.int64]) -> Measured:
    """Return what an order of people is worth on average over all budgets, above treating as many at random.

    Treating the top share q of an order gains the sum of the effects among them; at random, q times the sum of all. The mean of
    the difference over q in 0..1, per person, is the mean of g (F - 1/2), with F the share of people ranked lower: the
    area between a Qini curve and its diagonal. 0: no better than chance.

    References
    ----------
    Yadlowsky, Fleming, Shah, Brunskill, Wager (2025), Evaluating treatment prioritization rules via rank-weighted average
    treatment effects, JASA 120(549).
    """
    n = len(scores)
    rank = (rankdata(order) - 0.5) / n
    value = float(np.mean(scores * (rank - 0.5)))
    # A row also moves the rank of all above it: the mean score of those, ties by half.
    place = np.unique(-order, return_inverse=True)[1]
    sums = np.bincount(place, weights=scores)
    above = (np.cumsum(sums) - sums / 2)[place] / n
    influence = scores * (rank - 0.5) + above
    return Measured(value=value, influence=(influence - influence.mean()) / n, person=person)


def top_gain(scores: Array, order: Array, *, person: NDArray[np.int64], share: float = 0.3) -> Measured:
    """Return what treating the top `share` gains over treating as many at random, per person of all.

    People with one score share the last places. The cut counts as given in the standard error.
    """
    cut = np.quantile(order, 1 - share)
    above, level = order > cut, order == cut
    room = max(share * len(order) - above.sum(), 0.0)
    chance = above + level * min(room / max(level.sum(), 1), 1.0)
    return _weighted(scores, chance - chance.mean(), person=person)


def policy_gain(scores: Array, is_chosen: NDArray[np.bool_], *, person: NDArray[np.int64]) -> Measured:
    """Return what treating the chosen gains over treating nobody, per person of all."""
    return _weighted(scores, is_chosen.astype(float), person=person)


def _weighted(scores: Array, weight: Array, *, person: NDArray[np.int64]) -> Measured:
    parts = scores * weight
    value = float(parts.mean())
    return Measured(value=value, influence=(parts - value) / len(parts), person=person)
