"""Lines: how sales are spread over people, what a budget brings, and what is known of a sum from day to day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from aimwell.report.charts.theme import ACCENT, GREY, INK, NARROW, PALE, Chart, Scale, data, x_of, y_of

__all__ = ["BandPoint", "Mark", "RangeMark", "band_over_days", "concentration_curve", "curve_with_mark"]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A point of a curve that is named."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, kw_only=True)
class RangeMark(Mark):
    """A named point whose height is known as a range."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class BandPoint:
    """What is known on one day; `low` and `high` are None as long as nothing can be said."""

    day: int
    value: float
    low: float | None
    high: float | None


def concentration_curve(
    curve: Sequence[tuple[float, float]], *, marks: Sequence[Mark], x: Scale, y: Scale, width: int
) -> Chart:
    """Return the share of the whole (y) that the first share of people (x) holds, above the line of equal shares.

    Parameters
    ----------
    curve
        Points in 0..1, from (0, 0) to (1, 1).
    marks
        Points of the curve to name.
    x, y
        The axes.
    width
        Pixels.
    """
    is_narrow = width <= NARROW
    points = [{"x": a, "y": b} for a, b in curve]
    across = x_of("x", x, ends=(0.0, 1.0))
    up = y_of("y", y, ends=(0.0, 1.0), width=width)
    base = alt.Chart(data(points), width=width, height=260 if is_narrow else 340).encode(x=across, y=up)
    equal = (
        alt.Chart(data([{"x": 0, "y": 0}, {"x": 1, "y": 1}]))
        .mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1.5)
        .encode(x=across, y=up)
    )
    named = alt.Chart(data([{"x": m.x, "y": m.y, "label": m.label} for m in marks])).encode(x=across, y=up)
    dots = named.mark_point(filled=True, opacity=1, color=ACCENT, size=64, stroke="white", strokeWidth=1.5)
    words = named.mark_text(align="left", dx=10, dy=9, fontSize=11 if is_narrow else 12, color=INK).encode(
        text="label:N"
    )
    return alt.layer(base.mark_area(color=PALE), equal, base.mark_line(), dots, words)


def curve_with_mark(
    curve: Sequence[tuple[float, float]], *, mark: RangeMark, x: Scale, y: Scale, width: int
) -> Chart:
    """Return a curve, and one point of it with the range in which its height may lie.

    Parameters
    ----------
    curve
        Points by ascending x.
    mark
        The point to name; it is drawn where it is, also off the curve.
    x, y
        The axes.
    width
        Pixels.
    """
    is_narrow = width <= NARROW
    heights = [0.0, mark.low, mark.high, *(height for _, height in curve)]
    ends = min(heights), max(heights)
    across = x_of("x", x, ends=(0.0, max(a for a, _ in curve)), at_most=4 if is_narrow else 7)
    height = 230 if is_narrow else 300
    line = alt.Chart(data([{"x": a, "y": b} for a, b in curve]), width=width, height=height).encode(
        x=across, y=y_of("y", y, ends=ends, width=width)
    )
    named = alt.Chart(data([vars(mark)]), width=width, height=height).encode(x=across)
    at_mark = named.encode(y=y_of("y", y, ends=ends, width=width))
    return alt.layer(
        line.mark_area(color=PALE),
        line.mark_line(),
        named.mark_rule(color=INK, strokeWidth=1.5).encode(
            y=y_of("low", y, ends=ends, width=width), y2="high:Q"
        ),
        at_mark.mark_point(filled=True, opacity=1, color=INK, size=80, stroke="white", strokeWidth=1.5),
        at_mark.mark_text(align="left", dx=10, dy=12, color=INK, fontWeight="bold").encode(text="label:N"),
    )


def band_over_days(points: Sequence[BandPoint], *, x: Scale, y: Scale, width: int) -> Chart:
    """Return a line over days with the band in which the truth lies; 0 is drawn as a line, days without a band are dashed.

    Parameters
    ----------
    points
        By ascending day.
    x, y
        The axes.
    width
        Pixels.
    """
    heights = [0.0]
    for point in points:
        known = (
            (point.low, point.high) if point.low is not None and point.high is not None else (point.value,)
        )
        heights += known
    ends = min(heights), max(heights)
    is_narrow = width <= NARROW
    height = 230 if is_narrow else 300
    last = max(point.day for point in points)
    across = x_of("day", x, ends=(0.0, float(last)), at_most=4 if is_narrow else 7)
    up = y_of("value", y, ends=ends, width=width)
    told = [vars(point) for point in points if point.low is not None]
    dashes = alt.Chart(data([vars(point) for point in points]), width=width, height=height).encode(
        x=across, y=up
    )
    band = alt.Chart(data(told), width=width, height=height).encode(x=across)
    none = alt.Chart(data([{"value": 0}]), width=width, height=height).encode(y=up)
    return alt.layer(
        band.mark_area(color=PALE).encode(y=y_of("low", y, ends=ends, width=width), y2="high:Q"),
        none.mark_rule(color=INK, strokeWidth=1),
        dashes.mark_line(color=GREY, strokeDash=[4, 4], strokeWidth=1.5),
        band.mark_line().encode(y=up),
    )
