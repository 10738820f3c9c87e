"""A market series with its forecast, and the shop's own growth, as a chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from aimwell.base.words import Words, text
from aimwell.market.forecast import Forecast
from aimwell.market.model import OwnYear, Series

__all__ = ["market_chart"]

_ACCENT, _PALE, _OWN = "#0b5d57", "#e4efed", "#c8553d"


def market_chart(
    series: Series, ahead: Forecast | None, *, own: Sequence[OwnYear], words: Words, title: str
) -> Any:
    """Return figures (hollow where derived), forecast (dashed, with its 80 % interval), and below them growth a year.

    The shop's own growth stands beside the market's, for the years that are complete. The chart is an Altair one.
    """
    across = alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0))
    points = [
        {
            "year": one.year,
            "value": one.value,
            "kind": words.say(text("derived") if one.is_derived else text("reported")),
        }
        for one in series.points
    ]
    last = points[-1]
    later = (
        [{"year": last["year"], "value": last["value"], "low": last["value"], "high": last["value"]}]
        if ahead
        else []
    )
    later += [vars(one) for one in ahead.years] if ahead else []
    coming = alt.Chart(alt.InlineData(values=later))
    up = alt.Y("value:Q", title=series.unit)
    figures = alt.Chart(alt.InlineData(values=points)).encode(x=across, y=up)
    fill = alt.Fill(
        "kind:N",
        title=None,
        scale=alt.Scale(
            domain=[words.say(text("reported")), words.say(text("derived"))], range=[_ACCENT, "white"]
        ),
    )
    upper = alt.layer(
        coming.mark_area(color=_PALE).encode(x=across, y=alt.Y("low:Q", title=series.unit), y2="high:Q"),
        coming.mark_line(color=_ACCENT, strokeDash=[5, 4]).encode(x=across, y=up),
        figures.mark_line(color=_ACCENT),
        figures.mark_point(stroke=_ACCENT, size=60, opacity=1).encode(fill=fill),
    ).properties(width=560, height=240)
    return alt.vconcat(upper, _growth_chart(series, own, words=words)).properties(title=title)


def _growth_chart(series: Series, own: Sequence[OwnYear], *, words: Words) -> Any:
    market, shop = words.say(text("Market")), words.say(text("This shop"))
    colours = (
        {market: _ACCENT, shop: _OWN} if any(one.growth is not None for one in own) else {market: _ACCENT}
    )
    bars = [{"year": one.year, "growth": one.rate, "who": market} for one in series.growth()]
    bars += [{"year": one.year, "growth": one.growth, "who": shop} for one in own if one.growth is not None]
    return (
        alt.Chart(alt.InlineData(values=bars))
        .mark_bar()
        .encode(
            x=alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("who:N", sort=list(colours)),
            y=alt.Y("growth:Q", title=words.say(text("Growth a year")), axis=alt.Axis(format="%")),
            color=alt.Color(
                "who:N", title=None, scale=alt.Scale(domain=list(colours), range=list(colours.values()))
            ),
        )
        .properties(width=560, height=140)
    )
