"""What every purchase model can do, and how any of them is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np

from aimwell.predict.value.cells import Array, Cells
from aimwell.predict.value.maximum import LogNormalPrior, maximise

__all__ = ["Fit", "Moments", "PurchaseForm", "fit_form"]


@dataclass(frozen=True, kw_only=True)
class Moments:
    """First two moments of the orders still to come within a horizon, one value per cell.

    Attributes
    ----------
    mean
        E[N].
    pairs
        E[N (N - 1)], so that the variance is pairs + mean - mean**2.
    """

    mean: Array
    pairs: Array

    @property
    def variance(self) -> Array:
        """Var[N]."""
        return np.maximum(self.pairs + self.mean - self.mean**2, 0.0)


class PurchaseForm(Protocol):
    """A fitted buy-till-you-die model: people buy at their own rate until, unseen, they stop.

    `weeks` is a horizon after the observed time. `memory` (see `Cells.remembered`) discounts old orders as
    evidence on the present rate, where customers change; 1 is the textbook model.
    """

    form: ClassVar[str]
    name: ClassVar[str]
    names: ClassVar[tuple[str, ...]]

    @classmethod
    def from_logs(cls, logs: Array) -> Self:
        """Return the model with these log-parameters, in the order of `names`."""
        ...

    @classmethod
    def starts(cls, cells: Cells) -> Sequence[Array]:
        """Return log-parameters worth climbing from."""
        ...

    @classmethod
    def prior(cls, cells: Cells) -> LogNormalPrior:
        """Return the weak prior for shops with few people."""
        ...

    @classmethod
    def log_likelihood(cls, cells: Cells, logs: Array) -> tuple[float, Array]:
        """Return the log-likelihood of the cells and its gradient in the log-parameters."""
        ...

    def alive(self, cells: Cells) -> Array:
        """Return the probability, per cell, of still being a customer at the end of the observed time."""
        ...

    def moments(self, cells: Cells, *, weeks: float, memory: float = 1.0) -> Moments:
        """Return the moments of the orders in the next `weeks`, per cell, if alive."""
        ...

    def exceeds(self, cells: Cells, *, weeks: float, n_orders: Array, memory: float = 1.0) -> Array:
        """Return the probability of more than `n_orders` in the next `weeks`, per cell, if alive."""
        ...


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A fitted purchase model.

    Attributes
    ----------
    model
        The parameters, ready to answer.
    logs, covariance
        Log-parameters and their covariance.
    log_likelihood
        Of the data, in weeks, without the constant that no parameter touches (the convention of the papers).
    n_people
        People it was fitted on.
    has_prior
        Whether the weak prior had a say.
    n_evaluations
        Evaluations of the likelihood.
    """

    model: PurchaseForm
    logs: Array
    covariance: Array
    log_likelihood: float
    n_people: int
    has_prior: bool
    n_evaluations: int

    @property
    def parameters(self) -> dict[str, float]:
        """Parameter values by name."""
        return dict(zip(self.model.names, np.exp(self.logs).tolist(), strict=True))

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard errors of the parameters, by the delta method from their logarithms."""
        errors = np.exp(self.logs) * np.sqrt(np.diag(self.covariance))
        return dict(zip(self.model.names, errors.tolist(), strict=True))


def fit_form(kind: type[PurchaseForm], cells: Cells, *, prior: LogNormalPrior | None = None) -> Fit:
    """Fit one form to a histogram of purchase histories.

    Parameters
    ----------
    kind
        The class of the form, such as `BGNBD`.
    cells
        Histories with counts.
    prior
        A prior on the log-parameters; None: maximum likelihood.

    Raises
    ------
    NoMaximum
        When the data do not determine the parameters.
    """
    top = maximise(
        lambda logs: kind.log_likelihood(cells, logs),
        starts=kind.starts(cells),
        n_people=cells.n_people,
        form=kind.name,
        prior=prior,
    )
    return Fit(
        model=kind.from_logs(top.logs),
        logs=top.logs,
        covariance=top.covariance,
        log_likelihood=top.log_likelihood,
        n_people=int(cells.n_people),
        has_prior=prior is not None,
        n_evaluations=top.n_evaluations,
    )
