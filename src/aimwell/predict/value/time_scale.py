"""The scale of time on which a shop's customers buy, from which starts and priors take their bearings."""

from __future__ import annotations

from aimwell.predict.value.cells import Cells

__all__ = ["mean_age_weeks", "rate_scale_weeks"]


def rate_scale_weeks(cells: Cells) -> float:
    """Return weeks of observation per repeat purchase, as if there were one more purchase than seen."""
    weeks = float(cells.age_weeks @ cells.count)
    repeats = float(cells.frequency @ cells.count)
    return max(weeks, 1.0) / (repeats + 1.0)


def mean_age_weeks(cells: Cells) -> float:
    """Return the mean weeks since the first purchase, one at least."""
    return max(float(cells.age_weeks @ cells.count) / cells.n_people, 1.0)
