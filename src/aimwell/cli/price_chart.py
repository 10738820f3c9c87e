"""Expected units and profit of one product over its price, as a chart."""

from __future__ import annotations

from typing import Any

import altair as alt

from aimwell.base.money import to_major
from aimwell.base.words import Words, text
from aimwell.predict.price.response import WARNINGS, Response

__all__ = ["price_chart"]


def price_chart(response: Response, *, words: Words, currency: str) -> Any:
    """Return two charts above each other: units a week with their 80 % band, and profit a week, over the prices that were seen.

    The upright line is the present price. The chart is an Altair one; `.save("x.html")`, `.svg` or `.png` writes it.
    """
    prices = response.prices()
    rows = []
    for price, profit in zip(prices.tolist(), response.profit(prices).tolist(), strict=True):
        factor = response.units_factor(response.price_minor, price)
        rows.append(
            {
                "price": float(to_major(price, currency)),
                "units": factor.value * response.weekly_units,
                "low": factor.low * response.weekly_units,
                "high": factor.high * response.weekly_units,
                "profit": float(to_major(profit, currency)),
            }
        )
    base = alt.Chart(alt.InlineData(values=rows)).properties(width=520, height=180)
    across = alt.X(
        "price:Q", title=words.say(text("Price ({currency})"), currency=currency), scale=alt.Scale(zero=False)
    )
    now = (
        alt.Chart(alt.InlineData(values=[{"price": float(to_major(response.price_minor, currency))}]))
        .mark_rule(strokeDash=[4, 4], color="#888")
        .encode(x="price:Q")
    )
    band = base.mark_area(color="#e4efed").encode(
        x=across, y=alt.Y("low:Q", title=words.say(text("Units a week"))), y2="high:Q"
    )
    units = band + base.mark_line(color="#0b5d57").encode(x=across, y="units:Q") + now
    title = words.say(text("Profit a week ({currency})"), currency=currency)
    profit = base.mark_line(color="#0b5d57").encode(x=across, y=alt.Y("profit:Q", title=title)) + now
    heading = [words.say(text("Product {product_id}"), product_id=response.product_id)]
    if response.warning is not None:
        heading.append(words.say(WARNINGS[response.warning]))
    return alt.vconcat(units, profit).properties(title=heading)
