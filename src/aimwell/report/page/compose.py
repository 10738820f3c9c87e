"""Puts the whole page together: the head with its five figures, then chapter after chapter."""

from __future__ import annotations

from datetime import timedelta

from aimwell.base.words import Words, text
from aimwell.report.chapters.affinity import affinity_chapter
from aimwell.report.chapters.campaigns import campaigns_chapter
from aimwell.report.chapters.cohorts import cohorts_chapter
from aimwell.report.chapters.concentration import concentration_chapter
from aimwell.report.chapters.demand import demand_chapter
from aimwell.report.chapters.lifecycle import lifecycle_chapter
from aimwell.report.chapters.plan import plan_chapter
from aimwell.report.chapters.price import price_chapter
from aimwell.report.chapters.quality import quality_chapter
from aimwell.report.chapters.repeat import repeat_chapter
from aimwell.report.chapters.segments import segments_chapter
from aimwell.report.chapters.shop import key_figures, shop_chapter
from aimwell.report.chapters.survey import survey_chapter
from aimwell.report.chapters.value import value_chapter
from aimwell.report.chapters.voice import Voice
from aimwell.report.model import Report
from aimwell.report.page.blocks import Chapter, Page

__all__ = ["compose"]


def compose(report: Report, *, words: Words) -> Page:
    """Return the page that tells this report in the language of `words`."""
    voice = Voice(words, report.settings.currency)
    return Page(
        language="zh-Hans" if words.language == "zh" else "en",
        shop_name=report.settings.name,
        title=voice.say(text("Customer report")),
        subtitle=voice.say(
            text(
                "What happened in this shop up to {day}, what can be expected, and what to do about it. Amounts in {currency}."
            ),
            day=words.day(report.as_of_on - timedelta(days=1)),
            currency=report.settings.currency,
        ),
        contents=voice.say(text("Contents")),
        see=voice.say(text("What you see")),
        do=voice.say(text("What to do")),
        figures=key_figures(report.shop.totals, voice=voice),
        chapters=_chapters(report, voice=voice),
        closing=_closing(report, voice=voice),
    )


def _chapters(report: Report, *, voice: Voice) -> tuple[Chapter, ...]:
    shop, people = report.shop, report.people
    return (
        shop_chapter(shop, voice=voice),
        cohorts_chapter(shop.cohorts, voice=voice),
        lifecycle_chapter(people.flows, voice=voice),
        concentration_chapter(shop.concentration, voice=voice),
        segments_chapter(people.segments, examples=people.examples, voice=voice),
        value_chapter(report.value, voice=voice),
        repeat_chapter(report.predicted.repeat, voice=voice),
        affinity_chapter(report.predicted.affinity, voice=voice),
        demand_chapter(report.predicted.demand, voice=voice),
        price_chapter(report.predicted.price, voice=voice),
        plan_chapter(report.plan, voice=voice),
        campaigns_chapter(report.campaigns, voice=voice),
        survey_chapter(people.survey, voice=voice),
        quality_chapter(report.quality, margin_rate=report.settings.margin_rate, voice=voice),
    )


def _closing(report: Report, *, voice: Voice) -> tuple[str, ...]:
    return (
        voice.say(
            text(
                "Made by Aimwell {version}. Facts before {as_of} UTC; the shop's own time zone is {zone}. No names, addresses or "
                "other identifiers are in this file; people appear as random numbers."
            ),
            version=report.version,
            as_of=report.as_of.isoformat(sep=" ", timespec="minutes"),
            zone=report.settings.time_zone,
        ),
        voice.say(
            text(
                "Sales are goods after discounts, without shipping and tax; cancelled orders are left out, refunds are not subtracted."
            )
        ),
    )
