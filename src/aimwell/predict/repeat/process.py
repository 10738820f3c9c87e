"""The purchase process: what the value model's MBG/NBD says of a history, the baseline and the first features of every model here.

MBG/NBD rather than another form, because it alone of the quick ones lets who bought once have stopped. Spend per purchase day is
shrunk towards the shop's mean as in Gamma-Gamma: a person's own mean counts by its days, the shop's by `mean_days`.

References
----------
Batislam, Denizel, Filiztekin (2007), Empirical validation and comparison of models for customer base analysis, International
Journal of Research in Marketing 24(3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aimwell.predict.value.cells import DAYS_PER_WEEK, Array, Cells, MarginCells
from aimwell.predict.value.forms import fit_form
from aimwell.predict.value.gamma_gamma import fit_gamma_gamma
from aimwell.predict.value.maximum import NoMaximum
from aimwell.predict.value.mbgnbd import MBGNBD

__all__ = ["Process", "View", "cells_of", "fit_process"]

_MIN_SPENDERS = 30
_SURE = 1e-6  # probabilities are kept so far from 0 and 1


@dataclass(frozen=True, kw_only=True)
class View:
    """What the process expects of some people.

    Attributes
    ----------
    alive
        (n,) probability of still being a customer.
    within
        By days: (n,) probability of a purchase within so many days.
    orders
        By days: (n,) expected purchase days.
    per_day_minor
        (n,) expected spend on a purchase day.
    """

    alive: Array
    within: Mapping[int, Array]
    orders: Mapping[int, Array]
    per_day_minor: Array

    def rows(self, chosen: Any) -> View:
        """Return some people alone."""
        return View(
            alive=self.alive[chosen],
            within={days: values[chosen] for days, values in self.within.items()},
            orders={days: values[chosen] for days, values in self.orders.items()},
            per_day_minor=self.per_day_minor[chosen],
        )


@dataclass(frozen=True, kw_only=True)
class Process:
    """A fitted process.

    Attributes
    ----------
    logs
        Log-parameters of MBG/NBD.
    mean_days, mean_minor
        The shop's mean spend on a purchase day, and how many days of a person it counts as much as.
    """

    logs: tuple[float, ...]
    mean_days: float
    mean_minor: float

    @property
    def model(self) -> MBGNBD:
        """The purchase model."""
        return MBGNBD.from_logs(np.array(self.logs))

    def alive(self, cells: Cells) -> Array:
        """Return the probability of still being a customer."""
        return self.model.alive(cells)

    def within(self, cells: Cells, *, days: int, memory: float) -> Array:
        """Return the probability of a purchase within so many days."""
        some = self.model.exceeds(
            cells, weeks=days / DAYS_PER_WEEK, n_orders=np.zeros(len(cells.count)), memory=memory
        )
        return np.clip(self.alive(cells) * some, _SURE, 1 - _SURE)

    def orders(self, cells: Cells, *, days: int, memory: float) -> Array:
        """Return the expected purchase days within so many days."""
        moments = self.model.moments(cells, weeks=days / DAYS_PER_WEEK, memory=memory)
        return np.maximum(self.alive(cells) * moments.mean, _SURE)

    def per_day_minor(self, n_days: Array, spend_minor: Array) -> Array:
        """Return the expected spend on a purchase day of who spent so much on so many days."""
        shrunk = (self.mean_days * self.mean_minor + np.maximum(spend_minor, 0.0)) / (self.mean_days + n_days)
        return np.asarray(shrunk, dtype=np.float64)

    def view(
        self,
        cells: Cells,
        *,
        spend_minor: Array,
        within_days: Sequence[int],
        orders_days: Sequence[int],
        memory: float,
    ) -> View:
        """Return what the process expects of people with these histories and spends."""
        return View(
            alive=self.alive(cells),
            within={days: self.within(cells, days=days, memory=memory) for days in within_days},
            orders={days: self.orders(cells, days=days, memory=memory) for days in orders_days},
            per_day_minor=self.per_day_minor(cells.frequency + 1, spend_minor),
        )


def fit_process(cells: Cells, spend_minor: Array) -> Process | NoMaximum:
    """Fit the process to histories of people, with the weak prior of the value model.

    Parameters
    ----------
    cells
        One person each.
    spend_minor
        What each spent so far.

    Returns
    -------
    Process or NoMaximum
        The latter where the data do not determine the parameters.
    """
    grouped = _grouped(cells)
    try:
        fit = fit_form(MBGNBD, grouped, prior=MBGNBD.prior(grouped))
    except NoMaximum as failure:
        return failure
    n_days = cells.frequency + 1
    mean_days, mean_minor = _shrinkage(n_days, spend_minor)
    return Process(logs=tuple(fit.logs.tolist()), mean_days=mean_days, mean_minor=mean_minor)


def cells_of(history: Mapping[str, Array]) -> Cells:
    """Return one cell per person from the columns frequency, recent, recency_days and age_days."""
    return Cells.from_days(
        frequency=history["frequency"],
        recency_days=history["recency_days"],
        age_days=history["age_days"],
        count=np.ones(len(history["frequency"])),
        recent=history["recent"],
    )


def _grouped(cells: Cells) -> Cells:
    keys = np.stack([cells.frequency, cells.recency_weeks, cells.age_weeks])
    distinct, count = np.unique(keys, axis=1, return_counts=True)
    return Cells(
        frequency=distinct[0], recency_weeks=distinct[1], age_weeks=distinct[2], count=count.astype(float)
    )


def _shrinkage(n_days: Array, spend_minor: Array) -> tuple[float, float]:
    """Return weight and mean of the shop's spend per day; of few spenders the mean counts as one day.

    With Gamma-Gamma's p, q, v the expected spend (v + S) p / (p n + q - 1) is the mean of S / n, weighing n, and of
    p v / (q - 1), weighing (q - 1) / p.
    """
    mean = float(np.maximum(spend_minor, 0.0).sum() / n_days.sum())
    if (spend_minor > 0).sum() < _MIN_SPENDERS:
        return 1.0, mean
    cells = MarginCells(n_orders=n_days, mean_minor=spend_minor / n_days, count=np.ones(len(n_days)))
    try:
        found = fit_gamma_gamma(cells, has_prior=True).model
    except NoMaximum:
        return 1.0, mean
    if found.q <= 1:  # no mean
        return 1.0, mean
    return (found.q - 1) / found.p, found.p * found.v / (found.q - 1)
