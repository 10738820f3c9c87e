"""Value concentration: how few customers bring how much."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.curves import Mark, concentration_curve
from aimwell.report.model import Concentration
from aimwell.report.page.blocks import Block, Chapter, Grid

__all__ = ["concentration_chapter"]

_SHARES = (0.01, 0.05, 0.1, 0.2)


def concentration_chapter(concentration: Concentration, *, voice: Voice) -> Chapter:
    """Return the chapter of the concentration curve and of the top shares."""
    blocks: tuple[Block, ...]
    if concentration.n_people and concentration.sales_minor > 0:
        blocks = (_curve(concentration, voice=voice), _tops(concentration, voice=voice))
    else:
        blocks = (
            voice.missing(
                text(
                    "No order has a known customer. Load orders with a customer column: `aimwell load FILE`."
                )
            ),
        )
    return Chapter(
        anchor="concentration",
        title=voice.say(text("Who brings the sales?")),
        lead=voice.say(
            text("Customers from the best to the last, and what share of all sales they bring together.")
        ),
        blocks=blocks,
    )


def _curve(concentration: Concentration, *, voice: Voice) -> Block:
    points = [(0.0, 0.0), *((p.people_rate, p.sales_rate) for p in concentration.curve)]
    marks = [
        Mark(
            x=share,
            y=concentration.top(share),
            label=voice.say(
                text("best {people_rate} bring {sales_rate}"),
                people_rate=voice.words.percent(share),
                sales_rate=voice.words.percent(concentration.top(share)),
            ),
        )
        for share in _SHARES
    ]
    x, y = voice.rates(text("Customers, best first")), voice.rates(text("Share of all sales"))
    if concentration.top(0.2) >= 0.5:
        do = text(
            "Know the best fifth by name and treat them so: early access, a personal contact, no discount they do not need. "
            "Losing one of them costs as much as losing many others."
        )
    else:
        do = text(
            "Your sales rest on many shoulders: that is safe, but there is room above. Find what the best customers buy "
            "and the others do not, and show it to them."
        )
    return voice.picture(
        lambda width: concentration_curve(points, marks=marks, x=x, y=y, width=width),
        title=voice.say(text("Share of sales by the best customers")),
        see=voice.say(
            text(
                "The best 20% of customers bring {sales_rate} of the sales; half of the sales comes from {half_rate} of them."
            ),
            sales_rate=voice.percent(concentration.top(0.2)),
            half_rate=voice.percent(concentration.half_rate),
        ),
        do=voice.say(do),
    )


def _tops(concentration: Concentration, *, voice: Voice) -> Grid:
    sizes = [concentration.n_people * share for share in _SHARES]
    shares = [concentration.top(share) for share in _SHARES]
    averages = [concentration.sales_minor * rate / n for rate, n in zip(shares, sizes, strict=True)]
    rows = zip(
        [voice.say(text("Best {people_rate}"), people_rate=voice.words.percent(share)) for share in _SHARES],
        [voice.number(round(n_people)) for n_people in sizes],
        [voice.percent(rate) for rate in shares],
        voice.moneys(averages),
        strict=True,
    )
    return Grid(
        title=voice.say(text("The best customers")),
        headings=(
            voice.say(text("Customers")),
            voice.say(text("People")),
            voice.say(text("Share of sales")),
            voice.say(text("Average sales each")),
        ),
        rows=tuple(rows),
    )
