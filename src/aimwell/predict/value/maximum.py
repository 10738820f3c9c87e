"""Maximum of a log-likelihood in log-parameters, by its analytic gradient, with the covariance at the top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from aimwell.base.errors import InvalidInput
from aimwell.base.words import Sentence, text
from aimwell.predict.value.cells import Array

__all__ = ["LogNormalPrior", "Maximum", "NoMaximum", "maximise"]

Objective = Callable[[Array], tuple[float, Array]]
LOG_BOUND = 14.0  # parameters between 8e-7 and 1.2e6; one at the edge means the data do not determine it
GRADIENT_TOLERANCE = 1e-5  # of the log-likelihood per person
NEWTON_STEPS = 20
GRADIENT_STEP = 1e-4


class NoMaximum(InvalidInput):
    """A likelihood has no maximum inside the allowed range: the data do not determine the parameters."""

    code = "no_maximum"
    template = text(
        "The {form} model has no best fit on these {n_people} people ({reason}). Give it more history, or "
        "fit it with its prior."
    )


@dataclass(frozen=True, kw_only=True)
class LogNormalPrior:
    """Independent normal priors on the logarithms of the parameters.

    Attributes
    ----------
    means
        Log of the prior median, one per parameter.
    deviations
        Prior standard deviation of the log; 1 says "within a factor 2.7, two times in three".
    """

    means: Array
    deviations: Array

    def log_density(self, logs: Array) -> tuple[float, Array]:
        """Return the log-density, up to a constant, and its gradient."""
        standard = (logs - self.means) / self.deviations
        return float(-0.5 * standard @ standard), -standard / self.deviations


@dataclass(frozen=True, kw_only=True)
class Maximum:
    """Where a log-likelihood (plus log-prior) is highest.

    Attributes
    ----------
    logs
        Logarithms of the parameters.
    covariance
        Inverse of the negative Hessian, in the same logarithms.
    log_likelihood
        Without the prior's part.
    n_evaluations
        Evaluations of likelihood and gradient over all starts.
    """

    logs: Array
    covariance: Array
    log_likelihood: float
    n_evaluations: int


def maximise(
    objective: Objective,
    *,
    starts: Sequence[Array],
    n_people: float,
    form: str,
    prior: LogNormalPrior | None = None,
) -> Maximum:
    """Climb to the maximum from the best of several starting points; from the next one where that fails.

    Parameters
    ----------
    objective
        Log-parameters in, log-likelihood and its gradient out.
    starts
        Log-parameters to climb from, tried from the most to the least likely.
    n_people
        Scales the stopping rule, so that ten people and ten million stop equally close to the top.
    form
        Name of the model, for the error.
    prior
        Added to the log-likelihood while climbing; None: plain maximum likelihood.

    Raises
    ------
    NoMaximum
        When no start reaches a point with zero slope and a negative definite Hessian inside the bounds.
    """
    counted = _Counted(objective, prior, n_people)
    reason: Sentence | None = None
    for start in sorted(starts, key=lambda logs: counted(logs)[0]):
        top, hessian = _polish(counted, _climb(counted, start))
        reason = _trouble(counted, top, hessian)
        if reason is None:
            return Maximum(
                logs=top,
                covariance=np.asarray(np.linalg.inv(hessian * n_people), dtype=float),
                log_likelihood=objective(top)[0],
                n_evaluations=counted.n_evaluations,
            )
    raise NoMaximum(form=form, n_people=int(n_people), reason=reason)


class _Counted:
    """Minus the log-posterior per person, counting how often it is asked."""

    def __init__(self, objective: Objective, prior: LogNormalPrior | None, n_people: float) -> None:
        self.objective = objective
        self.prior = prior
        self.n_people = n_people
        self.n_evaluations = 0

    def __call__(self, logs: Array) -> tuple[float, Array]:
        self.n_evaluations += 1
        value, slope = self.objective(logs)
        if self.prior is not None:
            prior_value, prior_slope = self.prior.log_density(logs)
            value, slope = value + prior_value, slope + prior_slope
        return -value / self.n_people, -slope / self.n_people


def _climb(counted: _Counted, start: Array) -> Array:
    bounds = [(-LOG_BOUND, LOG_BOUND)] * len(start)
    options = {"maxiter": 500, "maxfun": 1000, "ftol": 1e-13, "gtol": 1e-7, "maxls": 40}
    return np.asarray(minimize(counted, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x)


def _polish(counted: _Counted, logs: Array) -> tuple[Array, Array]:
    """Newton steps until the slope is gone: L-BFGS-B stops early on flat ridges."""
    value, slope = counted(logs)
    hessian = _hessian(counted, logs)
    for _ in range(NEWTON_STEPS):
        if np.abs(slope).max() < GRADIENT_TOLERANCE * 1e-3 or np.linalg.eigvalsh(hessian)[0] <= 0:
            break
        step = np.linalg.solve(hessian, slope)
        step *= min(1.0, 1.0 / np.abs(step).max())
        moved = np.clip(logs - step, -LOG_BOUND, LOG_BOUND)
        moved_value, moved_slope = counted(moved)
        if not moved_value <= value:
            break
        logs, value, slope = moved, moved_value, moved_slope
        hessian = _hessian(counted, logs)
    return logs, hessian


def _hessian(counted: _Counted, logs: Array) -> Array:
    rows = []
    for unit in np.eye(len(logs)) * GRADIENT_STEP:
        _, above = counted(logs + unit)
        _, below = counted(logs - unit)
        rows.append((above - below) / (2 * GRADIENT_STEP))
    square = np.array(rows)
    return (square + square.T) / 2


def _trouble(counted: _Counted, logs: Array, hessian: Array) -> Sentence | None:
    """Say why this is no maximum, or None."""
    _, slope = counted(logs)
    if np.abs(logs).max() >= LOG_BOUND * 0.999:
        return Sentence(text("a parameter runs to the edge of its range"))
    if not np.abs(slope).max() < GRADIENT_TOLERANCE:
        return Sentence(text("the climb stopped on a slope"))
    if not np.linalg.eigvalsh(hessian)[0] > 0:
        return Sentence(text("the top is flat"))
    return None
