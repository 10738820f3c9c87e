"""Who was dealt into which arm, and since when what they bring counts."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.people.model import Facts
from aimwell.portraits.tables.moments import at, before
from aimwell.promote.measure.arms import ArmShares
from aimwell.promote.measure.tables.profit import REACHED

__all__ = ["campaign_entries", "everyone", "global_entries", "pretended_entries"]


def campaign_entries(touches: ir.Table, *, campaign_id: str, as_of: datetime, horizon_days: int) -> ir.Table:
    """Return the people whom a campaign dealt out.

    Parameters
    ----------
    touches
        Columns of `TOUCHES`, one `person_id` per person.
    campaign_id
        The campaign.
    as_of
        Only decisions before this moment.
    horizon_days
        What a person brings counts for so many days.

    Returns
    -------
    Table
        One row per person: person_id, arm, n_arms (more than one: found to be one person since), low_propensity,
        high_propensity, is_contacted, drawn_at, entered_at, until_at.
    """
    past = before(touches, "decided_at", as_of)
    mine = past.filter(past.campaign_id == campaign_id, past.person_id.notnull())
    grouped = mine.group_by("person_id").agg(
        arm=mine.arm.min(),
        n_arms=mine.arm.nunique(),
        low_propensity=mine.propensity.min(),
        high_propensity=mine.propensity.max(),
        is_contacted=(mine.offer_id.notnull() & mine.arm.isin(REACHED)).max(),
        drawn_at=mine.decided_at.min(),
    )
    return grouped.mutate(
        entered_at=grouped.drawn_at, until_at=grouped.drawn_at + ibis.interval(days=horizon_days)
    )


def everyone(facts: Facts, *, as_of: datetime) -> ir.Table:
    """Return everybody known before `as_of`, with the moment of the first sign: person_id, seen_at.

    Signs are accounts (of unknown age: since ever), orders and touches.
    """
    ever = datetime(1970, 1, 1)  # noqa: DTZ001  # naive UTC
    customers = facts.customers.mutate(created_at=facts.customers.created_at.fill_null(at(ever)))
    signs = ibis.union(
        *(
            before(rows, column, as_of).select("person_id", seen_at=rows[column].cast("timestamp"))
            for rows, column in (
                (customers, "created_at"),
                (facts.orders, "ordered_at"),
                (facts.touches, "decided_at"),
            )
        )
    )
    known = signs.filter(signs.person_id.notnull())
    return known.group_by("person_id").agg(seen_at=known.seen_at.min())


def global_entries(
    people: ir.Table, *, shares: ArmShares, period: int, began_at: datetime, until_at: datetime
) -> ir.Table:
    """Return who is in the shop-wide holdout of a period and who is open to campaigns.

    People who were in the holdout before are in neither arm: they come from another world than the others.

    Parameters
    ----------
    people
        Result of `everyone`.
    shares
        How the holdout is drawn.
    period
        Its number.
    began_at, until_at
        What people bring counts from the later of `began_at` and their first sign, up to `until_at`.

    Returns
    -------
    Table
        One row per person: the columns of `campaign_entries`; arm is global_holdout or treatment.
    """
    share = shares.global_holdout
    now = shares.global_lottery(period)
    is_held = now.lot(people.person_id) < now.threshold(share)
    dealt = people.mutate(arm=is_held.ifelse("global_holdout", "treatment"))
    if period > 0:
        last = shares.global_lottery(period - 1)
        dealt = dealt.filter(last.lot(dealt.person_id) >= last.threshold(share))
    drawn_at = ibis.greatest(dealt.seen_at, at(shares.period_began_at(period)))
    propensity = (dealt.arm == "treatment").ifelse(1.0 - share, share)
    placed = dealt.select(
        "person_id",
        "arm",
        n_arms=ibis.literal(1, "int64"),
        low_propensity=propensity,
        high_propensity=propensity,
        is_contacted=ibis.literal(value=False),
        drawn_at=drawn_at,
        entered_at=ibis.greatest(dealt.seen_at, at(began_at)),
        until_at=at(until_at),
    )
    return placed.filter(placed.entered_at < placed.until_at)


def pretended_entries(people: ir.Table, *, drawn_at: datetime, until_at: datetime) -> ir.Table:
    """Return people as if they all had been dealt into one arm at a moment of the past, for planning.

    Parameters
    ----------
    people
        person_id (unique).
    drawn_at, until_at
        The window whose profit is looked at.
    """
    return people.select(
        "person_id",
        arm=ibis.literal("treatment"),
        n_arms=ibis.literal(1, "int64"),
        low_propensity=ibis.literal(1.0),
        high_propensity=ibis.literal(1.0),
        is_contacted=ibis.literal(value=False),
        drawn_at=at(drawn_at),
        entered_at=at(drawn_at),
        until_at=at(until_at),
    )
