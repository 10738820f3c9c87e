"""Cohorts: how many of those who began together are still there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from aimwell.base.words import text
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.heat import HeatCell, heat_map
from aimwell.report.charts.theme import NARROW
from aimwell.report.model import Cohorts, Period
from aimwell.report.page.blocks import Block, Chapter

__all__ = ["cohorts_chapter"]

_AGES: dict[Period, str] = {
    "month": text("Months since the first order"),
    "quarter": text("Quarters since the first order"),
    "year": text("Years since the first order"),
}
_SEEN: dict[Period, str] = {
    "month": text(
        "Of the customers who came after {first}, {next_rate} ordered again in the month after their first order, and {last_rate} in month {last_age}."
    ),
    "quarter": text(
        "Of the customers who came after {first}, {next_rate} ordered again in the quarter after their first order, and {last_rate} in quarter {last_age}."
    ),
    "year": text(
        "Of the customers who came after {first}, {next_rate} ordered again in the year after their first order, and {last_rate} in year {last_age}."
    ),
}


def cohorts_chapter(cohorts: Cohorts, *, voice: Voice) -> Chapter:
    """Return the chapter of the retention triangle."""
    blocks: tuple[Block, ...]
    if cohorts.last_age < 1:
        blocks = (
            voice.missing(
                text("There is not yet a second complete month. Load more orders: `aimwell load FILE`.")
            ),
        )
    else:
        blocks = (_triangle(cohorts, voice=voice),)
    return Chapter(
        anchor="cohorts",
        title=voice.say(text("Do customers come back?")),
        lead=voice.say(
            text(
                "Each line gathers the customers whose first order fell into the same time, and follows them from there. The "
                "first line also holds everybody who was a customer before the data begin."
            )
        ),
        blocks=blocks,
    )


def _triangle(cohorts: Cohorts, *, voice: Voice) -> Block:
    starts = sorted({cell.cohort_on for cell in cohorts.cells})
    sizes = {cell.cohort_on: cell.n_people for cell in cohorts.cells}
    labels = {
        start: voice.say(
            text("{period} · {n_people}"),
            period=voice.period(start, cohorts.period),
            n_people=voice.number(sizes[start]),
        )
        for start in starts
    }
    cells = _cells(cohorts, labels=labels, voice=voice)
    columns = [str(age) for age in range(1, cohorts.last_age + 1)]
    shown_age = max(1, min(cohorts.last_age - 1, 6))  # the last age is reached by the first cohort only
    next_rate, last_rate = cohorts.rate_at(1) or 0.0, cohorts.rate_at(shown_age) or 0.0
    return voice.picture(
        lambda width: heat_map(
            cells,
            rows=[label for label in labels.values() if label in {cell.row for cell in cells}],
            columns=columns,
            column_title=voice.say(_AGES[cohorts.period]),
            width=width,
            every=2 if width <= NARROW and len(columns) > 8 else 1,
        ),
        title=voice.say(text("Share of each cohort that ordered again, by time since the first order")),
        see=voice.say(
            _SEEN[cohorts.period],
            first=voice.period(starts[0], cohorts.period),
            next_rate=voice.percent(next_rate),
            last_rate=voice.percent(last_rate),
            last_age=shown_age,
        ),
        do=voice.say(_advice(next_rate, last_rate)),
    )


def _advice(next_rate: float, last_rate: float) -> str:
    """Return what to do about the share that orders again in the next period and in a later one, as a marked text."""
    if next_rate < 0.3:
        return text(
            "Most new customers are lost at the first step. Give every first order a reason for a second: a note after "
            "delivery, the goods that go with it, a small offer before the usual gap has passed."
        )
    if last_rate < 0.6 * next_rate:
        return text(
            "The second order works, but customers fade later. Look for the column where the colour breaks off, and "
            "reach out one period before it."
        )
    return text(
        "Customers who come once keep coming. New customers are worth their price here: compare what a new one costs "
        "you with the value chapter."
    )


def _cells(cohorts: Cohorts, *, labels: Mapping[date, str], voice: Voice) -> list[HeatCell]:
    """Return the cells of the ages from 1: age 0 is always everybody."""
    return [
        HeatCell(
            row=labels[cell.cohort_on],
            column=str(cell.age),
            value=cell.active_rate,
            label=voice.words.percent(cell.active_rate),
        )
        for cell in cohorts.cells
        if cell.age >= 1
    ]
