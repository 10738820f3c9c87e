"""Upright bars over time or rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import altair as alt

from aimwell.report.charts.theme import ACCENT, GREY, INK, NARROW, SOFT, Chart, Scale, data, y_of

__all__ = ["columns_with_marks", "stacked_columns"]

_COLOURS = (SOFT, ACCENT, GREY)


def stacked_columns(
    labels: Sequence[str], layers: Mapping[str, Sequence[float]], *, amounts: Scale, width: int
) -> Chart:
    """Return one column per label, its layers (at most three) stacked from the bottom.

    Parameters
    ----------
    labels
        What stands under the columns; unique.
    layers
        Name of each layer and its value per column, none below 0.
    amounts
        The upright axis.
    width
        Pixels.
    """
    names = list(layers)
    rows = [
        {"column": label, "layer": name, "order": i, "value": value}
        for i, name in enumerate(names)
        for label, value in zip(labels, layers[name], strict=True)
    ]
    highest = max((sum(values) for values in zip(*layers.values(), strict=True)), default=0.0)
    is_narrow = width <= NARROW
    chart: alt.Chart = (
        alt.Chart(data(rows), width=width, height=220 if is_narrow else 280)
        .mark_bar()
        .encode(
            x=alt.X(
                "column:O",
                sort=list(labels),
                axis=_spaced(labels, width=width),
                scale=alt.Scale(paddingInner=0.28),
            ),
            y=y_of("value", amounts, ends=(0.0, highest), width=width).stack("zero"),
            color=alt.Color(
                "layer:N", sort=names, scale=alt.Scale(domain=names, range=list(_COLOURS[: len(names)]))
            ),
            order=alt.Order("order:Q"),
        )
    )
    return chart


def columns_with_marks(
    labels: Sequence[str],
    *,
    columns: tuple[str, Sequence[float]],
    marks: tuple[str, Sequence[float]],
    amounts: Scale,
    title: str,
    width: int,
) -> Chart:
    """Return columns, and a mark across each: what came, and what was expected.

    Parameters
    ----------
    labels
        What stands under the columns; unique.
    columns, marks
        Name in the legend, and a value per label.
    amounts
        The upright axis.
    title
        Title of the axis below.
    width
        Pixels.
    """
    values = [*columns[1], *marks[1]]
    is_narrow = width <= NARROW
    y = y_of("value", amounts, ends=(min(0.0, *values), max(values)), width=width)
    names = [columns[0], marks[0]]
    x = alt.X(
        "column:O",
        sort=list(labels),
        scale=alt.Scale(paddingInner=0.36),
        title=title,
        axis=alt.Axis(labelAngle=0),
    )
    colour = alt.Color("name:N", scale=alt.Scale(domain=names, range=[SOFT, INK]))

    def layer(named: tuple[str, Sequence[float]]) -> alt.Chart:
        rows = [{"column": a, "name": named[0], "value": b} for a, b in zip(labels, named[1], strict=True)]
        return alt.Chart(data(rows), width=width, height=220 if is_narrow else 270)

    bars = layer(columns).mark_bar().encode(x=x, y=y, color=colour)
    across = layer(marks).mark_tick(thickness=3, size=24 if is_narrow else 50).encode(x=x, y=y, color=colour)
    return alt.layer(bars, across)


def _spaced(labels: Sequence[str], *, width: int) -> alt.Axis:
    """Return the axis below the columns with as many labels, the last one among them, as there is room for."""
    longest = max((len(label) for label in labels), default=1)
    room = max(1, round(width * 0.85 / (7 * longest + 14)))
    every = -(-len(labels) // room) or 1
    return alt.Axis(title=None, labelAngle=0, values=list(labels)[::-1][::every][::-1])
