"""The power card: what a campaign will be able to tell, before it is launched."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis.expr.types as ir
import numpy as np

from aimwell.people.service import read_facts
from aimwell.promote.measure.arms import ArmShares, assign
from aimwell.promote.measure.effect import estimates
from aimwell.promote.measure.errors import NoComparison
from aimwell.promote.measure.model import Measured, PowerCard, PowerDay
from aimwell.promote.measure.power import Outlook, Shape, outlook
from aimwell.promote.measure.service.gathering import Gathered, gather
from aimwell.promote.measure.sums import ArmSums
from aimwell.promote.measure.tables.people import pretended_entries
from aimwell.promote.measure.tables.sums import power_sums
from aimwell.storage.lake.lake import Lake

__all__ = ["power_card"]

_POWER = 0.8


def power_card(
    people: ir.Table,
    *,
    lake: Lake,
    shares: ArmShares,
    campaign: Measured,
    now: datetime,
    expected_minor: float | None = None,
    power: float = _POWER,
) -> PowerCard:
    """Return the smallest profit per person that a campaign can detect, and by when.

    The people are dealt out as at the launch, and their profit of the last `horizon_days` is taken for that of the next: how unevenly
    they spend, how many buy, and how much of it earlier profit explains. A season that differs from the last days makes a difference.

    Parameters
    ----------
    people
        person_id (unique): everybody whom the campaign is going to deal out.
    lake
        The shop's lake.
    shares, campaign
        What was declared.
    now
        The launch (naive UTC); only facts before it, known by then, count.
    expected_minor
        Expected incremental profit per person of the treatment arm, if a plan says so.
    power
        Probability, 0..1, with which an effect is to be told.

    Raises
    ------
    NoComparison
        If an arm would have fewer than two people.
    """
    engine = lake.engine
    who = people.select("person_id")
    with engine.stage(assign(who, shares, campaign_id=campaign.campaign_id, now=now)) as dealt:
        sizes = {row["arm"]: row["n"] for row in engine.rows(dealt.group_by("arm").agg(n=dealt.count()))}
        for arm in ("treatment", "holdout"):
            if sizes.get(arm, 0) < 2:
                raise NoComparison(campaign_id=campaign.campaign_id, arm=arm, n_people=sizes.get(arm, 0))
        compared = dealt.filter(dealt.arm.isin(["treatment", "holdout"]))
        past, shape = _past(compared, lake=lake, campaign=campaign, now=now)
    found = outlook(
        past,
        shape,
        n_treated=sizes["treatment"],
        n_control=sizes["holdout"],
        confidence=campaign.confidence,
        power=power,
    )
    return _card(
        found,
        campaign=campaign,
        now=now,
        power=power,
        expected_minor=expected_minor,
        sizes=(sizes["treatment"], sizes["holdout"]),
    )


def _past(people: ir.Table, *, lake: Lake, campaign: Measured, now: datetime) -> tuple[ArmSums, Shape]:
    """Return the sums of the window before now, as if it had been the campaign's, and the shape of what people brought in it."""
    began_at = now - timedelta(days=campaign.horizon_days)
    with gather(
        pretended_entries(people, drawn_at=began_at, until_at=now),
        read_facts(lake=lake, known_at=now),
        engine=lake.engine,
        campaigns=(),
        margin_rate=campaign.margin_rate,
        window_days=campaign.horizon_days,
        cap_minor=campaign.cap_minor,
        started_at=began_at,
        as_of=now,
    ) as gathered:
        past = gathered.sums()[None, "treatment"]
        return past, _shape(past, gathered=gathered)


def _shape(past: ArmSums, *, gathered: Gathered) -> Shape:
    slopes = estimates(past, past).slopes[-1]
    n_people = float(past.n_people[-1])
    center = (float(past.profit[-1]) - float(slopes @ past.before[-1])) / n_people
    named = dict(zip(gathered.befores, slopes.tolist(), strict=True))
    (row,) = gathered.engine.rows(power_sums(gathered.entries, gathered.moved, center=center, slopes=named))
    return Shape.of_powers(n_people, (row["square"], row["cube"], row["fourth"]))


def _card(
    found: Outlook,
    *,
    campaign: Measured,
    now: datetime,
    power: float,
    expected_minor: float | None,
    sizes: tuple[int, int],
) -> PowerCard:
    smallest = float(found.smallest[-1]) if np.isfinite(found.smallest[-1]) else None
    ends_at = now + timedelta(days=campaign.horizon_days)

    def moment(day: int | None) -> datetime | None:
        return None if day is None else min(ends_at, now + timedelta(days=day + 1))

    return PowerCard(
        campaign_id=campaign.campaign_id,
        currency=campaign.currency,
        n_treated=sizes[0],
        n_held_out=sizes[1],
        power=power,
        confidence=campaign.confidence,
        smallest_minor=smallest,
        total_minor=None if smallest is None else smallest * sizes[0],
        tells_at=ends_at,
        starts_at=moment(found.first_day),
        expected_minor=expected_minor,
        expected_at=None if expected_minor is None else moment(found.day_for(expected_minor)),
        variance_cut=found.variance_cut,
        days=tuple(
            PowerDay(day=day, smallest_minor=float(found.smallest[day]))
            for day in np.flatnonzero(np.isfinite(found.smallest)).tolist()
        ),
    )
