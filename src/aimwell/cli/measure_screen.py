"""What a campaign earned, on the screen and as a chart."""

from __future__ import annotations

from typing import Any

from aimwell.base.money import to_major
from aimwell.base.words import Sentence, Words, text
from aimwell.cli.face import Column, Face
from aimwell.promote.measure.explain import (
    attribution_sentence,
    global_sentences,
    offer_sentence,
    result_sentences,
)
from aimwell.promote.measure.model import CampaignResult, Contrast, GlobalResult
from aimwell.report.charts.curves import BandPoint, band_over_days
from aimwell.report.charts.theme import WIDE, Chart, Scale

__all__ = ["effect_chart", "show_result"]

_ARMS = {
    "treatment": text("treated"),
    "holdout": text("held out"),
    "random": text("offer by lot"),
    "explore": text("exploring"),
    "business_as_usual": text("as usual"),
    "global_holdout": text("shop-wide holdout"),
    "resting": text("resting"),
}


def show_result(result: CampaignResult | GlobalResult, face: Face) -> None:
    """Show the arms, the answer with its grounds, every offer's own, and last the labelled diagnostic."""
    if face.output == "json":
        face.show_json(result)
        return
    _show_arms(result, face)
    words, currency = face.words, result.currency
    if isinstance(result, GlobalResult):
        _say(face, *global_sentences(result, words=words))
        return
    _say(face, *result_sentences(result, words=words))
    _say(face, *(offer_sentence(one, currency=currency, words=words) for one in result.offers))
    _say(face, *(attribution_sentence(one, currency=currency, words=words) for one in result.attribution))


def effect_chart(main: Contrast, *, currency: str, words: Words) -> Chart:
    """Return the incremental profit of all people of the arm from day to day, with its interval."""
    n = main.n_people
    points = [
        BandPoint(
            day=look.day,
            value=look.effect_minor * n,
            low=None if look.interval is None else look.interval.low * n,
            high=None if look.interval is None else look.interval.high * n,
        )
        for look in main.looks
    ]
    x = Scale(
        title=words.say(text("Days since the first decision")), read=lambda day: words.number(round(day))
    )
    y = Scale(
        title=words.say(text("Incremental profit, {currency}"), currency=currency),
        read=lambda minor: words.compact(float(to_major(minor, currency))),
    )
    return band_over_days(points, x=x, y=y, width=WIDE)


def _show_arms(result: CampaignResult | GlobalResult, face: Face) -> None:
    words, currency = face.words, result.currency
    rows: list[dict[str, Any]] = [
        {
            "arm": words.say(_ARMS.get(one.arm, one.arm)),
            "n_people": one.n_people,
            "n_contacted": one.n_contacted,
            "n_buyers": one.n_buyers,
            "profit": words.money(one.profit_minor, currency),
        }
        for one in result.arms
    ]
    face.show_rows(
        rows,
        [
            Column("arm", text("Arm")),
            Column("n_people", text("People"), "number"),
            Column("n_contacted", text("Chosen for a contact"), "number"),
            Column("n_buyers", text("Buyers"), "number"),
            Column("profit", text("Profit, before comparing")),
        ],
    )


def _say(face: Face, *sentences: Sentence) -> None:
    for sentence in sentences:
        face.say("{sentence}", sentence=sentence.said(face.words))
