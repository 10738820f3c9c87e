"""The scale of time on which a shop's customers buy, from which starts and priors take their bearings."""

from __future__ import annotations

from aimwell.predict.value.cells import Cells

__all__ = ["rate_scale_weeks"]


def rate_scale_weeks(cells: Cells) -> float:
    """Return weeks of observation per repeat purchase, as if there were one more purchase than seen."""
    weeks = float(cells.age_weeks @ cells.count)
    repeats = float(cells.frequency @ cells.count)
    return max(weeks, 1.0) / (repeats + 1.0)
