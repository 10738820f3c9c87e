"""A grid of cells, the darker the more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from aimwell.report.charts.theme import ACCENT, INK, NARROW, PALE, SOFT, Chart, data

__all__ = ["HeatCell", "heat_map"]


@dataclass(frozen=True, kw_only=True)
class HeatCell:
    """A cell of the grid: where it stands, how much, and what is written into it."""

    row: str
    column: str
    value: float
    label: str = ""


def heat_map(
    cells: Sequence[HeatCell],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    column_title: str | None,
    width: int,
    every: int = 1,
) -> Chart:
    """Return the grid; labels inside the cells are left out where there is no room.

    Parameters
    ----------
    cells
        Those that are there; the others stay empty.
    rows, columns
        Labels in order, from the top and from the left.
    column_title
        What the columns are.
    width
        Pixels.
    every
        Every so many columns carry their label.
    """
    highest = max((cell.value for cell in cells), default=1.0) or 1.0
    points = [vars(cell) | {"is_dark": cell.value > 0.55 * highest} for cell in cells]
    has_labels = any(c.label for c in cells) and width / max(len(columns) + 2, 1) >= 34
    step = 30 if width > NARROW else 22
    base = alt.Chart(data(points), width=width, height=step * len(rows) + 36).encode(
        x=alt.X(
            "column:O",
            sort=list(columns),
            title=column_title,
            axis=alt.Axis(orient="top", labelAngle=0, values=list(columns)[::every], labelOverlap=True),
            scale=alt.Scale(paddingInner=0.06),
        ),
        y=alt.Y("row:O", sort=list(rows), title=None, scale=alt.Scale(paddingInner=0.08)),
    )
    shades = alt.Scale(domain=[0, highest], range=[PALE, SOFT, ACCENT])
    boxes = base.mark_rect(cornerRadius=2).encode(color=alt.Color("value:Q", legend=None, scale=shades))
    if not has_labels:
        return alt.LayerChart(layer=[boxes])
    inks = alt.Scale(domain=[True, False], range=["white", INK])
    words = base.mark_text(fontSize=11).encode(
        text="label:N", color=alt.Color("is_dark:N", legend=None, scale=inks)
    )
    both: alt.LayerChart = alt.LayerChart(layer=[boxes, words]).resolve_scale(color="independent")
    return both
