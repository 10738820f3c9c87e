"""Campaigns: what each really earned, against those who were left alone."""

from __future__ import annotations

from aimwell.base.words import Sentence, text
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.curves import BandPoint, band_over_days
from aimwell.report.charts.theme import Scale
from aimwell.report.model import CampaignsView, CampaignView
from aimwell.report.page.blocks import Block, Chapter, Grid, Note, Picture

__all__ = ["campaign_picture", "campaigns_chapter"]


def campaigns_chapter(view: CampaignsView, *, voice: Voice) -> Chapter:
    """Return the chapter of campaigns; without any the sentence that says how to make one."""
    blocks: tuple[Block, ...]
    if not view.rounds:
        blocks = (
            voice.missing(
                text(
                    "No campaign was sent before this day. Begin with `aimwell campaign new comeback --recipe winback`; a part "
                    "of the people is left alone, so that the next report can say what it earned."
                )
            ),
        )
    else:
        measured = next((one for one in view.rounds if one.looks), None)
        blocks = (
            *((Note(text=_said(view.together, voice=voice)),) if view.together else ()),
            _rounds(view.rounds, voice=voice),
            *((campaign_picture(measured, voice=voice),) if measured else ()),
        )
    return Chapter(
        anchor="campaigns",
        title=voice.say(text("What did campaigns really earn?")),
        lead=voice.say(
            text(
                "Profit beyond what would have come anyway, after all costs: people who were treated against people whom a lot left alone."
            )
        ),
        blocks=blocks,
    )


def campaign_picture(campaign: CampaignView, *, voice: Voice) -> Picture:
    """Return what one campaign earned from day to day, with the interval that holds on all days together."""
    points = [
        BandPoint(day=look.day, value=look.total_minor, low=look.low_minor, high=look.high_minor)
        for look in campaign.looks
    ]
    x = Scale(
        title=voice.say(text("Days since the first decision")), read=lambda day: voice.number(round(day))
    )
    y = voice.amounts(text("Incremental profit, {currency}"))
    return voice.picture(
        lambda width: band_over_days(points, x=x, y=y, width=width),
        title=voice.say(text("{campaign_id}, day by day"), campaign_id=campaign.campaign_id),
        see=voice.say(
            text(
                "The line is what the campaign has brought beyond the holdout so far; the true amount lies in the band, on all days "
                "together. Where the line is dashed alone, too few have bought to say anything. {answer}"
            ),
            answer=campaign.answer.said(voice.words),
        ),
        do=voice.say(
            text("Decide when the whole band is above or below zero; until then, let the campaign go on.")
        ),
    )


def _rounds(rounds: tuple[CampaignView, ...], *, voice: Voice) -> Grid:
    return Grid(
        title=voice.say(text("The newest campaigns, each against its own holdout")),
        headings=(
            voice.say(text("Campaign")),
            voice.say(text("Answer")),
            voice.say(text("Treated")),
            voice.say(text("Held out")),
        ),
        rows=tuple(
            (
                one.campaign_id,
                one.answer.said(voice.words),
                "–" if one.n_people is None else voice.number(one.n_people),
                "–" if one.n_against is None else voice.number(one.n_against),
            )
            for one in rounds
        ),
        n_texts=2,
    )


def _said(sentences: tuple[Sentence, ...], *, voice: Voice) -> str:
    return " ".join(sentence.said(voice.words) for sentence in sentences)
