"""How people moved between stages: two pillars, and a ribbon for every pair of stages between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt
import numpy as np

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
    total = sum(r.n_people for r in ribbons) or 1
    pillars = (_pillar(ribbons, side="start", n=n_stages), _pillar(ribbons, side="end", n=n_stages))
    lowest = max(p.tops[-1] + p.sizes[-1] for p in pillars)
    is_narrow = width <= NARROW
    height = 360 if is_narrow else 400
    margin = 0.85 if is_narrow else 0.45
    apart = (28 if is_narrow else 19) * 1.09 * lowest / height  # so many people are one label high
    across = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-margin, 1 + margin], nice=False))
    span = alt.Scale(domain=[lowest, -0.09 * total], nice=False)
    down, middle = (alt.Y(f"{field}:Q", axis=None, scale=span) for field in ("top", "y"))

    def layer(rows: list[dict[str, Any]]) -> alt.Chart:
        return alt.Chart(data(rows), width=width, height=height)

    bands = (
        layer(_bands(ribbons, pillars))
        .mark_area(opacity=0.55)
        .encode(
            x=across,
            y=down,
            y2="bottom:Q",
            detail="ribbon:N",
            color=alt.Color(
                "way:N",
                legend=None,
                scale=alt.Scale(domain=["up", "same", "down"], range=[ACCENT, "#c9d6d4", GREY]),
            ),
        )
    )
    blocks = layer(_blocks(pillars)).mark_rect(color=INK).encode(x=across, x2="x2:Q", y=down, y2="bottom:Q")

    def words(side: Literal[0, 1], *, x: float, align: Literal["left", "right"]) -> alt.Chart:
        chart: alt.Chart = (
            layer(_labels(pillars[side], labels[side], x=x, apart=apart))
            .mark_text(
                align=align,
                baseline="middle",
                fontSize=11 if is_narrow else 13,
                lineBreak="\n",
                lineHeight=13,
            )
            .encode(x=across, y=middle, text="label:N")
        )
        return chart

    heads = layer(
        [{"x": 0, "y": -0.055 * total, "label": titles[0]}, {"x": 1, "y": -0.055 * total, "label": titles[1]}]
    )
    head_words = heads.mark_text(fontSize=11 if is_narrow else 12, color=SOFT, fontWeight="bold").encode(
        x=across, y=middle, text="label:N"
    )
    return alt.layer(
        bands, blocks, words(0, x=-0.06, align="right"), words(1, x=1.06, align="left"), head_words
    )


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
    places = [pillar.tops[i] + pillar.sizes[i] / 2 for i in shown]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + apart)
    end = pillar.tops[-1] + pillar.sizes[-1]
    for i in reversed(range(len(places))):
        places[i] = min(places[i], end - (len(places) - 1 - i) * apart)
    return [{"x": x, "y": y, "label": labels[i]} for i, y in zip(shown, places, strict=True)]
