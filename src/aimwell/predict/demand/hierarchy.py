"""Levels and grains: sums of the lowest series and of days, so that every level adds up to the one above."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from aimwell.predict.demand.model import Grain
from aimwell.predict.demand.panel import Array, Panel

__all__ = ["Period", "groups", "in_periods", "is_open_in", "periods", "reconciled", "shared", "summed"]


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


def is_open_in(panel: Panel, spans: Sequence[Period]) -> np.ndarray:
    """Return (periods,): the shop is open on one of the days at least; spans count from the end of the panel."""
    return np.array(
        [panel.is_open(panel.n_days + one.begin, one.end - one.begin).any() for one in spans], dtype=bool
    )


def shared(total: Array, shares: Mapping[str, float]) -> Array:
    """Return (keys, days): a total of days, split by shares that sum to 1."""
    return np.outer(np.array(list(shares.values())), total)


def reconciled(bottom: Array, category: Array, total: Array, *, place: np.ndarray, variance: Array) -> Array:
    """Return the lowest series moved so that they add up to forecasts of the categories and of the total.

    The gap between the categories and the total goes to categories in proportion to their variances, that within a category to its
    series in proportion to their forecasts: weighted least squares on the tree with uncorrelated errors, where a series'
    variance is in proportion to its forecast; kept from going below 0. (Wickramasuriya, Athanasopoulos, Hyndman 2019. Optimal forecast reconciliation through
    trace minimization. JASA 114; with a diagonal, and the total taken as it is, because its weights were learned already.)

    Parameters
    ----------
    bottom, category, total
        (series, days), (categories, days), (1, days); not negative.
    place
        (series,): the place of its category.
    variance
        (categories,): how much the units of a day spread.

    Returns
    -------
    array
        (series, days). A category whose series are all 0 stays 0.
    """
    share = variance / variance.sum()
    moved = np.maximum(category + (total - category.sum(axis=0)) * share[:, None], 0.0)
    moved *= np.divide(total, moved.sum(axis=0), out=np.ones_like(total), where=moved.sum(axis=0) > 0)
    sums = summed(bottom, place, n_keys=len(category))
    return np.asarray(bottom * np.divide(moved, sums, out=np.zeros_like(sums), where=sums > 0)[place])
