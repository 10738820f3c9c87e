"""Chooses between learners on people they did not learn from, shrinks what they say to the average effect, or abstains.

1. **Trial.** Every learner is fitted on all folds but one and says the effects of that one; so each person has an effect from each
   learner that did not see the person.
2. **Choice.** Learners are averaged, each scaled to one spread, with weights in proportion to the evidence for them: exp(z^2 / 2), with z
   the ranking value over its standard error (negative for those below chance); that is the likelihood gained by a regression of the
   scores on what the learner said. Where noise leaves all alike this is a plain average, where one is clearly better it is that one.
   The weights for a fold come from the other folds, so that what is measured of the choice is honest too.
3. **Shrinkage.** The doubly robust scores are regressed on the averaged score: the slope says how much of the difference it claims is
   real. The slope is shrunk once more, by the part of its square that is noise (in the manner of James and Stein 1961).
4. **Abstention.** Where the order that the choice makes is not better than chance with `CONFIDENCE`, everyone gets the average effect.

References
----------
Chernozhukov, Demirer, Duflo, Fernandez-Val (2025), Fisher-Schultz lecture: generic machine learning inference on heterogeneous
treatment effects in randomized experiments, Econometrica 93(4).
Hoeting, Madigan, Raftery, Volinsky (1999), Bayesian model averaging: a tutorial, Statistical Science 14(4).
James, Stein (1961), Estimation with quadratic loss, Berkeley Symposium 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimwell.base.progress import Progress, Silent
from aimwell.predict.effect.experiment import Experiment, deal_folds
from aimwell.predict.effect.learners import LEARNERS, Effect, summed
from aimwell.predict.effect.measured import Array, Estimate, Measured
from aimwell.predict.effect.policy_value import (
    aipw_scores,
    guesses,
    mean_effect,
    policy_gain,
    ranking_value,
    top_gain,
)

__all__ = ["CONFIDENCE", "EXTREME", "N_FOLDS", "Calibration", "Choice", "Trial", "choose", "evidence_weights"]

N_FOLDS = 5
CONFIDENCE = 0.9  # one-sided, that the order beats chance
_LEAST_WEIGHT = 0.01  # learners with less are left out
EXTREME = 3.0  # scores count up to so many spreads: nobody is so unlike all others that a line holds that far
# Of the square of a slope one part is noise (James, Stein); as much again because slopes are used only if they came out large.
_NOISE_PARTS = 2.0
_TINY = 1e-12


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How one learner did on people it did not learn from.

    Attributes
    ----------
    learner
        Its name.
    value
        Ranking value: gain over chance per person, averaged over all budgets, in the outcome's unit.
    behind
        By how much the best learner is ahead (paired); None for the best.
    top_gain
        Gain over chance of treating the top 30 %, per person of all.
    weight
        In the average, 0..1.
    """

    learner: str
    value: Estimate
    behind: Estimate | None
    top_gain: Estimate
    weight: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Effect = mean + slope x score, with the score at mean 0 and spread 1 over the people of the experiment.

    Attributes
    ----------
    mean, slope
        With their standard errors; the slope before the last shrinkage.
    kept
        Share of the slope that is kept, 0..1; 0 where the choice abstains.
    """

    mean: Estimate
    slope: Estimate
    kept: float

    @property
    def spread(self) -> float:
        """Standard deviation of the shrunk effects over the people."""
        return self.kept * self.slope.value


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What was found about one offer.

    Attributes
    ----------
    order
        Whom to prefer, at mean 0 and spread 1 over the experiment; a guess only, where it is not usable.
    is_usable
        Whether it beats chance; else everyone gets the average effect.
    calibration
        Turns the score into effects.
    trials
        Every learner, the best first.
    value, top_gain
        Of the automatic choice, out of fold: ranking value, and gain of the top 30 %.
    selective_gain
        What treating those with a positive effect gains over treating everybody or nobody, whichever is better, out of fold.
    held_out
        The automatic choice's effect on each row, from folds without the row.
    """

    order: Effect
    is_usable: bool
    calibration: Calibration
    trials: tuple[Trial, ...]
    value: Estimate
    top_gain: Estimate
    selective_gain: Estimate
    held_out: Array

    def effect(self, features: Array) -> Array:
        """Return the shrunk effect for each row, in the outcome's unit."""
        mean = np.full(len(features), self.calibration.mean.value)
        if not self.is_usable:
            return mean
        score = np.clip(self.order.of(features), -EXTREME, EXTREME)
        return np.asarray(mean + self.calibration.spread * score, dtype=np.float64)


def choose(
    experiment: Experiment,
    *,
    seed: int,
    learners: Sequence[str] = tuple(LEARNERS),
    n_folds: int = N_FOLDS,
    progress: Progress | None = None,
) -> Choice:
    """Learn the effect on each person, or that nothing tells people apart.

    Parameters
    ----------
    experiment
        The data.
    seed
        What all randomness starts from; equal seeds and data give equal results on every machine.
    learners
        Which of `LEARNERS` are tried.
    n_folds
        How many folds.
    progress
        Hears of every learner tried.
    """
    progress = progress or Silent()
    fold = deal_folds(experiment, n_folds=n_folds, seed=seed)
    scores = aipw_scores(experiment, *guesses(experiment, fold))
    said: dict[str, Array] = {}
    for name in learners:
        said[name] = _out_of_fold(experiment, name, fold=fold, seed=seed)
        progress.advance(1)
    person = experiment.person
    values = {name: ranking_value(scores, order, person=person) for name, order in said.items()}
    weights = evidence_weights(values)
    auto = _nested(said, scores, fold=fold, person=person)
    value = ranking_value(scores, auto, person=person)
    is_usable = value.estimate.above_zero_prob >= CONFIDENCE
    calibration = _calibrated(scores, auto, person=person, is_usable=is_usable)
    is_usable = calibration.kept > 0
    held_out = calibration.mean.value + calibration.spread * auto
    return Choice(
        order=_refitted(experiment, weights, seed=seed),
        is_usable=is_usable,
        calibration=calibration,
        trials=_trials(said, values, scores, weights=weights, person=person),
        value=value.estimate,
        top_gain=top_gain(scores, auto, person=person).estimate,
        selective_gain=_selective(scores, held_out, person=person),
        held_out=held_out,
    )


def evidence_weights(values: Mapping[str, Measured]) -> dict[str, float]:
    """Return the weights of the learners whose part in the average is not tiny; they sum to 1."""
    z = np.array([v.value / max(v.se, _TINY) for v in (value.estimate for value in values.values())])
    gained = np.sign(z) * z**2 / 2
    weight = np.exp(gained - gained.max())
    weight = np.where(weight >= _LEAST_WEIGHT * weight.sum(), weight, 0.0)
    shares = (weight / weight.sum()).tolist()
    return {name: share for name, share in zip(values, shares, strict=True) if share > 0}


def _out_of_fold(experiment: Experiment, name: str, *, fold: NDArray[np.int64], seed: int) -> Array:
    """Return what a learner says of each row, at mean 0 in each fold.

    Means would count against a learner: where chance makes a fold's effects high, those of the others, from which its mean is learned,
    are low.
    """
    said = np.empty(len(experiment))
    for held in np.unique(fold):
        effect = LEARNERS[name](experiment.rows(fold != held), seed)
        own = effect.of(experiment.features[fold == held])
        said[fold == held] = own - own.mean()
    return said


def _nested(
    said: Mapping[str, Array], scores: Array, *, fold: NDArray[np.int64], person: NDArray[np.int64]
) -> Array:
    """Return the averaged score of each row, at mean 0 and spread 1, with weights from the other folds."""
    auto = np.empty(len(scores))
    for held in np.unique(fold):
        others = fold != held
        _, who = np.unique(person[others], return_inverse=True)
        values = {n: ranking_value(scores[others], s[others], person=who) for n, s in said.items()}
        weights = evidence_weights(values)
        auto[~others] = sum(w * _standard(said[n])[~others] for n, w in weights.items())
    return np.clip(_standard(auto), -EXTREME, EXTREME)


def _standard(score: Array) -> Array:
    return np.asarray((score - score.mean()) / max(float(score.std()), _TINY), dtype=np.float64)


def _calibrated(scores: Array, auto: Array, *, person: NDArray[np.int64], is_usable: bool) -> Calibration:
    mean = mean_effect(scores, person=person).estimate
    centred = auto - auto.mean()
    square = max(float(centred @ centred), _TINY)
    value = float(scores @ centred) / square
    rest = scores - mean.value - value * centred
    slope = Measured(value=value, influence=rest * centred / square, person=person).estimate
    noise = (slope.se / slope.value) ** 2 if slope.value > 0 else 1.0
    return Calibration(
        mean=mean, slope=slope, kept=max(1.0 - _NOISE_PARTS * noise, 0.0) if is_usable else 0.0
    )


def _refitted(experiment: Experiment, weights: Mapping[str, float], *, seed: int) -> Effect:
    """Return the average of the learners fitted on everything, at mean 0 and spread 1 over all rows."""
    parts = []
    for name, weight in weights.items():
        effect = LEARNERS[name](experiment, seed)
        own = effect.of(experiment.features)
        scale = weight / max(float(own.std()), _TINY)
        parts.append(effect.scaled(scale, shift=-scale * float(own.mean())))
    together = summed(parts)
    spread = max(float(together.of(experiment.features).std()), _TINY)
    return together.scaled(1.0 / spread).simplified()


def _trials(
    said: Mapping[str, Array],
    values: Mapping[str, Measured],
    scores: Array,
    *,
    weights: Mapping[str, float],
    person: NDArray[np.int64],
) -> tuple[Trial, ...]:
    best = max(values, key=lambda name: values[name].value)
    trials = [
        Trial(
            learner=name,
            value=value.estimate,
            behind=None if name == best else values[best].less(value),
            top_gain=top_gain(scores, said[name], person=person).estimate,
            weight=weights.get(name, 0.0),
        )
        for name, value in values.items()
    ]
    return tuple(sorted(trials, key=lambda trial: -trial.value.value))


def _selective(scores: Array, held_out: Array, *, person: NDArray[np.int64]) -> Estimate:
    chosen = policy_gain(scores, held_out > 0, person=person)
    everybody = mean_effect(scores, person=person)
    if everybody.value > 0:
        return chosen.less(everybody)
    return chosen.estimate
