"""What the next weeks bring per purchase history: expectations, and intervals that hold the doubt.

An interval mixes two doubts. *What will happen, given the parameters*: the exact distribution of the number
of orders, and for margins a gamma distribution with the exact first two moments, given at least one order.
*What the parameters are*: predictions are averaged over the 2 d points of the spherical cubature rule (centre
plus and minus sqrt(d) standard deviations along each axis of the covariance), which has the mean and the
covariance of the fitted log-parameters. It needs no random numbers, so the same person always gets the same
interval.

References
----------
Arasaratnam, Haykin (2009), Cubature Kalman filters, IEEE Transactions on Automatic Control 54(6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtri

from aimwell.predict.value.cells import Array, Cells
from aimwell.predict.value.forms import Fit, Moments, PurchaseForm
from aimwell.predict.value.gamma_gamma import MarginFit

__all__ = ["HIGH", "LOW", "CellScores", "OrderDistribution", "Outlook", "score_cells"]

LOW, HIGH = 0.1, 0.9  # ends of the 80 % interval
CELLS_AT_ONCE = 10_000  # keeps the working arrays near 20 MB whatever the number of cells


@dataclass(frozen=True)
class Outlook:
    """A fitted purchase model, looking ahead.

    Attributes
    ----------
    fit
        The model with the covariance of its parameters.
    weeks
        Horizon after the observed time.
    memory
        Weight of orders older than `RECENT_DAYS` as evidence on the present rate; see `Cells.remembered`.
    """

    fit: Fit
    weeks: float
    memory: float = 1.0

    @cached_property
    def likely(self) -> list[PurchaseForm]:
        """Models that stand, with equal weight, for all that the data allow: the cubature points."""
        d = len(self.fit.logs)
        axes = np.sqrt(d) * np.linalg.cholesky(self.fit.covariance).T
        kind = type(self.fit.model)
        return [kind.from_logs(self.fit.logs + sign * axis) for axis in axes for sign in (1.0, -1.0)]

    def moments(self, cells: Cells) -> Moments:
        """Return the moments of the orders under the fitted parameters, per cell."""
        return self._moments(self.fit.model, cells)

    def likely_moments(self, cells: Cells) -> Moments:
        """Return the moments of the orders with the parameters in doubt, per cell."""
        each = [self._moments(model, cells) for model in self.likely]
        return Moments(mean=_average([m.mean for m in each]), pairs=_average([m.pairs for m in each]))

    def _moments(self, model: PurchaseForm, cells: Cells) -> Moments:
        moments = model.moments(cells, weeks=self.weeks, memory=self.memory)
        alive = model.alive(cells)
        return Moments(mean=alive * moments.mean, pairs=alive * moments.pairs)

    def distribution(self, cells: Cells) -> OrderDistribution:
        """Return the distribution of the orders with the parameters in doubt."""
        return OrderDistribution(
            outlook=self, cells=cells, alive=[model.alive(cells) for model in self.likely]
        )


@dataclass(frozen=True, kw_only=True)
class OrderDistribution:
    """The distribution of the number of orders, per cell, averaged over the likely models.

    Attributes
    ----------
    outlook, cells
        What looks ahead, and on whom.
    alive
        Probability of being alive per likely model and cell.
    """

    outlook: Outlook
    cells: Cells
    alive: Sequence[Array]

    def exceeds(self, n_orders: Array) -> Array:
        """Return P(N > n), per cell."""
        return self._exceeds(np.arange(len(self.cells.count)), n_orders)

    def _exceeds(self, rows: NDArray[np.intp], n_orders: Array) -> Array:
        cells, outlook = self.cells.part(rows), self.outlook
        return _average(
            [
                alive[rows]
                * model.exceeds(cells, weeks=outlook.weeks, n_orders=n_orders, memory=outlook.memory)
                for alive, model in zip(self.alive, outlook.likely, strict=True)
            ]
        )

    def quantile(self, level: float) -> Array:
        """Return the smallest number of orders that is not exceeded with probability `level`, per cell.

        A normal guess is widened until it brackets the answer, then halved; cells that are settled drop out.
        """
        moments = self.outlook.likely_moments(self.cells)
        deviation = np.sqrt(moments.variance)
        reach = np.ceil(1 + deviation / 4)
        guess = np.floor(np.maximum(moments.mean + ndtri(level) * deviation, 0.0))
        enough = self._widened(guess, reach, is_enough=True, level=level)
        below = self._widened(np.minimum(guess - reach, enough - 1), reach, is_enough=False, level=level)
        between = np.flatnonzero(enough - below > 1)
        while len(between):
            middle = np.floor((below[between] + enough[between]) / 2)
            is_enough = self._is_enough(between, middle, level)
            enough[between[is_enough]] = middle[is_enough]
            below[between[~is_enough]] = middle[~is_enough]
            between = between[enough[between] - below[between] > 1]
        return enough

    def _is_enough(self, rows: NDArray[np.intp], n_orders: Array, level: float) -> NDArray[np.bool_]:
        return self._exceeds(rows, n_orders) <= 1 - level

    def _widened(self, start: Array, reach: Array, *, is_enough: bool, level: float) -> Array:
        """Move from `start` in growing steps: up to numbers that are enough, or down to ones that are not."""
        found, step = np.maximum(start, -1.0), reach if is_enough else -reach
        moving = np.arange(len(found)) if is_enough else np.flatnonzero(found >= 0)
        while len(moving):
            moving = moving[self._is_enough(moving, found[moving], level) != is_enough]
            found[moving] = np.maximum(found[moving] + step[moving], -1.0)
            step = step * 2
            moving = moving[found[moving] >= 0]
        return found


@dataclass(frozen=True, kw_only=True)
class CellScores:
    """Predictions per history over one horizon.

    Margins are factors: multiplied by `v` + (margin so far) of a person they give minor units. The margin of
    Gamma-Gamma is a scale family, so a history needs one factor, not one number per person.

    Attributes
    ----------
    alive_prob
        Probability of still being a customer.
    orders, orders_low, orders_high
        Expected purchase days, and the 80 % interval (whole numbers).
    margin, margin_low, margin_high
        Factors of the expected net margin and its 80 % interval.
    """

    alive_prob: Array
    orders: Array
    orders_low: Array
    orders_high: Array
    margin: Array
    margin_low: Array
    margin_high: Array


def score_cells(outlook: Outlook, margin: MarginFit, cells: Cells) -> CellScores:
    """Score every history.

    Parameters
    ----------
    outlook
        The purchase model and its horizon.
    margin
        The margin model, on all purchase days of a person (frequency + 1).
    cells
        Histories to score; their counts play no part.
    """
    starts = range(0, len(cells.count), CELLS_AT_ONCE)
    parts = [_score_part(outlook, margin, cells.part(slice(at, at + CELLS_AT_ONCE))) for at in starts]
    return CellScores(
        **{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(CellScores)}
    )


def _score_part(outlook: Outlook, margin: MarginFit, cells: Cells) -> CellScores:
    expected = outlook.moments(cells).mean
    mean, square = _margin_moments(margin, cells, outlook.likely_moments(cells))
    orders = outlook.distribution(cells)
    none_prob = 1 - orders.exceeds(np.zeros(len(cells.count)))
    return CellScores(
        alive_prob=outlook.fit.model.alive(cells),
        orders=expected,
        orders_low=orders.quantile(LOW),
        orders_high=orders.quantile(HIGH),
        margin=expected * margin.model.per_order(cells.frequency + 1),
        margin_low=_margin_quantile(mean, square, none_prob=none_prob, level=LOW),
        margin_high=_margin_quantile(mean, square, none_prob=none_prob, level=HIGH),
    )


def _average(values: list[Array]) -> Array:
    return np.asarray(np.mean(values, axis=0))


def _margin_moments(margin: MarginFit, cells: Cells, orders: Moments) -> tuple[Array, Array]:
    """Return the first two moments of the margin to come, as factors of v + (margin so far) and of its square.

    Given N orders and the customer's nu the margin is Gamma(p N, nu); 1 / nu is inverse gamma with shape
    p n + q. Doubt about the population's mean margin counts as far as a person leans on it.
    """
    p, q = margin.model.p, margin.model.q
    shape = p * (cells.frequency + 1) + q
    first = p * orders.mean / (shape - 1)
    square = (p * orders.mean + p**2 * (orders.pairs + orders.mean)) / (
        (shape - 1) * np.maximum(shape - 2, 0.5)
    )
    leaning = (q - 1) / (shape - 1)
    return first, square * (1 + leaning**2 * _mean_margin_doubt(margin))


def _mean_margin_doubt(margin: MarginFit) -> float:
    """Return the variance of the log of the population's mean margin p v / (q - 1), by the delta method."""
    q = margin.model.q
    slope = np.array([1.0, -q / max(q - 1, 0.1), 1.0])
    return float(slope @ margin.covariance @ slope)


def _margin_quantile(mean: Array, square: Array, *, none_prob: Array, level: float) -> Array:
    """Return the quantile of a margin that is 0 with `none_prob`, else gamma with the moments left."""
    some_prob = np.maximum(1 - none_prob, 1e-12)
    level_of_some = (level - none_prob) / some_prob
    mean_of_some = mean / some_prob
    variance = np.maximum(square / some_prob - mean_of_some**2, 1e-12 * mean_of_some**2)
    shape = mean_of_some**2 / variance
    quantile = gammaincinv(shape, np.clip(level_of_some, 0.0, 1.0)) / shape * mean_of_some
    return np.where(level_of_some > 0, quantile, 0.0)
