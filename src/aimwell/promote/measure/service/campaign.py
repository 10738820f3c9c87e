"""What one campaign earned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import ibis.expr.types as ir

from aimwell.people.service import read_facts
from aimwell.promote.measure.errors import NotAssigned
from aimwell.promote.measure.model import Attribution, CampaignResult, Contrast, Measured
from aimwell.promote.measure.service.comparing import Terms, arms_found, carrier_of, contrast
from aimwell.promote.measure.service.gathering import Gathered, gather
from aimwell.promote.measure.sums import ArmSums
from aimwell.promote.measure.tables.attribution import last_touch
from aimwell.promote.measure.tables.people import campaign_entries
from aimwell.storage.lake.lake import Lake

__all__ = ["measure"]

_OTHERS = (
    ("treatment", "business_as_usual"),
    ("treatment", "random"),
    ("random", "holdout"),
    ("business_as_usual", "holdout"),
)


def measure(
    *,
    lake: Lake,
    campaign: Measured,
    as_of: datetime,
    known_at: datetime | None = None,
    intended: ir.Table | None = None,
) -> CampaignResult:
    """Return what a campaign really earned: treatment against holdout, everybody as dealt out.

    Parameters
    ----------
    lake
        The shop's lake, with the campaign's touches.
    campaign
        What was declared before the launch.
    as_of
        Facts before this moment count (naive UTC).
    known_at
        Only facts known at this moment; None: all that are known now. Refunds that came to light since restate the result.
    intended
        person_id, offer_id: what was chosen for people of both arms, before anybody was held out; None: no result by offer.

    Raises
    ------
    NotAssigned
        If the campaign has no touches.
    NoComparison
        If there is nobody to compare with.
    PropensitiesDiffer
        If the shares of the arms changed on the way.
    TermsMissing
        If an offer was sent whose terms are not given.
    """
    facts = read_facts(lake=lake, known_at=known_at)
    found = campaign_entries(
        facts.touches, campaign_id=campaign.campaign_id, as_of=as_of, horizon_days=campaign.horizon_days
    )
    with lake.engine.stage(found) as everyone:
        span = lake.engine.rows(
            everyone.agg(
                started_at=everyone.entered_at.min(),
                ends_at=everyone.until_at.max(),
                n_mixed=(everyone.n_arms > 1).sum().fill_null(0),
            )
        )[0]
        if span["started_at"] is None:
            raise NotAssigned(campaign_id=campaign.campaign_id, as_of=f"{as_of:%Y-%m-%d %H:%M} UTC")
        with gather(
            everyone.filter(everyone.n_arms == 1),
            facts,
            engine=lake.engine,
            campaigns=(campaign,),
            margin_rate=campaign.margin_rate,
            window_days=campaign.horizon_days,
            cap_minor=campaign.cap_minor,
            started_at=span["started_at"],
            as_of=as_of,
        ) as gathered:
            made = _result(gathered, campaign, ends_at=span["ends_at"], intended=intended)
    return replace(made, known_at=known_at, n_mixed=int(span["n_mixed"]))


def _result(
    gathered: Gathered, campaign: Measured, *, ends_at: datetime, intended: ir.Table | None
) -> CampaignResult:
    arms, propensities = arms_found(gathered, campaign_id=campaign.campaign_id)
    terms = Terms(
        campaign_id=campaign.campaign_id,
        arm="treatment",
        against="holdout",
        confidence=campaign.confidence,
        horizon_days=campaign.horizon_days,
        last_day=(ends_at.date() - gathered.started_at.date()).days,
        propensities=propensities,
    )
    sums = gathered.sums()
    main = contrast(sums, terms, gathered=gathered)
    credited = last_touch(
        gathered.made, gathered.sold, campaign_id=campaign.campaign_id, horizon_days=campaign.horizon_days
    )
    return CampaignResult(
        campaign_id=campaign.campaign_id,
        currency=campaign.currency,
        started_at=gathered.started_at,
        ends_at=ends_at,
        as_of=gathered.as_of,
        known_at=None,
        arms=arms,
        result=replace(main, carrier=carrier_of(main, sums, terms, gathered=gathered)),
        others=_others(sums, terms, gathered=gathered),
        offers=() if intended is None else _by_offer(intended, terms, gathered=gathered),
        attribution=tuple(Attribution(**row) for row in gathered.engine.rows(credited)),
    )


def _others(
    sums: Mapping[tuple[str | None, str], ArmSums], terms: Terms, *, gathered: Gathered
) -> tuple[Contrast, ...]:
    """Compare the further arms, where there are some with people in them."""
    able = {arm for (_, arm), one in sums.items() if one.n_people[-1] >= 2}
    return tuple(
        contrast(sums, replace(terms, arm=arm, against=against), gathered=gathered)
        for arm, against in _OTHERS
        if {arm, against} <= able
    )


def _by_offer(intended: ir.Table, terms: Terms, *, gathered: Gathered) -> tuple[Contrast, ...]:
    """Compare the people for whom each offer was chosen; the error is shared among the offers (Bonferroni)."""
    sums = gathered.sums(slices=intended)
    offers = sorted({offer_id for offer_id, _ in sums if offer_id is not None})
    able = [
        offer_id
        for offer_id in offers
        if all(
            (offer_id, arm) in sums and sums[offer_id, arm].n_people[-1] >= 2
            for arm in (terms.arm, terms.against)
        )
    ]
    shared = replace(terms, confidence=1.0 - terms.alpha / max(1, len(able)))
    return tuple(contrast(sums, shared, gathered=gathered, offer_id=offer_id) for offer_id in able)
