"""Numbers measured on a sample, each with what every row adds to its uncertainty, so that two can be compared pairwise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

__all__ = ["Array", "Estimate", "Measured"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number and its standard error; intervals are normal.

    Examples
    --------
    >>> low, high = Estimate(value=1.0, se=0.5).interval(0.95)
    >>> round(low, 3), round(high, 3)
    (0.02, 1.98)
    """

    value: float
    se: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the two-sided interval that holds the truth with probability `level`."""
        reach = float(ndtri(0.5 + level / 2)) * self.se
        return self.value - reach, self.value + reach

    @property
    def above_zero_prob(self) -> float:
        """Confidence that the truth is above 0: one minus the one-sided p-value."""
        if self.se == 0.0:
            return 1.0 if self.value > 0.0 else 0.0
        return float(ndtr(self.value / self.se))

    def as_data(self) -> dict[str, Any]:
        """Return the estimate as JSON values."""
        return {"value": self.value, "se": self.se}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A statistic of a sample with its influence function.

    Attributes
    ----------
    value
        The statistic.
    influence
        Derivative of the statistic in the weight of each row; sums to about 0.
    person
        Rows of one person are not independent: their influences are added up first. None: every row is a person.

    References
    ----------
    Jaeckel (1972), The infinitesimal jackknife, Bell Laboratories memorandum MM 72-1215-11.
    """

    value: float
    influence: Array
    person: NDArray[np.int64] | None = None

    @cached_property
    def estimate(self) -> Estimate:
        """The value with its standard error."""
        parts = self.influence
        if self.person is not None:
            parts = np.asarray(np.bincount(self.person, weights=parts), dtype=np.float64)
        return Estimate(value=self.value, se=float(np.sqrt(np.sum(parts**2))))

    def less(self, other: Measured) -> Estimate:
        """Return by how much this exceeds another statistic of the same rows: the paired difference."""
        return Measured(
            value=self.value - other.value, influence=self.influence - other.influence, person=self.person
        ).estimate
