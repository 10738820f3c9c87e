"""Segments: how many people, what they brought, what they will bring; and a few people as examples."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.portraits.traits.lifecycle import RFM_SEGMENTS
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.bars import paired_bars
from aimwell.report.model import Example, SegmentShare
from aimwell.report.page.blocks import Block, Chapter, Grid, Picture

__all__ = ["segments_chapter"]


def segments_chapter(
    segments: tuple[SegmentShare, ...], *, examples: tuple[Example, ...], voice: Voice
) -> Chapter:
    """Return the chapter of the RFM segments.

    Parameters
    ----------
    segments
        Empty: no portraits were built yet.
    examples
        A few people, by number only.
    voice
        Language and currency.
    """
    blocks: list[Block] = []
    if not segments:
        blocks.append(voice.missing(text("Segments need portraits. Build them: `aimwell portrait build`.")))
    else:
        blocks.append(_picture(segments, voice=voice))
        blocks.append(_table(segments, voice=voice))
    if examples:
        blocks.append(_examples(examples, voice=voice))
    return Chapter(
        anchor="segments",
        title=voice.say(text("Which customers are which?")),
        lead=voice.say(
            text(
                "Segments by how recently (R), how often (F) and for how much (M) people bought; the edges are fixed, so they can be compared over time."
            )
        ),
        blocks=tuple(blocks),
    )


def _picture(segments: tuple[SegmentShare, ...], *, voice: Voice) -> Picture:
    n_people = sum(s.n_people for s in segments) or 1
    sales = sum(s.sales_minor for s in segments) or 1
    layers = {
        voice.say(text("Share of people")): [s.n_people / n_people for s in segments],
        voice.say(text("Share of sales, last 365 days")): [s.sales_minor / sales for s in segments],
    }
    labels = [voice.say(RFM_SEGMENTS.get(s.name, s.name)) for s in segments]
    first = max(segments, key=lambda s: (s.sales_minor, s.name))
    endangered = [s for s in segments if s.name in ("cannot_lose", "at_risk", "needs_attention")]
    n_endangered = sum(s.n_people for s in endangered)
    if n_endangered:
        do = voice.say(
            text(
                "{n_people} customers who were good are cooling down (need attention, at risk, cannot lose). Reach them before you buy new ones."
            ),
            n_people=voice.number(n_endangered),
        )
    else:
        do = voice.say(
            text(
                "Hardly anybody is cooling down. Keep the rhythm, and move promising customers up with a second and third order."
            )
        )
    shares = voice.rates(text("Share of the whole shop"))
    return voice.picture(
        lambda width: paired_bars(labels, layers, amounts=shares, width=width),
        title=voice.say(text("Segments: people and sales")),
        see=voice.say(
            text(
                "{segment} are {people_rate} of the people and bring {sales_rate} of the sales of the last 365 days."
            ),
            segment=voice.say(RFM_SEGMENTS.get(first.name, first.name)),
            people_rate=voice.percent(first.n_people / n_people),
            sales_rate=voice.percent(first.sales_minor / sales),
        ),
        do=do,
    )


def _table(segments: tuple[SegmentShare, ...], *, voice: Voice) -> Grid:
    columns = [
        [voice.say(RFM_SEGMENTS.get(s.name, s.name)) for s in segments],
        [voice.number(s.n_people) for s in segments],
        voice.moneys([s.sales_minor for s in segments]),
        voice.moneys([s.sales_minor / s.n_people for s in segments]),
    ]
    headings = [
        voice.say(text("Segment")),
        voice.say(text("People")),
        voice.say(text("Sales, last 365 days")),
        voice.say(text("Sales each")),
    ]
    if any(s.value_minor is not None for s in segments):
        columns.append(voice.moneys([s.value_minor for s in segments]))
        headings.append(voice.say(text("Expected margin")))
    return Grid(
        title=voice.say(text("Segments in numbers")),
        headings=tuple(headings),
        rows=tuple(zip(*columns, strict=True)),
    )


def _examples(examples: tuple[Example, ...], *, voice: Voice) -> Grid:
    def maybe(value: float | None, template: str) -> str:
        return "–" if value is None else voice.say(template, days=voice.number(value))

    days = text("{days} days")
    spends = voice.moneys([e.spend_365d_minor for e in examples])
    expectations = voice.moneys([e.expected_margin_minor for e in examples])
    return Grid(
        title=voice.say(text("Some of them, by number; see more with `aimwell portrait show PERSON`")),
        headings=(
            voice.say(text("Person")),
            voice.say(text("Segment")),
            voice.say(text("Likes most")),
            voice.say(text("Orders")),
            voice.say(text("Sales, last 365 days")),
            voice.say(text("Last order before")),
            voice.say(text("Usual gap")),
            voice.say(text("Expected margin")),
        ),
        rows=tuple(
            (
                str(e.person_id),
                voice.say(RFM_SEGMENTS.get(e.segment, e.segment)),
                e.top_category or "–",
                voice.number(e.n_orders),
                spend,
                maybe(e.days_since_last_order, days),
                maybe(e.mean_gap_days, days),
                expected,
            )
            for e, spend, expected in zip(examples, spends, expectations, strict=True)
        ),
        n_texts=3,
    )
