"""Levels and grains: sums of the lowest series and of days, so that every level adds up to the one above."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from aimwell.predict.demand.model import Grain
from aimwell.predict.demand.panel import Array, Panel

__all__ = ["Period", "groups", "in_periods", "periods", "shared", "summed"]


@dataclass(frozen=True)
class Period:
    """A day, week or month: its first day, and the columns [begin, end) of its days."""

    start_on: date
    begin: int
    end: int


def groups(panel: Panel) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Return per level the keys and, for each series of the panel, the place of its key; -1 where it has none."""
    shelves, place = np.unique(np.array(panel.categories, dtype=object), return_inverse=True)
    products = [key for key in panel.keys if key]
    number = {key: index for index, key in enumerate(products)}
    return {
        "total": (("",), np.zeros(len(panel.keys), dtype=int)),
        "category": (tuple(str(one) for one in shelves), place),
        "product": (tuple(products), np.array([number.get(key, -1) for key in panel.keys])),
    }


def summed(values: Array, place: np.ndarray, *, n_keys: int) -> Array:
    """Return (keys, days): sums over the series of each key."""
    found = np.zeros((n_keys, values.shape[1]))
    np.add.at(found, place[place >= 0], values[place >= 0])
    return found


def periods(first_on: date, *, n_days: int, grain: Grain) -> list[Period]:
    """Return the whole periods among days; weeks begin on Mondays, months on their first."""
    days = [first_on + timedelta(days=number) for number in range(n_days + 1)]
    if grain == "day":
        return [Period(days[number], number, number + 1) for number in range(n_days)]
    starts = [
        number for number, day in enumerate(days) if (day.weekday() == 0 if grain == "week" else day.day == 1)
    ]
    return [Period(days[begin], begin, end) for begin, end in itertools.pairwise(starts)]


def in_periods(values: Array, spans: Sequence[Period]) -> Array:
    """Return (series, periods): sums of days."""
    columns = [values[:, one.begin : one.end].sum(axis=1) for one in spans]
    return np.column_stack(columns) if columns else np.zeros((len(values), 0))


def shared(total: Array, shares: Mapping[str, float]) -> Array:
    """Return (keys, days): a total of days, split by shares that sum to 1."""
    return np.outer(np.array(list(shares.values())), total)
