"""The bounded summary of one arm: sums over its people at the end of each day, and nothing about anybody in particular."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["ArmSums", "Floats"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ArmSums:
    """Sums over the people of one arm who were dealt out by the end of day 0, 1, ... (D days, K columns of earlier profit).

    Attributes
    ----------
    n_people, n_buyers
        (D,) people, and those of them who bought since.
    profit, profit_squared
        (D,) sums over people of the profit since the decision, and of its square.
    before, before_squared
        (D, K) and (D, K, K) sums of earlier profits, and of their products.
    profit_before
        (D, K) sums of profit times earlier profit.
    """

    n_people: Floats
    n_buyers: Floats
    profit: Floats
    profit_squared: Floats
    before: Floats
    before_squared: Floats
    profit_before: Floats

    def last_without(self, *, profit: float, before: Sequence[float]) -> Self:
        """Return the last day's sums (D = 1) without one buyer."""
        x = np.asarray(before, dtype=np.float64)
        return type(self)(
            n_people=self.n_people[-1:] - 1,
            n_buyers=self.n_buyers[-1:] - 1,
            profit=self.profit[-1:] - profit,
            profit_squared=self.profit_squared[-1:] - profit**2,
            before=self.before[-1:] - x,
            before_squared=self.before_squared[-1:] - np.outer(x, x),
            profit_before=self.profit_before[-1:] - profit * x,
        )

    @property
    def last(self) -> Self:
        """The last day's sums (D = 1)."""
        return type(self)(**{one.name: getattr(self, one.name)[-1:] for one in fields(self)})

    @classmethod
    def of_people(cls, profit: Floats, before: Floats) -> Self:
        """Return the sums at one look from one row per person: profit (N,) and earlier profits (N, K)."""
        return cls(
            n_people=np.array([float(profit.size)]),
            n_buyers=np.array([float(np.count_nonzero(profit))]),
            profit=np.array([profit.sum()]),
            profit_squared=np.array([(profit**2).sum()]),
            before=before.sum(axis=0)[None, :],
            before_squared=(before.T @ before)[None, :, :],
            profit_before=(profit @ before)[None, :],
        )
