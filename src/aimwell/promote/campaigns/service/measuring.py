"""Measures rounds: before one, what it could show; after it, what it earned; and what all of them together earned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from aimwell.promote.campaigns import rows
from aimwell.promote.campaigns.errors import NothingSent
from aimwell.promote.campaigns.model import Round
from aimwell.promote.campaigns.service.life import contacts_of, decisions_of, round_of
from aimwell.promote.campaigns.service.tools import Tools
from aimwell.promote.measure.model import CampaignResult, GlobalResult, PowerCard
from aimwell.promote.measure.service import measure, measure_everything, power_card
from aimwell.storage.database import Database
from aimwell.storage.lake.lake import Lake

__all__ = ["measure_round", "measure_shop", "measured_round", "power_of", "sent_rounds"]

_NOT_SENT = ("planned", "approved")


def power_of(planned: Round, *, tools: Tools) -> PowerCard:
    """Return the smallest profit per person that a planned round can show, and by when.

    Raises
    ------
    NoComparison
        If an arm has fewer than two people.
    """
    receipts = decisions_of(planned, lake=tools.lake)
    return power_card(
        receipts.filter(receipts.is_part),
        lake=tools.lake,
        shares=planned.terms.arms,
        campaign=planned.terms.measured(planned.campaign_id),
        now=planned.planned_at,
    )


def measure_round(name: str, *, tools: Tools, as_of: datetime | None = None) -> CampaignResult:
    """Return what a campaign's latest round, or the round of this id, really earned.

    Parameters
    ----------
    name
        The campaign's or the round's.
    tools
        The shop.
    as_of
        Facts before this moment count; None: all there are now.

    Raises
    ------
    NotPlanned, NotAssigned, NoComparison, PropensitiesDiffer
        If there is nothing to measure.
    """
    found = round_of(name, tools=tools)
    return measured_round(found, lake=tools.lake, as_of=as_of or tools.clock.now())


def measured_round(found: Round, *, lake: Lake, as_of: datetime) -> CampaignResult:
    """Return what a round really earned by the facts before `as_of`; errors as `measure_round`."""
    chosen = contacts_of(found, lake=lake)
    return measure(
        lake=lake,
        campaign=found.terms.measured(found.campaign_id),
        as_of=as_of,
        intended=chosen.filter(chosen.arm.isin(["treatment", "holdout"])).select("person_id", "offer_id"),
    )


def sent_rounds(database: Database) -> Sequence[Round]:
    """Return all rounds of all campaigns whose arms were logged, the newest first."""
    with database.read() as connection:
        found = rows.all_rounds(connection)
    sent = [one for one in found if one.state not in _NOT_SENT]
    return sorted(sent, key=lambda one: (one.planned_at, one.campaign_id), reverse=True)


def measure_shop(
    *, lake: Lake, database: Database, currency: str, margin_rate: float, as_of: datetime
) -> GlobalResult:
    """Return what all campaigns together earned in the period of the shop-wide holdout in which `as_of` lies.

    Parameters
    ----------
    lake, database
        Of the shop.
    currency, margin_rate
        Of the shop; the rate counts where the cost of a line is unknown.
    as_of
        Facts before this moment count (naive UTC).

    Raises
    ------
    NothingSent
        If no campaign was sent before.
    PeriodNotBegun, TermsMissing, NoComparison
        As `measure_everything`.
    """
    sent = [one for one in sent_rounds(database) if one.planned_at < as_of]
    if not sent:
        raise NothingSent()
    # the same lots decide for every campaign, so whom all of them left alone is the holdout of the smallest share
    least = min(one.terms.arms.global_holdout for one in sent)
    shares = replace(sent[0].terms.arms, global_holdout=least)
    return measure_everything(
        lake=lake,
        shares=shares,
        period=shares.period(as_of),
        campaigns=[one.terms.measured(one.campaign_id) for one in sent],
        currency=currency,
        margin_rate=margin_rate,
        as_of=as_of,
    )
