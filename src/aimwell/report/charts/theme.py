"""The look that all charts share, and how a chart becomes SVG for the page or PNG for a picture."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup

__all__ = [
    "ACCENT",
    "GREY",
    "INK",
    "NARROW",
    "PALE",
    "SOFT",
    "WIDE",
    "Chart",
    "Drawing",
    "Scale",
    "data",
    "draw",
    "png",
    "svg",
    "ticks",
    "x_of",
    "y_of",
]

Chart = alt.Chart | alt.LayerChart | alt.FacetChart

INK = "#17211f"
MUTED = "#56625f"
LINE = "#dfe5e3"
ACCENT = "#0b5d57"
SOFT = "#4c9b92"
PALE = "#e4efed"
GREY = "#a9b3b1"

WIDE, NARROW = 720, 344  # pixels: a column of the page, and a phone
_FONT = "sans-serif"  # measures only: on the page, text takes the page's font; a list of names here takes thrice as long
_TEXT = {
    "labelFont": _FONT,
    "titleFont": _FONT,
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": 400,
}

_CONFIG: dict[str, Any] = {
    "aria": False,  # each drawing carries one title and one description instead of a label per mark
    "background": None,
    "font": _FONT,
    "padding": 2,
    "view": {"stroke": None},
    "axis": {
        **_TEXT,
        "labelColor": MUTED,
        "titleColor": MUTED,
        "domain": False,
        "ticks": False,
        "grid": False,
        "labelPadding": 8,
        "titlePadding": 12,
    },
    "axisQuantitative": {"grid": True, "gridColor": LINE},
    "legend": {
        **_TEXT,
        "labelColor": INK,
        "title": None,
        "orient": "top",
        "symbolType": "square",
        "symbolSize": 110,
        "symbolStrokeWidth": 0,
        "symbolOpacity": 1,
        "padding": 0,
        "offset": 14,
        "columnPadding": 18,
    },
    "text": {"font": _FONT, "fontSize": 12, "color": INK},
    "bar": {"color": ACCENT},
    "line": {"color": ACCENT, "strokeWidth": 2.5, "strokeCap": "round"},
}


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What an axis measures: its title, and how a value on it reads in the page's language."""

    title: str
    read: Callable[[float], str]


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One chart as SVG, drawn twice: for a wide page and for a phone."""

    wide: Markup
    narrow: Markup


def data(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return rows as the data that a chart carries inside itself."""
    return {"values": list(rows)}  # alt.Data would check every value against the schema


def ticks(lowest: float, highest: float, *, at_most: int = 6) -> list[float]:
    """Return evenly spaced round numbers that span both ends: steps of 1, 2 or 5 times a power of ten.

    Examples
    --------
    >>> ticks(0, 87)
    [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    """
    highest = highest if highest > lowest else lowest + 1.0
    span = highest - lowest
    power = 10.0 ** math.floor(math.log10(span / (at_most - 1)))
    for times in (1, 2, 5, 10, 20):
        step = times * power
        first, last = math.floor(lowest / step + 1e-9), math.ceil(highest / step - 1e-9)
        if last - first < at_most:
            break
    return [round(i * step, 12) for i in range(first, max(last, first + 1) + 1)]


def x_of(field: str, scale: Scale, *, ends: tuple[float, float], at_most: int = 6) -> alt.X:
    """Return the channel of an axis below: round ticks over both ends, read as `scale` says."""
    axis, span = _axis(scale, ends=ends, at_most=at_most)
    return alt.X(f"{field}:Q", axis=axis, scale=span)


def y_of(field: str, scale: Scale, *, ends: tuple[float, float], width: int) -> alt.Y:
    """Return the channel of an upright axis; a phone has no room for its title, which the page says anyway."""
    axis, span = _axis(scale, ends=ends, at_most=6, has_title=width > NARROW)
    return alt.Y(f"{field}:Q", axis=axis, scale=span)


def draw(build: Callable[[int], Chart], *, title: str, description: str) -> Drawing:
    """Draw a chart for both widths; `build` gets the width in pixels."""
    wide, narrow = (svg(build(width), title=title, description=description) for width in (WIDE, NARROW))
    return Drawing(wide=wide, narrow=narrow)


def svg(chart: Chart, *, title: str, description: str) -> Markup:
    """Return the chart as an SVG element: text stays text in the font of the page, no script, no outside address.

    Parameters
    ----------
    chart
        With all its data inside.
    title, description
        What somebody who cannot see the chart is told.
    """
    drawn = vl_convert.vegalite_to_svg(_spec(chart))
    inside = drawn[drawn.index(">") + 1 :]
    inside = re.sub(r' font-family="[^"]*"', "", inside)
    inside = _own_ids(inside, prefix=hashlib.sha256(drawn.encode()).hexdigest()[:8])
    width, height = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn).groups()  # type: ignore[union-attr]  # always there
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {} {}" width="{}"><title>{}</title><desc>{}</desc>'
    )
    return head.format(width, height, width, title, description) + Markup(inside)  # noqa: S704 - drawn here, texts escaped


def png(chart: Chart, *, scale: float = 2.0) -> bytes:
    """Return the chart as a PNG picture on white, `scale` times its size in pixels."""
    return bytes(vl_convert.vegalite_to_png(_spec(chart, background="white"), scale=scale))


def _spec(chart: Chart, **config: Any) -> dict[str, Any]:
    spec: dict[str, Any] = chart.properties(
        autosize=alt.AutoSizeParams(type="fit", contains="padding")
    ).to_dict(validate=False)
    return spec | {"config": _CONFIG | config}


def _own_ids(inside: str, *, prefix: str) -> str:
    """Return the drawing with ids that no other drawing of the page has."""
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>c{prefix}-", inside)


def _axis(
    scale: Scale, *, ends: tuple[float, float], at_most: int, has_title: bool = True
) -> tuple[alt.Axis, alt.Scale]:
    values = ticks(*ends, at_most=at_most)
    labels = json.dumps([scale.read(v) for v in values], ensure_ascii=False)
    step = values[1] - values[0]
    expression = f"{labels}[round((datum.value - ({values[0]})) / {step})]"
    axis = alt.Axis(values=values, labelExpr=expression, title=scale.title if has_title else None)
    return axis, alt.Scale(domain=[values[0], values[-1]], nice=False)
