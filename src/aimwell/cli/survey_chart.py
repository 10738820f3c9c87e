"""Surveys against the census as a chart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import altair as alt

from aimwell.base.words import Words, text
from aimwell.portraits.survey import Survey

__all__ = ["survey_bars", "survey_chart", "write_chart"]

_MOST = 40  # lines that a reader can take in
_WIDTH = 20  # characters of the longest bar


def survey_chart(survey: Survey, *, words: Words, names: Mapping[str, str]) -> Any:
    """Return a chart of the numbers that surveys miss most: median, 95 of 100 and worst error, relative to the truth.

    A line that `names` knows is called so. The chart is an Altair one; `.save("x.html")`, `.svg` or `.png` writes it.
    """
    ranked = sorted(
        (line for line in survey.lines if line.relative_95 is not None),
        key=lambda line: (-(line.relative_95 or 0), line.name),
    )[:_MOST]
    rows = [
        {
            "name": names.get(line.name, line.name),
            "median": line.relative_median,
            "most": line.relative_95,
            "worst": line.relative_worst,
        }
        for line in ranked
    ]
    order = [names.get(line.name, line.name) for line in ranked]
    title = words.say(
        text("{size} people asked, {repeats} times: how far off, relative to all {people}"),
        size=words.number(survey.size),
        repeats=words.number(survey.repeats),
        people=words.number(survey.n_people),
    )
    lines = alt.Y("name:N", sort=order, title=None)
    base = alt.Chart(alt.InlineData(values=rows))
    share = alt.Axis(format="%")
    return alt.layer(
        base.mark_rule(color="#bbb").encode(
            y=lines, x=alt.X("median:Q", axis=share, title=words.say(text("Error"))), x2="worst:Q"
        ),
        base.mark_bar(height=7, color="#4c78a8").encode(y=lines, x="median:Q", x2="most:Q"),
        base.mark_tick(color="#e45756", thickness=2).encode(y=lines, x="worst:Q"),
    ).properties(title=title, width=520)


def survey_bars(survey: Survey) -> list[str]:
    """Return a bar per line of the survey, for a terminal: the relative error that 95 of 100 surveys stay within."""
    longest = max((line.relative_95 or 0 for line in survey.lines), default=0) or 1
    return ["█" * max(1, round(_WIDTH * (line.relative_95 or 0) / longest)) for line in survey.lines]


def write_chart(chart: Any, path: Path) -> None:
    """Write a chart as .html, .svg or .png; an HTML file carries what it needs and opens offline."""
    offline = {"inline": True} if path.suffix == ".html" else {}
    chart.save(str(path), **offline)
