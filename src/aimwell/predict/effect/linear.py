"""Linear parts: ridge and logistic ridge on standardised features, their strength chosen by empirical Bayes.

The coefficients are taken as drawn from a normal distribution around 0, and its width is the one under which the data are most
probable (the evidence), so nothing has to be tuned, and where there is nothing to learn the coefficients vanish.

References
----------
MacKay (1992), Bayesian interpolation, Neural Computation 4(3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from aimwell.predict.effect.measured import Array

__all__ = ["Line", "logistic_ridge", "ridge", "told_ridge"]

_STRENGTHS = np.concatenate(
    [10.0 ** np.arange(-4.0, 3.01, 0.25), [1e6]]
)  # prior precision over rows; last: no slope
_NEWTON_STEPS = 8


@dataclass(frozen=True, kw_only=True)
class Line:
    """A linear form of the features, read through an inverse link.

    Attributes
    ----------
    intercept, slopes
        In units of the features as given, not standardised.
    is_logistic
        Whether 1 / (1 + exp(-x)) is taken of it.
    """

    intercept: float
    slopes: Array
    is_logistic: bool = False

    def predict(self, features: Array) -> Array:
        """Return the prediction for each row."""
        line = features @ self.slopes + self.intercept
        return np.asarray(expit(line) if self.is_logistic else line, dtype=np.float64)

    def as_data(self) -> dict[str, Any]:
        """Return the line as JSON values."""
        kind = "logistic" if self.is_logistic else "line"
        return {"kind": kind, "intercept": self.intercept, "slopes": self.slopes.tolist()}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Line:
        """Return the line that `as_data` wrote."""
        return cls(
            intercept=data["intercept"],
            slopes=np.array(data["slopes"], dtype=np.float64),
            is_logistic=data["kind"] == "logistic",
        )


@dataclass(frozen=True)
class _Standard:
    """Features with weighted mean 0 and spread 1; constant ones stay at 0."""

    mean: Array
    spread: Array

    @classmethod
    def of(cls, features: Array, weight: Array) -> _Standard:
        share = weight / weight.sum()
        mean = share @ features
        spread = np.sqrt(np.maximum(share @ features**2 - mean**2, 0.0))
        return cls(mean=mean, spread=np.where(spread > 1e-6 * (1 + np.abs(mean)), spread, np.inf))

    def line(self, intercept: float, slopes: Array, *, is_logistic: bool) -> Line:
        plain = slopes / self.spread
        return Line(intercept=float(intercept - plain @ self.mean), slopes=plain, is_logistic=is_logistic)


def ridge(features: Array, outcome: Array, *, weight: Array | None = None) -> Line:
    """Fit a ridge regression; its strength maximises the evidence.

    Parameters
    ----------
    features, outcome
        (n, d) and (n,).
    weight
        Inverse variance of each outcome up to a factor; None: equal.
    """
    weights = np.ones(len(outcome)) if weight is None else weight
    standard = _Standard.of(features, weights)
    x = (features - standard.mean) / standard.spread
    mean = float(np.average(outcome, weights=weights))
    y = outcome - mean
    slopes, _ = _evident(x.T @ (x * weights[:, None]), x.T @ (weights * y), float(weights @ y**2), n=len(y))
    return standard.line(mean, slopes, is_logistic=False)


def _evident(gram: Array, moment: Array, total: float, *, n: int) -> tuple[Array, float]:
    """Return the slopes at the strength of greatest evidence, and the strength, from X'WX, X'Wy and y'Wy.

    With noise variance s and slopes of variance s / (n k), the evidence in k, s integrated out, is up to a constant
    1/2 [sum log(n k / (n k + e)) - n log(y'Wy - sum c^2 / (e + n k))] over eigenvalues e and rotated moments c.
    """
    values, vectors = np.linalg.eigh(gram)
    values = np.maximum(values, 0.0)
    rotated = vectors.T @ moment
    prior = n * _STRENGTHS[:, None]
    left = np.maximum(total - (rotated**2 / (values + prior)).sum(axis=1), 1e-12 * max(total, 1e-300))
    evidence = np.log(prior / (prior + values)).sum(axis=1) - n * np.log(left)
    best = int(np.argmax(evidence))
    strength = float(n * _STRENGTHS[best])
    return vectors @ (rotated / (values + strength)), strength


def logistic_ridge(features: Array, outcome: Array) -> Line:
    """Fit a logistic ridge regression; its strength maximises the evidence of the linearised model at a weak prior.

    Parameters
    ----------
    features, outcome
        (n, d), and 0 or 1 for each row.
    """
    standard = _Standard.of(features, np.ones(len(outcome)))
    x = (features - standard.mean) / standard.spread
    intercept, slopes = _climbed(x, outcome)
    return standard.line(intercept, slopes, is_logistic=True)


def told_ridge(features: Array, outcome: Array, *, told: Array, is_logistic: bool) -> tuple[Line, Line]:
    """Fit one linear model that is told who was treated: a line for everybody, and what being treated changes in it.

    The change has slopes of its own, with a prior width of their own: where the data do not call for them, treatment moves
    everybody's line alike.

    Parameters
    ----------
    features, outcome
        As for `ridge`, or for `logistic_ridge`.
    told
        Whether treated (1 or 0) less the probability of it.
    is_logistic
        Whether the lines are log-odds.

    Returns
    -------
    tuple
        The line at told = 0, and its change by one unit of told (never logistic).
    """
    standard = _Standard.of(features, np.ones(len(outcome)))
    x = (features - standard.mean) / standard.spread
    if is_logistic:
        intercept, slopes = _climbed(x, outcome)
        line = x @ slopes + intercept
        weight = np.maximum(expit(line) * expit(-line), 1e-6)
        rest = (outcome - expit(line)) / weight
    else:
        base = ridge(x, outcome)
        intercept, slopes, weight = base.intercept, base.slopes, np.ones(len(outcome))
        rest = outcome - base.predict(x)
        weight = weight / np.mean(rest**2)
    strength = weight * told**2
    shift = float((weight * told) @ rest / strength.sum())
    centre = np.average(x, axis=0, weights=strength)
    inside = x - centre
    moment = inside.T @ (weight * told * (rest - shift * told))
    gram = inside.T @ (inside * strength[:, None])
    prior = _known_noise(gram, moment)
    change = np.linalg.solve(gram + prior * np.eye(len(gram)), moment)
    return (
        standard.line(intercept, slopes, is_logistic=is_logistic),
        standard.line(shift - float(change @ centre), change, is_logistic=False),
    )


def _climbed(x: Array, outcome: Array) -> tuple[float, Array]:
    """Return intercept and slopes of a logistic ridge on standardised features."""
    n = len(outcome)
    rate = (outcome.sum() + 0.5) / (n + 1.0)
    intercept, slopes = float(np.log(rate / (1 - rate))), np.zeros(x.shape[1])
    intercept, slopes = _newton(x, outcome, intercept, slopes, strength=1.0)
    line = x @ slopes + intercept
    weight = np.maximum(expit(line) * expit(-line), 1e-6)
    working = line + (outcome - expit(line)) / weight
    centre = np.average(x, axis=0, weights=weight)
    y = working - np.average(working, weights=weight)
    gram = (x - centre).T @ ((x - centre) * weight[:, None])
    strength = _known_noise(gram, (x - centre).T @ (weight * y))
    return _newton(x, outcome, intercept, slopes, strength=strength)


def _known_noise(gram: Array, moment: Array) -> float:
    """Return the prior precision of greatest evidence where the noise has variance 1 / weight."""
    values, vectors = np.linalg.eigh(gram)
    values = np.maximum(values, 0.0)
    rotated = vectors.T @ moment
    prior = float(values.mean()) * _STRENGTHS[:, None] + 1e-12
    evidence = (np.log(prior / (prior + values)) + rotated**2 / (values + prior)).sum(axis=1)
    return float(prior[int(np.argmax(evidence)), 0])


def _newton(
    x: Array, outcome: Array, intercept: float, slopes: Array, *, strength: float
) -> tuple[float, Array]:
    """Climb to the maximum of the penalised likelihood; steps are halved where they lead down."""
    design = np.column_stack([np.ones(len(x)), x])
    at = np.concatenate([[intercept], slopes])
    penalty = np.full(len(at), strength)
    penalty[0] = 0.0

    def height(point: Array) -> float:
        line = design @ point
        return float(outcome @ line - np.logaddexp(0.0, line).sum() - penalty @ point**2 / 2)

    here = height(at)
    for _ in range(_NEWTON_STEPS):
        chance = expit(design @ at)
        slope = design.T @ (outcome - chance) - penalty * at
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.solve(curvature + np.diag(penalty + 1e-9), slope)
        then = height(at + step)
        while then < here and np.abs(step).max() > 1e-9:
            step = step / 2
            then = height(at + step)
        at, gain, here = at + step, then - here, then
        if gain < 1e-4:  # of log-likelihood: far below one row's
            break
    return float(at[0]), at[1:]
