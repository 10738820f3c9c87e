"""Charts become SVG that needs nothing from outside, says what it shows, and keeps its text as text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimwell.report.charts.bars import Span, paired_bars, share_bars, spans
from aimwell.report.charts.columns import columns_with_marks, stacked_columns
from aimwell.report.charts.curves import (
    BandPoint,
    Mark,
    RangeMark,
    band_over_days,
    concentration_curve,
    curve_with_mark,
)
from aimwell.report.charts.flow import Ribbon, stage_flow
from aimwell.report.charts.heat import HeatCell, heat_map
from aimwell.report.charts.theme import NARROW, WIDE, Chart, Scale, draw, png, svg, ticks

AMOUNTS = Scale(title="Sales, EUR", read=lambda value: f"{value:g} €")
SHARES = Scale(title="Share", read=lambda rate: f"{rate:.0%}")
_MARK = RangeMark(x=20.0, y=6.0, low=-2.0, high=9.0, label="this plan")
_CELLS = [HeatCell(row="Jan <b>", column=str(i), value=1 / i, label=f"{i} %") for i in (1, 2)]

CHARTS: dict[str, Callable[[int], Chart]] = {
    "stacked_columns": lambda width: stacked_columns(
        ["Jan", "Feb"], {"Repeat": [1, 2], "First": [3, 4]}, amounts=AMOUNTS, width=width
    ),
    "columns_with_marks": lambda width: columns_with_marks(
        ["1", "2"],
        columns=("came", [5, -1]),
        marks=("expected", [4, 1]),
        amounts=AMOUNTS,
        title="Tenths",
        width=width,
    ),
    "heat_map": lambda width: heat_map(
        _CELLS, rows=["Jan <b>"], columns=["1", "2"], column_title="Months", width=width
    ),
    "concentration_curve": lambda width: concentration_curve(
        [(0, 0), (0.2, 0.6), (1, 1)],
        marks=[Mark(x=0.2, y=0.6, label="best")],
        x=SHARES,
        y=SHARES,
        width=width,
    ),
    "curve_with_mark": lambda width: curve_with_mark(
        [(0, 0), (20, 6), (40, 7)], mark=_MARK, x=AMOUNTS, y=AMOUNTS, width=width
    ),
    "band_over_days": lambda width: band_over_days(
        [
            BandPoint(day=0, value=0.0, low=None, high=None),
            BandPoint(day=1, value=4.0, low=-2.0, high=10.0),
        ],
        x=Scale(title="Days", read=lambda day: f"{day:g}"),
        y=AMOUNTS,
        width=width,
    ),
    "paired_bars": lambda width: paired_bars(
        ["Top", "Low"], {"People": [0.1, 0.9], "Sales": [0.7, 0.3]}, amounts=SHARES, width=width
    ),
    "share_bars": lambda width: share_bars(["Known", "Costed"], [0.9, 0.0], shares=SHARES, width=width),
    "spans": lambda width: spans(
        [Span(label="Orders", low=-0.1, high=0.3, point=0.1)], amounts=SHARES, width=width
    ),
    "stage_flow": lambda width: stage_flow(
        [Ribbon(start=0, end=1, n_people=3), Ribbon(start=1, end=1, n_people=9)],
        n_stages=2,
        labels=(["Loyal\n3", "New\n9"], ["Loyal", "New\n12"]),
        titles=("then", "now"),
        width=width,
    ),
}


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_a_chart_is_a_picture_with_title_and_description(name: str, width: int) -> None:
    drawn = svg(CHARTS[name](width), title="A & B", description="What <you> see")
    root = ElementTree.fromstring(drawn)
    kinds = [child.tag.rpartition("}")[2] for child in root]
    assert kinds[:2] == ["title", "desc"]
    assert (root[0].text, root[1].text) == ("A & B", "What <you> see")
    assert root.get("role") == "img"
    assert float(root.get("viewBox", "").split()[2]) == pytest.approx(width, abs=2)


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_asks_nothing_from_outside(name: str) -> None:
    drawn = svg(CHARTS[name](WIDE), title="t", description="d")
    addresses = set(re.findall(r"https?://[^\"' )]+", drawn))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "<script" not in drawn
    assert "font-family" not in drawn  # text takes the font of the page
    assert "NaN" not in drawn


def test_text_stays_text_and_is_escaped() -> None:
    drawn = svg(CHARTS["heat_map"](WIDE), title="t", description="d")
    assert "Jan &lt;b&gt;" in drawn
    assert "<b>" not in drawn
    assert "1 %" in drawn


def test_a_phone_gets_its_own_drawing() -> None:
    drawing = draw(CHARTS["stacked_columns"], title="t", description="d")
    assert f'width="{WIDE}"' in drawing.wide
    assert f'width="{NARROW}"' in drawing.narrow
    assert "Sales, EUR" in drawing.wide  # no room for the upright title on a phone
    assert "Sales, EUR" not in drawing.narrow


def test_the_same_chart_is_the_same_text() -> None:
    assert draw(CHARTS["stage_flow"], title="t", description="d") == draw(
        CHARTS["stage_flow"], title="t", description="d"
    )


def test_png() -> None:
    assert png(CHARTS["spans"](WIDE), scale=1).startswith(b"\x89PNG")


def test_axis_labels_read_as_the_scale_says() -> None:
    assert "4 €" in svg(CHARTS["stacked_columns"](WIDE), title="t", description="d")


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((0, 87), [0, 20, 40, 60, 80, 100]),
        ((0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]),
        ((-30, 50), [-40, -20, 0, 20, 40, 60]),
        ((0, 0), [0, 0.2, 0.4, 0.6, 0.8, 1]),  # nothing to show still has an axis
    ],
)
def test_ticks(ends: tuple[float, float], expected: list[float]) -> None:
    assert ticks(*ends) == pytest.approx(expected)


@given(
    st.floats(-1e9, 0, allow_subnormal=False),
    st.floats(1e-3, 1e12, allow_subnormal=False),
    st.integers(3, 9),
)
@settings(max_examples=200)
def test_ticks_span_both_ends_evenly(lowest: float, highest: float, at_most: int) -> None:
    found = ticks(lowest, highest, at_most=at_most)
    step = found[1] - found[0]
    assert 2 <= len(found) <= at_most + 1
    assert found[0] <= lowest + 1e-6 * step
    assert found[-1] >= highest - 1e-6 * step
    assert all(math.isclose(b - a, step, rel_tol=1e-6) for a, b in pairwise(found))
