"""Puts the whole page together: the head with its five figures, then chapter after chapter."""

from __future__ import annotations

from datetime import timedelta

from aimwell.base.words import Words, text
from aimwell.report.chapters.cohorts import cohorts_chapter
from aimwell.report.chapters.concentration import concentration_chapter
from aimwell.report.chapters.lifecycle import lifecycle_chapter
from aimwell.report.chapters.plan import plan_chapter
from aimwell.report.chapters.quality import quality_chapter
from aimwell.report.chapters.segments import segments_chapter
from aimwell.report.chapters.shop import key_figures, shop_chapter
from aimwell.report.chapters.survey import survey_chapter
from aimwell.report.chapters.value import value_chapter
from aimwell.report.chapters.voice import Voice
from aimwell.report.model import Report
from aimwell.report.page.blocks import Page

__all__ = ["compose"]


def compose(report: Report, *, words: Words) -> Page:
    """Return the page that tells this report in the language of `words`."""
    voice = Voice(words, report.currency)
    return Page(
        language="zh-Hans" if words.language == "zh" else "en",
        shop_name=report.shop_name,
        title=voice.say(text("Customer report")),
        subtitle=voice.say(
            text(
                "What happened in this shop up to {day}, what can be expected, and what to do about it. Amounts in {currency}."
            ),
            day=words.day(report.as_of_on - timedelta(days=1)),
            currency=report.currency,
        ),
        contents=voice.say(text("Contents")),
        see=voice.say(text("What you see")),
        do=voice.say(text("What to do")),
        figures=key_figures(report.shop.totals, voice=voice),
        chapters=(
            shop_chapter(report.shop, voice=voice),
            cohorts_chapter(report.cohorts, voice=voice),
            lifecycle_chapter(report.flows, voice=voice),
            concentration_chapter(report.concentration, voice=voice),
            segments_chapter(report.segments, examples=report.examples, voice=voice),
            value_chapter(report.value, voice=voice),
            plan_chapter(report.plan, voice=voice),
            survey_chapter(report.survey, voice=voice),
            quality_chapter(report.quality, margin_rate=report.margin_rate, voice=voice),
        ),
        closing=(
            voice.say(
                text(
                    "Made by Aimwell {version}. Facts before {as_of} UTC; the shop's own time zone is {zone}. No names, addresses or "
                    "other identifiers are in this file; people appear as random numbers."
                ),
                version=report.version,
                as_of=report.as_of.isoformat(sep=" ", timespec="minutes"),
                zone=report.time_zone,
            ),
            voice.say(
                text(
                    "Sales are goods after discounts, without shipping and tax; cancelled orders are left out, refunds are not subtracted."
                )
            ),
        ),
    )
