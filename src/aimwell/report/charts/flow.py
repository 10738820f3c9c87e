"""How people moved between stages: two pillars, and a ribbon for every pair of stages between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt
import numpy as np
from scipy.optimize import isotonic_regression

from aimwell.report.charts.theme import ACCENT, GREY, INK, NARROW, SOFT, Chart, data

__all__ = ["Ribbon", "stage_flow"]

_STEPS = 24  # points along a ribbon


@dataclass(frozen=True, kw_only=True)
class Ribbon:
    """So many people from a stage on the left (index) to one on the right; the first stage stands on top."""

    start: int
    end: int
    n_people: int


@dataclass(frozen=True, kw_only=True)
class _Pillar:
    """Where each stage of one side stands: from the top, in people."""

    tops: tuple[float, ...]
    sizes: tuple[float, ...]


def stage_flow(
    ribbons: Sequence[Ribbon],
    *,
    n_stages: int,
    labels: tuple[Sequence[str], Sequence[str]],
    titles: tuple[str, str],
    width: int,
) -> Chart:
    """Return the flow from the left pillar to the right one.

    Parameters
    ----------
    ribbons
        At most one per pair of stages.
    n_stages
        How many stages there are, alike on both sides.
    labels
        What stands beside each stage, left and right; a line break begins a second line.
    titles
        What stands above the pillars.
    width
        Pixels.
    """
    pillars = (_pillar(ribbons, side="start", n=n_stages), _pillar(ribbons, side="end", n=n_stages))
    sheet = _Sheet(
        width=width,
        total=sum(r.n_people for r in ribbons) or 1,
        lowest=max(p.tops[-1] + p.sizes[-1] for p in pillars),
    )
    ways = alt.Scale(domain=["up", "same", "down"], range=[SOFT, "#e8eceb", GREY])
    bands = (
        sheet.layer(_bands(ribbons, pillars))
        .mark_area(opacity=0.85)
        .encode(y2="bottom:Q", detail="ribbon:N", color=alt.Color("way:N", legend=None, scale=ways))
    )
    blocks = sheet.layer(_blocks(pillars)).mark_rect(color=INK).encode(x2="x2:Q", y2="bottom:Q")
    heads = [{"x": x, "top": -0.055 * sheet.total, "label": title} for x, title in enumerate(titles)]
    return alt.layer(
        bands,
        blocks,
        sheet.words(_labels(pillars[0], labels[0], x=-0.06, apart=sheet.apart), align="right"),
        sheet.words(_labels(pillars[1], labels[1], x=1.06, apart=sheet.apart), align="left"),
        sheet.words(heads, align="center"),
    )


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """What the flow is drawn on: x is 0 at the left pillar and 1 at the right one, y counts people from the top."""

    width: int
    total: float
    lowest: float

    @property
    def is_narrow(self) -> bool:
        return self.width <= NARROW

    @property
    def height(self) -> int:
        return 360 if self.is_narrow else 400

    @property
    def apart(self) -> float:
        """So many people are as high as one label."""
        return (28 if self.is_narrow else 19) * 1.09 * self.lowest / self.height

    def layer(self, rows: list[dict[str, Any]]) -> alt.Chart:
        """Return a chart of rows that are placed by x and top."""
        margin = 0.85 if self.is_narrow else 0.45
        across = alt.Scale(domain=[-margin, 1 + margin], nice=False)
        down = alt.Scale(domain=[self.lowest, -0.09 * self.total], nice=False)
        chart: alt.Chart = alt.Chart(data(rows), width=self.width, height=self.height).encode(
            x=alt.X("x:Q", axis=None, scale=across), y=alt.Y("top:Q", axis=None, scale=down)
        )
        return chart

    def words(self, rows: list[dict[str, Any]], *, align: Literal["left", "center", "right"]) -> alt.Chart:
        """Return the labels of rows; those in the centre are heads."""
        is_head = align == "center"
        chart: alt.Chart = self.layer(rows).mark_text(
            align=align,
            baseline="middle",
            fontSize=11 if self.is_narrow else 13,
            fontWeight="bold" if is_head else "normal",
            color=ACCENT if is_head else INK,
            lineBreak="\n",
            lineHeight=13,
        )
        return chart.encode(text="label:N")


def _pillar(ribbons: Sequence[Ribbon], *, side: str, n: int) -> _Pillar:
    total = sum(r.n_people for r in ribbons) or 1
    space = 0.035 * total
    sizes = [float(sum(r.n_people for r in ribbons if getattr(r, side) == i)) for i in range(n)]
    ends = np.cumsum([size + space for size in sizes])
    return _Pillar(tops=tuple(ends - np.array(sizes) - space), sizes=tuple(sizes))


def _bands(ribbons: Sequence[Ribbon], pillars: tuple[_Pillar, _Pillar]) -> list[dict[str, Any]]:
    used: tuple[dict[int, float], dict[int, float]] = ({}, {})
    along = np.linspace(0.0, 1.0, _STEPS)
    ease = along * along * (3 - 2 * along)  # leaves both pillars level
    rows: list[dict[str, Any]] = []
    for r in sorted(ribbons, key=lambda r: (r.start, r.end)):
        if not r.n_people:
            continue
        tops = []
        for side, place in enumerate((r.start, r.end)):
            offset = used[side].get(place, 0.0)
            tops.append(pillars[side].tops[place] + offset)
            used[side][place] = offset + r.n_people
        edge = tops[0] + (tops[1] - tops[0]) * ease
        way = "same" if r.start == r.end else "up" if r.end < r.start else "down"
        rows += [
            {
                "ribbon": f"{r.start}-{r.end}",
                "way": way,
                "x": round(float(a), 4),
                "top": float(t),
                "bottom": float(t) + r.n_people,
            }
            for a, t in zip(along, edge, strict=True)
        ]
    return rows


def _blocks(pillars: tuple[_Pillar, _Pillar]) -> list[dict[str, float]]:
    return [
        {"x": x, "x2": x2, "top": top, "bottom": top + size}
        for pillar, x, x2 in ((pillars[0], -0.015, 0.0), (pillars[1], 1.0, 1.015))
        for top, size in zip(pillar.tops, pillar.sizes, strict=True)
        if size
    ]


def _labels(pillar: _Pillar, labels: Sequence[str], *, x: float, apart: float) -> list[dict[str, Any]]:
    """Return the labels of stages with people, each beside the middle of its block, or so far off that none overlap."""
    shown = [i for i, size in enumerate(pillar.sizes) if size]
    middles = np.array([pillar.tops[i] + pillar.sizes[i] / 2 for i in shown])
    steps = np.arange(len(shown)) * apart
    # The nearest places that keep their distance: what is left after taking the steps out must not fall.
    places = isotonic_regression(middles - steps).x + steps
    over = max(0.0, float(places[-1]) - (pillar.tops[-1] + pillar.sizes[-1]))
    return [{"x": x, "top": float(y) - over, "label": labels[i]} for i, y in zip(shown, places, strict=True)]
