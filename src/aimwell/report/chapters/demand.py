"""What will be needed: the days to come with their interval, and how such forecasts fared."""

from __future__ import annotations

from datetime import date, timedelta

from aimwell.base.words import text
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.curves import BandPoint, band_over_days
from aimwell.report.charts.theme import Scale
from aimwell.report.model import DemandDay, DemandView
from aimwell.report.page.blocks import Block, Chapter, Figure, Figures, Grid, Note, Picture

__all__ = ["demand_chapter"]


_FLAT_RATE = 0.02  # a highest day nearer to the mean is none


def demand_chapter(demand: DemandView | None, *, voice: Voice) -> Chapter:
    """Return the chapter of demand; without a model the sentence that says how to fit one."""
    blocks: list[Block] = []
    if demand is None:
        blocks.append(
            voice.missing(
                text(
                    "No demand model was fitted yet. Fit one and forecast: `aimwell predict fit demand`, then `aimwell predict score demand`."
                )
            )
        )
    else:
        blocks += [_figures(demand, voice=voice), _picture(demand.days, voice=voice)] if demand.days else []
        blocks += [_rivals(demand, voice=voice)] if demand.rivals else []
        blocks += [Note(text=note) for note in demand.notes]
    return Chapter(
        anchor="demand",
        title=voice.say(text("What will be needed?")),
        lead=voice.say(
            text(
                "Units that customers will want, by product, category, channel and group, all adding up to the whole shop. "
                "`aimwell demand show` lists them, `aimwell demand stock` says what to order."
            )
        ),
        blocks=tuple(blocks),
    )


def _figures(demand: DemandView, *, voice: Voice) -> Figures:
    horizon = voice.say(text("over the next {days} days"), days=voice.number(len(demand.days)))
    return Figures(
        figures=(
            Figure(
                label=voice.say(text("Expected units")),
                value=voice.number(round(sum(day.units for day in demand.days))),
                note=horizon,
            ),
            Figure(
                label=voice.say(text("Expected sales")),
                value=voice.money(sum(day.revenue_minor for day in demand.days)),
                note=horizon,
            ),
            Figure(
                label=voice.say(text("Products forecast")),
                value=voice.number(demand.n_products),
                note=voice.say(text("the others together, by category")),
            ),
        )
    )


def _picture(days: tuple[DemandDay, ...], *, voice: Voice) -> Picture:
    first = days[0].on

    def read(ahead: float) -> str:
        on: date = first + timedelta(days=round(ahead))
        return f"{on.month:02}-{on.day:02}"

    points = [
        BandPoint(day=(day.on - first).days, value=day.units, low=day.low, high=day.high) for day in days
    ]
    return voice.picture(
        lambda width: band_over_days(
            points,
            x=Scale(title=voice.say(text("Day")), read=read),
            y=Scale(title=voice.say(text("Units a day")), read=voice.words.compact),
            width=width,
        ),
        title=voice.say(text("Units expected of the whole shop, with the 80% interval")),
        see=_what_is_seen(days, voice=voice),
        do=voice.say(
            text(
                "Have stock and hands for the high days, and put campaigns where the line is low; `aimwell demand stock` turns the interval "
                "into a reorder point."
            )
        ),
    )


def _what_is_seen(days: tuple[DemandDay, ...], *, voice: Voice) -> str:
    """Name the highest day, where there is one to speak of."""
    peak = max(days, key=lambda day: day.units)
    mean = sum(day.units for day in days) / len(days)
    if peak.units < (1 + _FLAT_RATE) * mean:
        return voice.say(
            text("All days are expected to be alike: about {units} units."), units=voice.number(round(mean))
        )
    return voice.say(
        text("Most is expected on {day}: {units} units ({low} to {high})."),
        day=voice.words.day(peak.on),
        units=voice.number(round(peak.units)),
        low=voice.number(round(peak.low)),
        high=voice.number(round(peak.high)),
    )


def _rivals(demand: DemandView, *, voice: Voice) -> Grid:
    def read(value: float) -> str:
        return voice.words.number(value, decimals=3)

    return Grid(
        title=voice.say(
            text("How far off, day by day (1: as far as saying tomorrow will be as today; smaller is better)")
        ),
        headings=(
            voice.say(text("Way to predict")),
            voice.say(text("Products")),
            voice.say(text("Categories")),
            voice.say(text("Whole shop")),
        ),
        rows=tuple(
            (
                voice.say(text("{name} (chosen)"), name=one.name) if one.is_model else one.name,
                read(one.product),
                read(one.category),
                read(one.total),
            )
            for one in demand.rivals
        ),
    )
