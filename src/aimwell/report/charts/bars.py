"""Lying bars: shares side by side, and ranges around a truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import altair as alt

from aimwell.report.charts.theme import ACCENT, GREY, INK, NARROW, PALE, SOFT, Chart, Scale, data, x_of

__all__ = ["Span", "paired_bars", "share_bars", "spans"]


@dataclass(frozen=True, kw_only=True)
class Span:
    """A range on one line, and the point in it that counts."""

    label: str
    low: float
    high: float
    point: float


def paired_bars(
    labels: Sequence[str], layers: Mapping[str, Sequence[float]], *, amounts: Scale, width: int
) -> Chart:
    """Return bars side by side under each label, from the left.

    Parameters
    ----------
    labels
        Unique, from the top.
    layers
        Name of each bar (at most three) and its value per label.
    amounts
        The axis below.
    width
        Pixels.
    """
    names = list(layers)
    rows = [
        {"label": label, "layer": name, "value": value}
        for name in names
        for label, value in zip(labels, layers[name], strict=True)
    ]
    values = [value for layer in layers.values() for value in layer]
    ends = min(0.0, *values), max(values)
    is_narrow = width <= NARROW
    chart: alt.Chart = (
        alt.Chart(data(rows), width=width, height=(14 * len(names) + 12) * len(labels) + 70)
        .mark_bar()
        .encode(
            y=alt.Y(
                "label:O",
                sort=list(labels),
                title=None,
                axis=_names(width),
                scale=alt.Scale(paddingInner=0.34),
            ),
            yOffset=alt.YOffset("layer:N", sort=names),
            x=x_of("value", amounts, ends=ends, at_most=4 if is_narrow else 7),
            color=alt.Color(
                "layer:N", sort=names, scale=alt.Scale(domain=names, range=[GREY, ACCENT, SOFT][: len(names)])
            ),
        )
    )
    return chart


def share_bars(labels: Sequence[str], rates: Sequence[float], *, shares: Scale, width: int) -> Chart:
    """Return one full-length bar per label, filled as far as its rate (0..1) goes.

    Parameters
    ----------
    labels
        Unique, from the top.
    rates
        One per label.
    shares
        How a rate reads.
    width
        Pixels.
    """
    is_narrow = width <= NARROW
    rows = [
        {"label": label, "rate": rate, "whole": 1.0, "read": shares.read(rate)}
        for label, rate in zip(labels, rates, strict=True)
    ]
    across = alt.Scale(domain=[0, 1.12], nice=False)  # room for the words behind the bar
    base = alt.Chart(data(rows), width=width, height=38 * len(rows)).encode(
        y=alt.Y("label:O", sort=list(labels), title=None, axis=_names(width))
    )
    empty = base.mark_bar(size=14, color=PALE).encode(x=alt.X("whole:Q", axis=None, scale=across))
    filled = base.mark_bar(size=14, color=ACCENT).encode(x=alt.X("rate:Q", axis=None, scale=across))
    words = base.mark_text(align="left", dx=8, fontSize=11 if is_narrow else 13, fontWeight="bold").encode(
        x=alt.X("whole:Q", axis=None, scale=across), text="read:N"
    )
    return alt.layer(empty, filled, words)


def spans(rows: Sequence[Span], *, amounts: Scale, width: int) -> Chart:
    """Return one line per row, from its low to its high end, with its point.

    Parameters
    ----------
    rows
        From the top; labels are unique.
    amounts
        The axis below; 0 is drawn as a line.
    width
        Pixels.
    """
    is_narrow = width <= NARROW
    points = [{"label": r.label, "low": r.low, "high": r.high, "point": r.point} for r in rows]
    ends = min(0.0, *(r.low for r in rows)), max(0.0, *(r.high for r in rows))

    def across(field: str) -> alt.X:
        return x_of(field, amounts, ends=ends, at_most=4 if is_narrow else 7)

    base = alt.Chart(data(points), width=width, height=30 * len(rows) + 60).encode(
        y=alt.Y(
            "label:O",
            sort=[r.label for r in rows],
            title=None,
            axis=_names(width),
        )
    )
    zero = alt.Chart(data([{"x": 0}])).mark_rule(color=INK, strokeWidth=1).encode(x=across("x"))
    bars = base.mark_bar(size=10, color=SOFT, cornerRadius=5).encode(x=across("low"), x2="high:Q")
    dots = base.mark_point(filled=True, opacity=1, color=INK, size=52).encode(x=across("point"))
    return alt.layer(bars, zero, dots)


def _names(width: int) -> alt.Axis:
    """Return the axis on which the names of bars stand."""
    is_narrow = width <= NARROW
    return alt.Axis(
        labelLimit=140 if is_narrow else 260, labelFontSize=11 if is_narrow else 13, labelColor=INK
    )
