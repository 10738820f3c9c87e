"""The bounded summary that models are fitted on: how many people share a history, not who they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aimwell.base.errors import InvalidInput
from aimwell.base.words import Sentence, text

__all__ = ["DAYS_PER_WEEK", "RECENT_DAYS", "Array", "Cells", "MarginCells", "UnusableCells"]

Array = NDArray[np.float64]
DAYS_PER_WEEK = 7.0
RECENT_DAYS = 91  # orders of the last quarter always count in full; older ones by a model's `memory`


class UnusableCells(InvalidInput):
    """A histogram of purchase histories breaks one of its own rules."""

    code = "unusable_cells"
    template = text(
        "The purchase histories cannot be used: {problem} in {n_cells} cells. Allowed: frequency a whole "
        "number >= 0, 0 <= recency <= age, recency 0 where frequency is 0, count > 0. Load the orders again."
    )


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Distinct purchase histories and how many people have each.

    Attributes
    ----------
    frequency
        Purchase days after the first one; a whole number >= 0.
    recency_weeks
        Weeks from the first purchase day to the last; 0 where frequency is 0.
    age_weeks
        Weeks from the first purchase day to the last day observed; >= recency.
    count
        People with this history; > 0.
    recent
        Of `frequency`, those in the last `RECENT_DAYS` days observed; None where no model forgets.

    Raises
    ------
    UnusableCells
        When a cell breaks these rules.
    """

    frequency: Array
    recency_weeks: Array
    age_weeks: Array
    count: Array
    recent: Array | None = None

    def __post_init__(self) -> None:
        broken = {
            text("a frequency that is not a whole number >= 0"): (self.frequency < 0)
            | (self.frequency != np.floor(self.frequency)),
            text("a recency below 0 or beyond the age"): ~(
                (self.recency_weeks >= 0) & (self.recency_weeks <= self.age_weeks)
            ),
            text("a recency above 0 without a repeat purchase"): (self.frequency == 0)
            & (self.recency_weeks > 0),
            text("a count that is not above 0"): ~(self.count > 0),
        }
        for problem, cells in broken.items():
            if cells.any():
                raise UnusableCells(problem=Sentence(problem), n_cells=int(cells.sum()))

    @classmethod
    def from_days(
        cls,
        *,
        frequency: Array,
        recency_days: Array,
        age_days: Array,
        count: Array,
        recent: Array | None = None,
    ) -> Cells:
        """Return cells whose times are given in days; a week is seven of them."""
        return cls(
            frequency=np.asarray(frequency, dtype=float),
            recency_weeks=np.asarray(recency_days, dtype=float) / DAYS_PER_WEEK,
            age_weeks=np.asarray(age_days, dtype=float) / DAYS_PER_WEEK,
            count=np.asarray(count, dtype=float),
            recent=None if recent is None else np.asarray(recent, dtype=float),
        )

    @property
    def n_people(self) -> float:
        """People over all cells."""
        return float(self.count.sum())

    @property
    def n_repeaters(self) -> float:
        """People with at least one purchase day after their first."""
        return float(self.count[self.frequency > 0].sum())

    @cached_property
    def levels(self) -> tuple[Array, NDArray[np.intp]]:
        """The distinct frequencies and, per cell, which of them it has.

        Gamma functions depend on the frequency alone: there are a few hundred frequencies and many cells.
        """
        distinct, index = np.unique(self.frequency, return_inverse=True)
        return distinct, index

    def part(self, chosen: NDArray[np.bool_] | slice | NDArray[np.intp]) -> Cells:
        """Return these cells alone."""
        return Cells(
            frequency=self.frequency[chosen],
            recency_weeks=self.recency_weeks[chosen],
            age_weeks=self.age_weeks[chosen],
            count=self.count[chosen],
            recent=None if self.recent is None else self.recent[chosen],
        )

    def remembered(self, memory: float) -> tuple[Array, Array]:
        """Return the orders and the weeks that count as evidence on the present rate of buying.

        Parameters
        ----------
        memory
            Weight, 0..1, of what lies more than `RECENT_DAYS` days back; 1 counts everything alike.

        References
        ----------
        Ibrahim, Chen (2000), Power prior distributions for regression models, Statistical Science 15(1): old data
        enter a posterior with a power of their likelihood. For a gamma rate that weights orders and weeks.
        """
        if memory == 1 or self.recent is None:
            return self.frequency, self.age_weeks
        recent_weeks = np.minimum(self.age_weeks, RECENT_DAYS / DAYS_PER_WEEK)
        orders = self.recent + memory * (self.frequency - self.recent)
        return orders, recent_weeks + memory * (self.age_weeks - recent_weeks)


@dataclass(frozen=True, kw_only=True)
class MarginCells:
    """Distinct (number of purchase days, mean margin of a purchase day) and how many people have each.

    Attributes
    ----------
    n_orders
        Purchase days that the mean is over; >= 1.
    mean_minor
        Mean net margin of a purchase day in minor units; may be negative.
    count
        People in the cell.
    """

    n_orders: Array
    mean_minor: Array
    count: Array

    @property
    def n_people(self) -> float:
        """People over all cells."""
        return float(self.count.sum())

    def part(self, chosen: NDArray[np.bool_]) -> MarginCells:
        """Return these cells alone."""
        return MarginCells(
            n_orders=self.n_orders[chosen], mean_minor=self.mean_minor[chosen], count=self.count[chosen]
        )
