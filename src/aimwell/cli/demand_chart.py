"""Forecasts with their 80 % band, as a chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from aimwell.base.words import Words, text

__all__ = ["demand_chart"]


def demand_chart(rows: Sequence[Mapping[str, Any]], *, words: Words) -> Any:
    """Return one small chart per key: expected units over time, the 80 % interval as a band.

    The chart is an Altair one; `.save("x.html")`, `.svg` or `.png` writes it.
    """
    every = words.say(text("Total"))
    values = [
        {
            "key": row["key"] or every,
            "start": row["period_start"].isoformat(),
            "units": row["expected_units"],
            "low": row["low_units"],
            "high": row["high_units"],
        }
        for row in rows
    ]
    base = alt.Chart(width=520, height=140)
    across = alt.X("start:T", title=None)
    band = base.mark_area(color="#e4efed").encode(
        x=across, y=alt.Y("low:Q", title=words.say(text("Expected units"))), y2="high:Q"
    )
    line = base.mark_line(color="#0b5d57", point=True).encode(x=across, y="units:Q")
    whole = alt.layer(band, line, data=alt.InlineData(values=values))
    return whole.facet(row=alt.Row("key:N", title=None)).resolve_scale(y="independent")
