"""The two models in which customers stop after a purchase: purchases are Poisson, stopping is a coin flip.

They differ in one thing: in BG/NBD the first coin is flipped after the first repeat purchase, in MBG/NBD
already after the first purchase. `extra` is 0 or 1 accordingly; all formulas are shared.

References
----------
Fader, Hardie, Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2).
Batislam, Denizel, Filiztekin (2007), Empirical validation and comparison of models for customer base
analysis, International Journal of Research in Marketing 24(3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.special import betainc, betaln, expit, gammaln, log_expit, psi, roots_jacobi

from aimwell.predict.value.cells import Array, Cells
from aimwell.predict.value.forms import Moments
from aimwell.predict.value.maximum import LogNormalPrior
from aimwell.predict.value.time_scale import rate_scale_weeks

__all__ = ["BetaGeometric"]

N_NODES = 32


@dataclass(frozen=True, kw_only=True)
class BetaGeometric:
    """Gamma rates of buying (`r`, `alpha` in weeks), beta chances (`a`, `b`) of stopping at a purchase."""

    r: float
    alpha: float
    a: float
    b: float

    form: ClassVar[str]
    name: ClassVar[str]
    names: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    extra: ClassVar[int]

    @classmethod
    def from_logs(cls, logs: Array) -> Self:
        """Return the model with these log-parameters (r, alpha, a, b)."""
        r, alpha, a, b = np.exp(logs).tolist()
        return cls(r=r, alpha=alpha, a=a, b=b)

    @classmethod
    def starts(cls, cells: Cells) -> list[Array]:
        """Return three starts: few stop, some stop, many stop; the rate fits the data's scale of time."""
        scale = rate_scale_weeks(cells)
        shapes = [(0.5, 0.3, 2.5), (1.0, 0.1, 3.0), (0.3, 1.0, 1.0)]
        return [np.log([r, r * scale, a, b]) for r, a, b in shapes]

    @classmethod
    def prior(cls, cells: Cells) -> LogNormalPrior:
        """Return a wide prior around published fits.

        They have r .24-.81, a .04-.8, b 1.8-3.4; alpha takes the data's own scale of time.
        """
        return LogNormalPrior(
            means=np.log([0.5, 0.5 * rate_scale_weeks(cells), 0.3, 2.5]),
            deviations=np.array([1.0, 2.0, 1.5, 1.0]),
        )

    @classmethod
    def log_likelihood(cls, cells: Cells, logs: Array) -> tuple[float, Array]:
        """Return the log-likelihood and its gradient in log-parameters."""
        model = cls.from_logs(logs)
        r, alpha, a, b = model.r, model.alpha, model.a, model.b
        distinct, index = cells.levels
        shape = r + cells.frequency
        to_end, to_last = np.log(alpha + cells.age_weeks), np.log(alpha + cells.recency_weeks)
        log_odds = model._stopped_log_odds(cells)
        stopped_prob, alive_prob = expit(log_odds), expit(-log_odds)
        flips = b + distinct + cls.extra
        by_level = gammaln(r + distinct) - gammaln(r) + betaln(a, flips) - betaln(a, b)
        # log(A + B) = log A - log(A / (A + B)); A: still alive at the end, B: stopped at the last purchase.
        per_cell = by_level[index] + r * np.log(alpha) - shape * to_end - log_expit(-log_odds)
        slope_r = (
            (psi(r + distinct) - psi(r))[index] + np.log(alpha) - alive_prob * to_end - stopped_prob * to_last
        )
        slope_alpha = r / alpha - shape * (
            alive_prob / (alpha + cells.age_weeks) + stopped_prob / (alpha + cells.recency_weeks)
        )
        slope_a = (psi(a + b) - psi(a + flips))[index] + stopped_prob / a
        last_flip = np.maximum(
            b + cells.frequency - 1 + cls.extra, b
        )  # at frequency 0 of BG/NBD its weight is 0
        slope_b = (psi(flips) - psi(a + flips) - psi(b) + psi(a + b))[index] - stopped_prob / last_flip
        slopes = np.array([slope_r, slope_alpha, slope_a, slope_b]) @ cells.count
        return float(per_cell @ cells.count), slopes * np.exp(logs)

    def _stopped_log_odds(self, cells: Cells) -> Array:
        """Return the log-odds of having stopped at the last purchase; -inf before the first coin."""
        flips = self.b + cells.frequency - 1 + self.extra
        could_stop = cells.frequency + self.extra > 0
        log_odds = np.log(self.a / np.where(could_stop, flips, 1.0)) + (self.r + cells.frequency) * np.log(
            (self.alpha + cells.age_weeks) / (self.alpha + cells.recency_weeks)
        )
        return np.where(could_stop, log_odds, -np.inf)

    def alive(self, cells: Cells) -> Array:
        """Return the probability of being alive at the end of the observed time, per cell."""
        return np.asarray(expit(-self._stopped_log_odds(cells)))

    def moments(self, cells: Cells, *, weeks: float, memory: float = 1.0) -> Moments:
        """Return the moments of the orders in the next `weeks` of who is alive.

        Given alive, the rate is Gamma(r + x, alpha + T) and the chance of stopping Beta(a, b + x),
        independent. For a rate L and chance p, E[N] = (1 - exp(-L p t)) / p and E[N (N - 1)] = 2 (1 - p) /
        p^2 (1 - exp(-L p t) (1 + L p t)). The rate integrates in closed form, the chance by Gauss-Jacobi
        quadrature per distinct frequency; unlike the hypergeometric closed form this has no singularity at a
        = 1.
        """
        orders, observed_weeks = cells.remembered(memory)
        distinct, index = cells.levels
        mean, pairs = np.empty(len(index)), np.empty(len(index))
        order = np.argsort(index, kind="stable")
        splits = np.searchsorted(index[order], np.arange(len(distinct) + 1))
        for level, frequency in enumerate(distinct):
            chosen = order[splits[level] : splits[level + 1]]
            chance, weight = _beta_nodes(self.a, self.b + float(frequency) + self.extra)
            exposure = weeks / (self.alpha + observed_weeks[chosen, None])
            first, second = _moments_given(chance, self.r + orders[chosen, None], exposure)
            mean[chosen], pairs[chosen] = first @ weight, second @ weight
        return Moments(mean=mean, pairs=pairs)

    def exceeds(self, cells: Cells, *, weeks: float, n_orders: Array, memory: float = 1.0) -> Array:
        """Return P(N > n) of who is alive: n coins survived, and n + 1 arrivals within the horizon."""
        flips = self.b + cells.frequency + self.extra
        survived = np.exp(betaln(self.a, flips + n_orders) - betaln(self.a, flips))
        orders, observed_weeks = cells.remembered(memory)
        share = weeks / (self.alpha + observed_weeks + weeks)
        return np.asarray(survived * betainc(n_orders + 1, self.r + orders, share))


def _beta_nodes(a: float, b: float) -> tuple[Array, Array]:
    """Nodes in 0..1 and weights that sum to 1 for the Beta(a, b) density."""
    nodes, weights = roots_jacobi(N_NODES, b - 1, a - 1)
    return (nodes + 1) / 2, weights / weights.sum()


def _moments_given(chance: Array, shape: Array, exposure: Array) -> tuple[Array, Array]:
    """Return E[N] and E[N (N - 1)] per chance of stopping; `exposure` is t / (alpha + T)."""
    grown = chance * exposure
    decay = np.exp(-shape * np.log1p(grown))
    mean = -np.expm1(-shape * np.log1p(grown)) / chance
    tail = 1 - decay * (1 + shape * grown / (1 + grown))
    small = shape * (shape + 1) / 2 * grown**2  # leading term, where the difference would cancel
    tail = np.where((shape + 1) * grown < 1e-5, small, tail)
    return mean, 2 * (1 - chance) * tail / chance**2
