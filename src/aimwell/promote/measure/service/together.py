"""What all campaigns together earned in one period of the shop-wide holdout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from aimwell.people.model import Facts
from aimwell.people.service import read_facts
from aimwell.portraits.tables.moments import at
from aimwell.promote.measure.arms import ArmShares
from aimwell.promote.measure.errors import PeriodNotBegun, TermsMissing
from aimwell.promote.measure.model import ArmFigures, Contrast, GlobalResult, Measured
from aimwell.promote.measure.service.comparing import Terms, arms_found, carrier_of, contrast
from aimwell.promote.measure.service.gathering import Gathered, gather
from aimwell.promote.measure.tables.people import everyone, global_entries
from aimwell.promote.measure.tables.profit import REACHED
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake

__all__ = ["measure_everything"]


def measure_everything(
    *,
    lake: Lake,
    shares: ArmShares,
    period: int,
    campaigns: Sequence[Measured],
    currency: str,
    margin_rate: float,
    as_of: datetime,
    known_at: datetime | None = None,
    confidence: float = 0.95,
) -> GlobalResult:
    """Return what all campaigns of a period earned together: everyone else against the shop-wide holdout.

    Who is in it follows from `shares`, not from a log: also people whom no campaign considered are compared.

    Parameters
    ----------
    lake
        The shop's lake.
    shares
        How the shop-wide holdout is drawn; its shares of a campaign's arms do not matter here.
    period
        Number of the shop-wide holdout (`shares.period(now)`).
    campaigns
        All campaigns with contacts in the period: what their contacts cost.
    currency
        ISO 4217 code of all amounts.
    margin_rate
        Share of net sales, 0..1, that is margin where the cost of a line is unknown.
    as_of, known_at
        As in `measure`.
    confidence
        Of the intervals, 0..1.

    Raises
    ------
    PeriodNotBegun
        If counting has not begun: the wash-out lasts.
    TermsMissing
        If people were contacted by a campaign or with an offer whose terms are not given.
    NoComparison
        If there is nobody to compare with.
    """
    began_at, ends_at = _bounds(shares, period=period, as_of=as_of)
    facts = read_facts(lake=lake, known_at=known_at)
    _check_campaigns(facts, campaigns, engine=lake.engine, began_at=began_at, until=min(as_of, ends_at))
    people = everyone(facts, as_of=min(as_of, ends_at))
    found = global_entries(people, shares=shares, period=period, began_at=began_at, until_at=ends_at)
    days = (ends_at.date() - began_at.date()).days
    with gather(
        found,
        facts,
        engine=lake.engine,
        campaigns=campaigns,
        margin_rate=margin_rate,
        window_days=shares.rotation_days,
        cap_minor=None,
        started_at=began_at,
        as_of=as_of,
    ) as gathered:
        arms, main = _compared(gathered, period=period, days=days, confidence=confidence)
    return GlobalResult(
        period=period,
        currency=currency,
        began_at=began_at,
        ends_at=ends_at,
        as_of=as_of,
        known_at=known_at,
        arms=arms,
        result=main,
    )


def _bounds(shares: ArmShares, *, period: int, as_of: datetime) -> tuple[datetime, datetime]:
    """Return from when to when a period counts: without the wash-out of the holdout before."""
    washed = shares.washout_days if period > 0 else 0
    began_at = shares.period_began_at(period) + timedelta(days=washed)
    if as_of <= began_at:
        raise PeriodNotBegun(period=period, began_at=f"{began_at:%Y-%m-%d %H:%M} UTC")
    return began_at, shares.period_began_at(period + 1)


def _compared(
    gathered: Gathered, *, period: int, days: int, confidence: float
) -> tuple[tuple[ArmFigures, ...], Contrast]:
    """Return what the arms hold, and everybody else compared with the shop-wide holdout."""
    name = f"global_holdout/{period}"
    arms, propensities = arms_found(gathered, campaign_id=name)
    terms = Terms(
        campaign_id=name,
        arm="treatment",
        against="global_holdout",
        confidence=confidence,
        horizon_days=days,
        last_day=days,
        propensities=propensities,
    )
    sums = gathered.sums()
    main = contrast(sums, terms, gathered=gathered)
    return arms, replace(main, carrier=carrier_of(main, sums, terms, gathered=gathered))


def _check_campaigns(
    facts: Facts, campaigns: Sequence[Measured], *, engine: Engine, began_at: datetime, until: datetime
) -> None:
    """Refuse if people were contacted by a campaign that is not among those given: its costs would be left out."""
    touches = facts.touches
    known = [campaign.campaign_id for campaign in campaigns]
    others = touches.filter(
        touches.decided_at >= at(began_at),
        touches.decided_at < at(until),
        touches.offer_id.notnull(),
        touches.arm.isin(REACHED),
        ~touches.campaign_id.isin(known),
    )
    for row in engine.rows(
        others.select("campaign_id", "offer_id").order_by("campaign_id", "offer_id").limit(1)
    ):
        raise TermsMissing(**row, known="–")
