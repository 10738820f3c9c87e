"""Pareto/NBD: a customer stops at a moment of his own, purchases or not.

The likelihood's hard part is usually written with two Gaussian hypergeometric functions, which are slow and
lose digits when `alpha` and `beta` are close or far apart. Here it is the integral it came from, over the
moment of stopping, by Gauss-Legendre quadrature in the logarithm of time: the same few nodes serve value and
gradient, all cells at once.

References
----------
Schmittlein, Morrison, Colombo (1987), Counting your customers: who are they and what will they do next?,
Management Science 33(1).
Fader, Hardie (2005), A note on deriving the Pareto/NBD model and related expressions,
brucehardie.com/notes/009.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.special import betainc, expit, gammaln, log_expit, psi

from aimwell.predict.value.cells import Array, Cells
from aimwell.predict.value.forms import Moments
from aimwell.predict.value.maximum import LogNormalPrior
from aimwell.predict.value.time_scale import mean_age_weeks, rate_scale_weeks

__all__ = ["ParetoNBD"]

N_NODES = 24  # exact to 1e-12 over a fall of 40 nats
NATS_KEPT = 40.0  # beyond a fall of e^-40 the integrand adds nothing to a double
CELLS_AT_ONCE = 2_048  # cells x nodes stay in the processor cache: twice as fast
NEWTON_STEPS = 8
N_STOPS = 16  # moments of stopping that the future is mixed over: P(N > n) to 1e-3 or better


@dataclass(frozen=True, kw_only=True)
class ParetoNBD:
    """Gamma rates of buying (`r`, `alpha` in weeks), gamma rates of stopping (`s`, `beta` in weeks)."""

    r: float
    alpha: float
    s: float
    beta: float

    form: ClassVar[str] = "pareto_nbd"
    name: ClassVar[str] = "Pareto/NBD"
    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")

    @classmethod
    def from_logs(cls, logs: Array) -> Self:
        """Return the model with these log-parameters (r, alpha, s, beta)."""
        r, alpha, s, beta = np.exp(logs).tolist()
        return cls(r=r, alpha=alpha, s=s, beta=beta)

    @classmethod
    def starts(cls, cells: Cells) -> list[Array]:
        """Return two starts, with slow and with fast stopping; the rate fits the data's scale of time."""
        scale, age = rate_scale_weeks(cells), mean_age_weeks(cells)
        shapes = [(0.6, 0.5, 0.5), (1.0, 0.8, 3.0)]
        return [np.log([r, r * scale, s, age * slow]) for r, s, slow in shapes]

    @classmethod
    def prior(cls, cells: Cells) -> LogNormalPrior:
        """Return a wide prior around published fits: r and s near .5, beta half of the mean age."""
        return LogNormalPrior(
            means=np.log([0.5, 0.5 * rate_scale_weeks(cells), 0.5, mean_age_weeks(cells) / 2]),
            deviations=np.array([1.0, 2.0, 1.0, 1.5]),
        )

    @classmethod
    def log_likelihood(cls, cells: Cells, logs: Array) -> tuple[float, Array]:
        """Return the log-likelihood and its gradient in the log-parameters."""
        model = cls.from_logs(logs)
        value, slopes = 0.0, np.zeros(4)
        for start in range(0, len(cells.count), CELLS_AT_ONCE):
            part = cells.part(slice(start, start + CELLS_AT_ONCE))
            part_value, part_slopes = model._value_and_slopes(part)
            value, slopes = value + part_value, slopes + part_slopes
        return value, slopes * np.exp(logs)

    def _value_and_slopes(self, cells: Cells) -> tuple[float, Array]:
        distinct, index = cells.levels
        shape = self.r + cells.frequency
        to_alpha, to_beta = np.log(self.alpha + cells.age_weeks), np.log(self.beta + cells.age_weeks)
        stopped = _Stopping.of(self, cells)
        log_odds = stopped.log_mass + shape * to_alpha + self.s * to_beta
        alive_prob, gone_prob = expit(-log_odds), expit(log_odds)
        by_level = (gammaln(self.r + distinct) - gammaln(self.r))[index]
        scale = self.r * np.log(self.alpha) + self.s * np.log(self.beta)
        per_cell = by_level + scale - shape * to_alpha - self.s * to_beta - log_expit(-log_odds)
        slopes = [
            (psi(self.r + distinct) - psi(self.r))[index]
            + np.log(self.alpha)
            - alive_prob * to_alpha
            - gone_prob * stopped.log_alpha,
            self.r / self.alpha
            - shape * (alive_prob / (self.alpha + cells.age_weeks) + gone_prob * stopped.per_alpha),
            np.log(self.beta) - alive_prob * to_beta + gone_prob * (1 / self.s - stopped.log_beta),
            self.s / self.beta
            - alive_prob * self.s / (self.beta + cells.age_weeks)
            - gone_prob * (self.s + 1) * stopped.per_beta,
        ]
        return float(per_cell @ cells.count), np.array(slopes) @ cells.count

    def alive(self, cells: Cells) -> Array:
        """Return the probability of being alive at the end of the observed time, per cell."""
        alive = np.empty(len(cells.count))
        for start in range(0, len(alive), CELLS_AT_ONCE):
            rows = slice(start, start + CELLS_AT_ONCE)
            part = cells.part(rows)
            log_alive = -(self.r + part.frequency) * np.log(self.alpha + part.age_weeks) - self.s * np.log(
                self.beta + part.age_weeks
            )
            alive[rows] = expit(log_alive - _Stopping.of(self, part).log_mass)
        return alive

    def moments(self, cells: Cells, *, weeks: float, memory: float = 1.0) -> Moments:
        """Return the moments of the orders in the next `weeks` of who is alive.

        Given alive, the buying rate is Gamma(r + x, alpha + T) and the survival to u weeks ((beta + T) /
        (beta + T + u))^s: E[N] is the rate times the integral of survival, E[N (N - 1)] twice its mean square
        times that of u x survival. Both integrals are taken in the logarithm of time, so that s = 1 and s = 2
        need no case of their own.
        """
        exposure, survival, width = _future_nodes(self.s, self.beta + cells.age_weeks, weeks)
        orders, observed_weeks = cells.remembered(memory)
        shape, rate = self.r + orders, self.alpha + observed_weeks
        return Moments(
            mean=shape / rate * (survival * width).sum(axis=1),
            pairs=2 * shape * (shape + 1) / rate**2 * (exposure * survival * width).sum(axis=1),
        )

    def exceeds(self, cells: Cells, *, weeks: float, n_orders: Array, memory: float = 1.0) -> Array:
        """Return P(N > n) of who is alive.

        A negative binomial over the time still lived, mixed over the moment of stopping.
        """
        orders, observed_weeks = cells.remembered(memory)
        shape, rate, horizon = self.r + orders, self.alpha + observed_weeks, self.beta + cells.age_weeks
        exposure, survival, width = _future_nodes(self.s, horizon, weeks, n_nodes=N_STOPS)
        density = self.s * survival / (horizon[:, None] + exposure) * width
        lived = betainc(n_orders[:, None] + 1, shape[:, None], exposure / (rate[:, None] + exposure))
        to_end = np.exp(-self.s * np.log1p(weeks / horizon)) * betainc(
            n_orders + 1, shape, weeks / (rate + weeks)
        )
        return np.asarray((density * lived).sum(axis=1) + to_end)


def _future_nodes(s: float, horizon: Array, weeks: float, *, n_nodes: int = 24) -> tuple[Array, Array, Array]:
    """Moments u in 0..weeks, the survival to them and the width around them; `horizon` is beta + T."""
    node, weight = np.polynomial.legendre.leggauss(n_nodes)
    length = np.log1p(weeks / horizon)[:, None]
    log_time = length * (node + 1) / 2
    return (
        horizon[:, None] * np.expm1(log_time),
        np.exp(-s * log_time),
        horizon[:, None] * np.exp(log_time) * length * weight / 2,
    )


@dataclass(frozen=True, kw_only=True)
class _Stopping:
    """The integral over the moment of stopping u, from last purchase to end, and means under its integrand.

    The integrand is s (alpha + u)^-(r + x) (beta + u)^-(s + 1): a customer who bought x times up to his last
    purchase, then not until u, and stopped there.
    """

    log_mass: Array
    log_alpha: Array  # mean of log(alpha + u)
    log_beta: Array
    per_alpha: Array  # mean of 1 / (alpha + u)
    per_beta: Array

    @classmethod
    def of(cls, model: ParetoNBD, cells: Cells) -> _Stopping:
        """Integrate in v = log(m + u), m the smaller of alpha and beta, as far as the integrand lives."""
        shape = (model.r + cells.frequency)[:, None]
        near = min(model.alpha, model.beta)
        start = np.log(near + cells.recency_weeks)
        length = _kept(model, cells, np.log((near + cells.age_weeks) / (near + cells.recency_weeks)))
        node, weight = np.polynomial.legendre.leggauss(N_NODES)
        moment = np.exp(start[:, None] + length[:, None] * ((node + 1) / 2)) - near
        to_alpha, to_beta = model.alpha + moment, model.beta + moment
        log_alpha, log_beta = np.log(to_alpha), np.log(to_beta)
        height = -shape * log_alpha - (model.s + 1) * log_beta + np.log(near + moment)
        top = height.max(axis=1)
        mass = np.exp(height - top[:, None]) * weight
        total = mass.sum(axis=1)
        mass /= total[:, None]
        with np.errstate(divide="ignore"):  # a last purchase on the last day leaves no time to stop: mass 0
            log_mass = np.log(model.s) + top + np.log(total * length / 2)
        return cls(
            log_mass=log_mass,
            log_alpha=(mass * log_alpha).sum(axis=1),
            log_beta=(mass * log_beta).sum(axis=1),
            per_alpha=(mass / to_alpha).sum(axis=1),
            per_beta=(mass / to_beta).sum(axis=1),
        )


def _kept(model: ParetoNBD, cells: Cells, length: Array) -> Array:
    """Shorten the range of v to where the log-integrand has fallen by `NATS_KEPT`.

    The fall is convex in v, so Newton's steps from the far end come down to the crossing without passing it.
    """
    near = min(model.alpha, model.beta)
    shape, end = model.r + cells.frequency, model.s + 1
    first = near + cells.recency_weeks
    from_alpha, from_beta = model.alpha + cells.recency_weeks, model.beta + cells.recency_weeks
    for _ in range(NEWTON_STEPS):
        gone = first * np.expm1(length)
        fall = shape * np.log1p(gone / from_alpha) + end * np.log1p(gone / from_beta) - length
        if not (fall > NATS_KEPT).any():
            break
        slope = (shape / (from_alpha + gone) + end / (from_beta + gone)) * (first + gone) - 1
        length = np.where(fall > NATS_KEPT, length - (fall - NATS_KEPT) / slope, length)
    return length
