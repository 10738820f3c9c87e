"""Survey against census: how wrong a sample of customers would have been."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.portraits.traits.lifecycle import RFM_SEGMENTS
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.bars import Span, spans
from aimwell.report.model import SurveyView
from aimwell.report.page.blocks import Block, Chapter

__all__ = ["survey_chapter"]

_MOST_LINES = 14
_TRAITS = {
    "n_orders": text("Orders per customer"),
    "spend_365d_minor": text("Sales per customer, last 365 days"),
    "mean_order_minor": text("Average order"),
    "mean_gap_days": text("Days between orders"),
    "overdue_ratio": text("Lateness against the own rhythm"),
    "coupon_rate": text("Orders with a coupon"),
    "discount_rate": text("Discount"),
    "refund_rate": text("Refunds per order"),
    "weekend_rate": text("Orders at the weekend"),
    "night_rate": text("Orders at night"),
}


def survey_chapter(survey: SurveyView | None, *, voice: Voice) -> Chapter:
    """Return the chapter of sample surveys against the full data."""
    blocks: tuple[Block, ...]
    if survey is None or not survey.errors:
        blocks = (
            voice.missing(text("The comparison needs portraits. Build them: `aimwell portrait build`.")),
        )
    else:
        blocks = (_picture(survey, voice=voice),)
    return Chapter(
        anchor="survey",
        title=voice.say(text("Why not just ask a sample?")),
        lead=voice.say(
            text(
                "Market research asks a few hundred people. This report reads everybody. The picture shows how far a sample would have been off."
            )
        ),
        blocks=blocks,
    )


def _picture(survey: SurveyView, *, voice: Voice) -> Block:
    by_name = {error.name: error for error in survey.errors}
    labels = {name: voice.say(label) for name, label in _TRAITS.items()} | {
        f"rfm_{name}": voice.say(text("Share of people: {segment}"), segment=voice.say(label))
        for name, label in RFM_SEGMENTS.items()
    }
    shown = sorted(
        (
            Span(label=label, low=0.0, high=by_name[name].most_rate, point=by_name[name].median_rate)
            for name, label in labels.items()
            if name in by_name
        ),
        key=lambda span: (span.high, span.label),
    )[-_MOST_LINES:]
    worst = shown[-1]
    off = voice.rates(text("Off the truth, as a share of the true value"))
    return voice.picture(
        lambda width: spans(shown, amounts=off, width=width),
        title=voice.say(
            text("Surveys of {n_people} people, held {n_repeats} times, against everybody"),
            n_people=voice.number(survey.n_people),
            n_repeats=voice.number(survey.n_repeats),
        ),
        see=voice.say(
            text(
                "Half of the surveys were off by less than the dot, 95 of 100 by less than the bar. Worst: “{name}”, "
                "where surveys were off by up to {most} of the true value."
            ),
            name=worst.label,
            most=voice.words.percent(worst.high),
        ),
        do=voice.say(
            text(
                "Trust the full data for small groups and rare behaviour. Ask people only what their orders cannot tell: why."
            )
        ),
    )
