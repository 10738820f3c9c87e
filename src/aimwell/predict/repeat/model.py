"""What a repeat model is: one purchase process, a head per horizon, totals of orders and spend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from aimwell.predict.repeat.errors import HorizonTooShort
from aimwell.predict.repeat.heads import FEATURE_DAYS, Blend, Head
from aimwell.predict.repeat.next_date import HIGH, LOW, MIDDLE, hazards, quantile_days
from aimwell.predict.repeat.process import Process, View
from aimwell.predict.repeat.totals import VALUE_DAYS, Total
from aimwell.predict.value.cells import Array

__all__ = ["ASKED_DAYS", "FAMILY", "HORIZON_DAYS", "Predictions", "RepeatModel", "head_days"]

FAMILY = "repeat"
HORIZON_DAYS = 182
"""The long horizon unless another is asked for: 26 weeks."""
ASKED_DAYS = (14, 30)
"""Horizons with a column of their own, beside the long one."""
_CURVE_DAYS = (7, 14, 30, 60, 91, 182)


def head_days(horizon_days: int) -> tuple[int, ...]:
    """Return the horizons that are learned: those asked for, and between them what the next date needs.

    Raises
    ------
    HorizonTooShort
        Below the longest of `ASKED_DAYS`.
    """
    if horizon_days < max(ASKED_DAYS):
        raise HorizonTooShort(horizon_days=horizon_days, least=max(ASKED_DAYS))
    return tuple(sorted({*(days for days in _CURVE_DAYS if days < horizon_days), horizon_days}))


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Answers for some people, one value each.

    Attributes
    ----------
    hazard
        (n, heads) cumulative hazard of a purchase at each head's horizon.
    days
        The horizons.
    silent
        Probability of never ordering again.
    orders, spend_minor
        Expected within `VALUE_DAYS`.
    """

    hazard: Array
    days: tuple[int, ...]
    silent: Array
    orders: Array
    spend_minor: Array

    def prob(self, days: int) -> Array:
        """Return the probability of ordering within so many days."""
        return np.asarray(-np.expm1(-self.hazard[:, self.days.index(days)]))

    def next_days(self, level: float) -> Array:
        """Return the first day by which each has come with probability `level`; inf beyond the horizon."""
        return quantile_days(self.hazard, self.days, level=level)

    def columns(self) -> Array:
        """Return (n, 9) in the order of `SCORED`; days beyond the horizon are -1."""
        days = [self.next_days(level) for level in (MIDDLE, LOW, HIGH)]
        finite = [np.where(np.isinf(day), -1.0, day) for day in days]
        probs = [self.prob(days) for days in (*ASKED_DAYS, self.days[-1])]
        return np.column_stack([*probs, self.silent, *finite, self.orders, self.spend_minor])


@dataclass(frozen=True, kw_only=True)
class RepeatModel:
    """All that scoring needs.

    Attributes
    ----------
    process, memory
        The purchase process, and the weight of old orders in it.
    heads
        One per horizon, growing.
    totals
        Orders, spend.
    """

    process: Process
    memory: float
    heads: tuple[Head, ...]
    totals: tuple[Total, Total]

    @property
    def horizon_days(self) -> int:
        """The longest horizon."""
        return self.heads[-1].days

    @property
    def within_days(self) -> tuple[int, ...]:
        """Horizons at which scoring asks the process."""
        return tuple(sorted({*FEATURE_DAYS, *(head.days for head in self.heads)}))

    @property
    def form(self) -> str:
        """Name: "boosted" where trees have a say in anything, else "process"."""
        trees = [*(head.trees for head in self.heads), *(total.trees for total in self.totals)]
        return "boosted" if any(text is not None for text in trees) else "process"

    def predict(self, features: Array, view: View) -> Predictions:
        """Return the answers for people.

        Parameters
        ----------
        features
            (n, len(FEATURES)).
        view
            The process on the same people, at `within_days` and `VALUE_DAYS`.
        """
        probs = np.column_stack([head.prob(features, view) for head in self.heads])
        hazard = hazards(probs)
        # Who will never come was not there within the horizon either: P(none in time) x P(gone | none in time), the latter the process's.
        gone = np.clip((1 - view.alive) / (1 - view.within[self.horizon_days]), 0.0, 1.0)
        orders, spend = (total.expected(features, view) for total in self.totals)
        return Predictions(
            hazard=hazard,
            days=tuple(head.days for head in self.heads),
            silent=np.exp(-hazard[:, -1]) * gone,
            orders=orders,
            spend_minor=spend,
        )

    def as_data(self) -> dict[str, Any]:
        """Return the model as JSON values."""
        data = asdict(self)
        return data | {
            "process": data["process"] | {"logs": list(self.process.logs)},
            "value_days": VALUE_DAYS,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> RepeatModel:
        """Return the model that `as_data` wrote."""
        orders, spend = (Total(**total) for total in data["totals"])
        return cls(
            process=Process(**data["process"] | {"logs": tuple(data["process"]["logs"])}),
            memory=data["memory"],
            heads=tuple(Head(**head | {"blend": Blend(**head["blend"])}) for head in data["heads"]),
            totals=(orders, spend),
        )
