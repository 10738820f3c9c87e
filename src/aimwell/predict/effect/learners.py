"""Ways to learn what an offer changes with whom; each ends in one sum of parts.

* T: the outcome learned apart for the treated and the others; the effect is the difference.
* S: one model of the outcome that is told who was treated; the effect is what being told changes.
* X: T, then what each arm's people did beyond the other arm's model, learned in turn (Kunzel et al. 2019).
* DR: the doubly robust score of each row, learned (Kennedy 2023).
* TO: the outcome times (t - e) / (e (1 - e)), whose mean is the effect, learned (Athey and Imbens 2016).
* response: the outcome itself: whoever brings more anyway gains more. What marketing does without an experiment.

References
----------
Athey, Imbens (2016), Recursive partitioning for heterogeneous causal effects, PNAS 113(27).
Kennedy (2023), Towards optimal doubly robust estimation of heterogeneous causal effects, Electronic Journal of Statistics 17(2).
Kunzel, Sekhon, Bickel, Yu (2019), Metalearners for estimating heterogeneous treatment effects, PNAS 116(10).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from aimwell.base.words import text
from aimwell.predict.effect.experiment import Experiment, deal_folds
from aimwell.predict.effect.linear import Line, logistic_ridge, ridge, told_ridge
from aimwell.predict.effect.measured import Array
from aimwell.predict.effect.policy_value import aipw_scores, guesses
from aimwell.predict.effect.trees import Trees, grow

__all__ = ["LEARNERS", "LEARNER_NAMES", "RESPONSE", "Effect", "Learner", "Term", "summed"]

_N_TREES = 60
_INNER_FOLDS = 2  # of the guesses behind DR: ridge regressions, so few folds do


class Part(Protocol):
    """A fitted piece of a learner."""

    def predict(self, features: Array) -> Array:
        """Return the prediction for each row."""
        ...

    def as_data(self) -> dict[str, Any]:
        """Return the part as JSON values."""
        ...


@dataclass(frozen=True, kw_only=True)
class Term:
    """A part times a factor. `told` is put behind the features (S learners: 1 treated, 0 not); None: nothing is."""

    factor: float
    part: Part
    told: float | None = None

    def of(self, features: Array) -> Array:
        """Return the term for each row."""
        if self.told is not None:
            features = np.column_stack([features, np.full(len(features), self.told)])
        return self.factor * self.part.predict(features)

    def as_data(self) -> dict[str, Any]:
        """Return the term as JSON values."""
        return {"factor": self.factor, "told": self.told, "part": self.part.as_data()}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Term:
        """Return the term that `as_data` wrote."""
        kind: type[Trees] | type[Line] = Trees if data["part"]["kind"] == "trees" else Line
        return cls(factor=data["factor"], told=data["told"], part=kind.from_data(data["part"]))


@dataclass(frozen=True, kw_only=True)
class Effect:
    """A constant and a sum of terms: the effect on each person."""

    constant: float
    terms: tuple[Term, ...]

    def of(self, features: Array) -> Array:
        """Return the effect for each row."""
        return sum((term.of(features) for term in self.terms), np.full(len(features), self.constant))

    def scaled(self, factor: float, *, shift: float = 0.0) -> Effect:
        """Return the effect times a factor, plus a shift."""
        terms = tuple(Term(factor=factor * t.factor, part=t.part, told=t.told) for t in self.terms)
        return Effect(constant=factor * self.constant + shift, terms=terms)

    def simplified(self) -> Effect:
        """Return the same effect with all plain lines added up into one."""
        plain = [t for t in self.terms if isinstance(t.part, Line) and not t.part.is_logistic]
        if not plain:
            return self
        lines = [(t.factor, t.part) for t in plain if isinstance(t.part, Line)]
        line = Line(
            intercept=self.constant + sum(factor * part.intercept for factor, part in lines),
            slopes=np.sum([factor * part.slopes for factor, part in lines], axis=0),
        )
        others = [t for t in self.terms if t not in plain]
        return Effect(constant=0.0, terms=(Term(factor=1.0, part=line), *others))

    def as_data(self) -> dict[str, Any]:
        """Return the effect as JSON values."""
        return {"constant": self.constant, "terms": [term.as_data() for term in self.terms]}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Effect:
        """Return the effect that `as_data` wrote."""
        return cls(constant=data["constant"], terms=tuple(Term.from_data(t) for t in data["terms"]))


Learner = Callable[[Experiment, int], Effect]  # from data and a seed
Fitter = Callable[[Array, Array], Part]


def _linear(experiment: Experiment) -> Fitter:
    return logistic_ridge if experiment.is_binary else ridge


def _trees(experiment: Experiment, seed: int) -> Fitter:
    is_binary = experiment.is_binary

    def fit(features: Array, outcome: Array) -> Part:
        return grow(features, outcome, is_binary=is_binary, n_trees=_N_TREES, seed=seed)

    return fit


def _tree_regression(features: Array, outcome: Array, seed: int) -> Part:
    return grow(features, outcome, is_binary=False, n_trees=_N_TREES, seed=seed)


def _arms(experiment: Experiment, fit: Fitter) -> tuple[Part, Part]:
    """Return models of the outcome without and with the offer."""
    untreated, treated = (
        fit(experiment.features[arm], experiment.outcome[arm])
        for arm in (~experiment.is_treated, experiment.is_treated)
    )
    return untreated, treated


def _t(experiment: Experiment, fit: Fitter) -> Effect:
    untreated, treated = _arms(experiment, fit)
    return Effect(constant=0.0, terms=(Term(factor=1.0, part=treated), Term(factor=-1.0, part=untreated)))


def _x(experiment: Experiment, fit: Fitter, then: Fitter) -> Effect:
    untreated, treated = _arms(experiment, fit)
    is_treated, features, outcome = experiment.is_treated, experiment.features, experiment.outcome
    of_treated = then(features[is_treated], outcome[is_treated] - untreated.predict(features[is_treated]))
    of_others = then(features[~is_treated], treated.predict(features[~is_treated]) - outcome[~is_treated])
    share = float(experiment.propensity.mean())
    return Effect(
        constant=0.0, terms=(Term(factor=1 - share, part=of_treated), Term(factor=share, part=of_others))
    )


def _dr(experiment: Experiment, then: Fitter, seed: int) -> Effect:
    fold = deal_folds(experiment, n_folds=_INNER_FOLDS, seed=seed)
    return _one(then(experiment.features, aipw_scores(experiment, *guesses(experiment, fold))))


def _one(part: Part) -> Effect:
    return Effect(constant=0.0, terms=(Term(factor=1.0, part=part),))


def t_linear(experiment: Experiment, seed: int) -> Effect:  # noqa: ARG001  # all learners are called alike
    """T with (logistic) ridge."""
    return _t(experiment, _linear(experiment))


def t_trees(experiment: Experiment, seed: int) -> Effect:
    """T with trees."""
    return _t(experiment, _trees(experiment, seed))


def s_linear(experiment: Experiment, seed: int) -> Effect:  # noqa: ARG001
    """S with (logistic) ridge; what being told changes has slopes with a prior of their own."""
    is_logistic = experiment.is_binary
    base, change = told_ridge(
        experiment.features,
        experiment.outcome,
        told=experiment.is_treated - experiment.propensity,
        is_logistic=is_logistic,
    )
    if not is_logistic:
        return _one(change)
    share = float(experiment.propensity.mean())
    treated, untreated = (
        Line(
            intercept=base.intercept + told * change.intercept,
            slopes=base.slopes + told * change.slopes,
            is_logistic=True,
        )
        for told in (1.0 - share, -share)
    )
    return Effect(constant=0.0, terms=(Term(factor=1.0, part=treated), Term(factor=-1.0, part=untreated)))


def s_trees(experiment: Experiment, seed: int) -> Effect:
    """S with trees."""
    told = np.column_stack([experiment.features, experiment.is_treated])
    part = _trees(experiment, seed)(told, experiment.outcome)
    return Effect(
        constant=0.0, terms=(Term(factor=1.0, part=part, told=1.0), Term(factor=-1.0, part=part, told=0.0))
    )


def x_linear(experiment: Experiment, seed: int) -> Effect:  # noqa: ARG001
    """X with (logistic) ridge, then ridge."""
    return _x(experiment, _linear(experiment), ridge)


def x_trees(experiment: Experiment, seed: int) -> Effect:
    """X with trees."""
    return _x(experiment, _trees(experiment, seed), lambda f, y: _tree_regression(f, y, seed))


def dr_linear(experiment: Experiment, seed: int) -> Effect:
    """DR with ridge."""
    return _dr(experiment, ridge, seed)


def dr_trees(experiment: Experiment, seed: int) -> Effect:
    """DR with trees."""
    return _dr(experiment, lambda f, y: _tree_regression(f, y, seed), seed)


def to_linear(experiment: Experiment, seed: int) -> Effect:  # noqa: ARG001
    """TO with ridge."""
    e = experiment.propensity
    transformed = experiment.outcome * (experiment.is_treated - e) / (e * (1 - e))
    return _one(ridge(experiment.features, transformed))


def response_linear(experiment: Experiment, seed: int) -> Effect:  # noqa: ARG001
    """Response with (logistic) ridge."""
    return _one(_linear(experiment)(experiment.features, experiment.outcome))


RESPONSE = "response_linear"
LEARNERS: dict[str, Learner] = {
    "s_linear": s_linear,
    "t_linear": t_linear,
    "x_linear": x_linear,
    "dr_linear": dr_linear,
    "to_linear": to_linear,
    "s_trees": s_trees,
    "t_trees": t_trees,
    "x_trees": x_trees,
    "dr_trees": dr_trees,
    RESPONSE: response_linear,
}
LEARNER_NAMES: Mapping[str, str] = {
    "s_linear": text("S-learner, linear"),
    "t_linear": text("T-learner, linear"),
    "x_linear": text("X-learner, linear"),
    "dr_linear": text("DR-learner, linear"),
    "to_linear": text("transformed outcome, linear"),
    "s_trees": text("S-learner, trees"),
    "t_trees": text("T-learner, trees"),
    "x_trees": text("X-learner, trees"),
    "dr_trees": text("DR-learner, trees"),
    RESPONSE: text("response, linear"),
}


def summed(effects: Sequence[Effect]) -> Effect:
    """Return the sum of several effects."""
    terms = tuple(term for effect in effects for term in effect.terms)
    return Effect(constant=sum(effect.constant for effect in effects), terms=terms)
