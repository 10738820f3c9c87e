"""Gathers what the newest campaigns earned, each by its own holdout, and all of them by the shop-wide one."""

from __future__ import annotations

from datetime import datetime

from aimwell.base.settings import Settings
from aimwell.base.words import Sentence, Words
from aimwell.promote.campaigns.errors import NothingSent
from aimwell.promote.campaigns.model import Round
from aimwell.promote.campaigns.service.measuring import measure_shop, measured_round, sent_rounds
from aimwell.promote.measure.errors import (
    NoComparison,
    NotAssigned,
    PeriodNotBegun,
    PropensitiesDiffer,
    TermsMissing,
)
from aimwell.promote.measure.explain import contrast_sentence, global_sentences
from aimwell.promote.measure.model import Contrast
from aimwell.report.model import CampaignsView, CampaignView, LookView
from aimwell.storage.database import Database
from aimwell.storage.lake.lake import Lake

__all__ = ["gather_campaigns"]

_MOST = 6  # rounds; each is measured anew


def gather_campaigns(
    lake: Lake, *, database: Database, settings: Settings, as_of: datetime, words: Words
) -> CampaignsView:
    """Return the newest rounds that were sent before `as_of`, measured by the facts before it."""
    sent = [one for one in sent_rounds(database) if one.planned_at < as_of]
    return CampaignsView(
        rounds=tuple(_view(one, lake=lake, as_of=as_of, words=words) for one in sent[:_MOST]),
        together=_together(lake, database=database, settings=settings, as_of=as_of, words=words),
    )


def _view(sent: Round, *, lake: Lake, as_of: datetime, words: Words) -> CampaignView:
    try:
        result = measured_round(sent, lake=lake, as_of=as_of)
    except (NotAssigned, NoComparison, PropensitiesDiffer, TermsMissing) as exc:
        return CampaignView(
            campaign_id=sent.campaign_id,
            n_people=None,
            n_against=None,
            answer=Sentence(exc.template, exc.values),
            looks=(),
        )
    main = result.result
    return CampaignView(
        campaign_id=sent.campaign_id,
        n_people=main.n_people,
        n_against=main.n_against,
        answer=contrast_sentence(main, currency=result.currency, words=words),
        looks=_looks(main),
    )


def _looks(main: Contrast) -> tuple[LookView, ...]:
    """Return the looks of a comparison, for all people of the arm together."""
    n = main.n_people
    return tuple(
        LookView(
            day=look.day,
            total_minor=look.effect_minor * n,
            low_minor=None if look.interval is None else look.interval.low * n,
            high_minor=None if look.interval is None else look.interval.high * n,
        )
        for look in main.looks
    )


def _together(
    lake: Lake, *, database: Database, settings: Settings, as_of: datetime, words: Words
) -> tuple[Sentence, ...]:
    try:
        result = measure_shop(
            lake=lake,
            database=database,
            currency=settings.currency,
            margin_rate=settings.margin_rate,
            as_of=as_of,
        )
    except (NothingSent, NoComparison, PeriodNotBegun, TermsMissing):
        return ()  # the chapter tells of single campaigns anyway
    return global_sentences(result, words=words)
