"""Gamma-Gamma: what a purchase day brings varies around one's own mean, and the means vary across people.

References
----------
Fader, Hardie, Lee (2005), RFM and CLV: using iso-value curves for customer base analysis, Journal of
Marketing Research 42(4). Fader, Hardie (2013), The Gamma-Gamma model of monetary value,
brucehardie.com/notes/025.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from scipy.special import gammaln, psi

from aimwell.predict.value.cells import Array, MarginCells
from aimwell.predict.value.maximum import LogNormalPrior, Maximum, maximise

__all__ = ["GammaGamma", "MarginFit", "fit_gamma_gamma"]


@dataclass(frozen=True, kw_only=True)
class GammaGamma:
    """One's margins are Gamma(`p`, nu); nu is Gamma(`q`, `v`) across customers; `v` in minor units."""

    p: float
    q: float
    v: float

    form: ClassVar[str] = "gamma_gamma"
    name: ClassVar[str] = "Gamma-Gamma"
    names: ClassVar[tuple[str, ...]] = ("p", "q", "v")

    @classmethod
    def from_logs(cls, logs: Array) -> Self:
        """Return the model with these log-parameters (p, q, v)."""
        p, q, v = np.exp(logs).tolist()
        return cls(p=p, q=q, v=v)

    @classmethod
    def log_likelihood(cls, cells: MarginCells, logs: Array) -> tuple[float, Array]:
        """Return the log-likelihood and its gradient in log-parameters."""
        p, q, v = np.exp(logs)
        n, mean = cells.n_orders, cells.mean_minor
        shape, total = p * n, v + n * mean
        share = np.log(n * mean) - np.log(total)
        per_cell = (
            gammaln(shape + q)
            - gammaln(shape)
            - gammaln(q)
            + q * np.log(v / total)
            + shape * share
            - np.log(mean)
        )
        both = psi(shape + q)
        slopes = np.array(
            [n * (both - psi(shape) + share), both - psi(q) + np.log(v / total), q / v - (shape + q) / total]
        )
        return float(per_cell @ cells.count), (slopes @ cells.count) * np.exp(logs)

    def per_order(self, n_orders: Array) -> Array:
        """Return what turns v + (margin so far) into the expected margin of the next purchase day."""
        return self.p / (self.p * n_orders + self.q - 1)


@dataclass(frozen=True, kw_only=True)
class MarginFit:
    """A fitted Gamma-Gamma.

    Attributes
    ----------
    model, logs, covariance, log_likelihood, has_prior
        As in `Fit`; `v` and the likelihood are in minor units.
    n_people
        People with a positive mean margin, on whom it was fitted.
    not_positive_rate
        Share of people left out because their mean margin is not above 0.
    correlation
        Between purchase days and mean margin among those who bought more than once. The model assumes none.
    """

    model: GammaGamma
    logs: Array
    covariance: Array
    log_likelihood: float
    has_prior: bool
    n_people: int
    not_positive_rate: float
    correlation: float

    @property
    def parameters(self) -> dict[str, float]:
        """Parameter values by name."""
        return dict(zip(self.model.names, np.exp(self.logs).tolist(), strict=True))

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard errors of the parameters, by the delta method from their logarithms."""
        errors = np.exp(self.logs) * np.sqrt(np.diag(self.covariance))
        return dict(zip(self.model.names, errors.tolist(), strict=True))


def margin_prior() -> LogNormalPrior:
    """Return a weak prior for margins scaled to mean 1, around published fits: p 6, q 4, v by the mean."""
    return LogNormalPrior(means=np.log([5.0, 4.0, 0.6]), deviations=np.array([1.0, 0.7, 1.5]))


def fit_gamma_gamma(cells: MarginCells, *, has_prior: bool = False) -> MarginFit:
    """Fit the margins of purchase days.

    Parameters
    ----------
    cells
        Mean margins with counts; means that are not above 0 are left out and counted.
    has_prior
        Whether the weak prior `margin_prior` has a say; without it, maximum likelihood.

    Raises
    ------
    NoMaximum
        When the data do not determine the parameters, as when all means are equal.
    """
    kept = cells.part(cells.mean_minor > 0)
    scale = float(np.average(kept.mean_minor, weights=kept.count)) if len(kept.count) else 1.0
    scaled = MarginCells(n_orders=kept.n_orders, mean_minor=kept.mean_minor / scale, count=kept.count)
    top = maximise(
        lambda logs: GammaGamma.log_likelihood(scaled, logs),
        starts=[np.log([2.0, 3.0, 1.0]), np.log([6.0, 4.0, 0.5]), np.log([1.0, 1.5, 0.5])],
        n_people=max(kept.n_people, 1.0),
        form=GammaGamma.name,
        prior=margin_prior() if has_prior else None,
    )
    return _in_minor_units(top, scale, cells=cells, kept=kept, has_prior=has_prior)


def _in_minor_units(
    top: Maximum, scale: float, *, cells: MarginCells, kept: MarginCells, has_prior: bool
) -> MarginFit:
    logs = top.logs + np.array([0.0, 0.0, np.log(scale)])
    return MarginFit(
        model=GammaGamma.from_logs(logs),
        logs=logs,
        covariance=top.covariance,
        log_likelihood=top.log_likelihood - kept.n_people * float(np.log(scale)),
        has_prior=has_prior,
        n_people=int(kept.n_people),
        not_positive_rate=1 - kept.n_people / cells.n_people,
        correlation=_correlation(cells),
    )


def _correlation(cells: MarginCells) -> float:
    """Return the correlation of purchase days and mean margin among repeaters; 0 where one is constant."""
    repeaters = cells.part(cells.n_orders > 1)
    if len(repeaters.count) < 2:  # one cell has no spread
        return 0.0
    covariance = np.cov(repeaters.n_orders, repeaters.mean_minor, aweights=repeaters.count)
    spread = np.sqrt(covariance[0, 0] * covariance[1, 1])
    return float(covariance[0, 1] / spread) if spread > 0 else 0.0
