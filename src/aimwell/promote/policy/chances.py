"""The chances behind decisions, as `predict.effect` learns from them."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from aimwell.predict.effect.tables.decisions import CHANCES

__all__ = ["EXPLORE", "PLAN", "chances_of_explorers", "chances_of_plans", "chances_of_rounds"]

EXPLORE = "explore"
"""The comparison of explorers, and their arm in the table `touches`."""

PLAN = "plan"
"""The comparison of people whom a plan chose: by lot they are treated or held out."""


def chances_of_plans(assignments: ir.Table, plans: ir.Table) -> ir.Table:
    """Return the chances of everyone whom a plan chose for one offer: the offer, or by the holdout's lot nothing.

    Parameters
    ----------
    assignments, plans
        Columns of `plan.records.ASSIGNMENTS` and `PLANS`; the campaign goes by the plan's id.

    Returns
    -------
    Table
        Columns of `CHANCES`.
    """
    mine = _single(assignments, "plan_id").inner_join(plans.select("plan_id", "holdout_share"), "plan_id")
    return _laid_out(
        mine,
        campaign_id=mine.plan_id,
        of_offer=1.0 - mine.holdout_share,
        of_nothing=mine.holdout_share,
    )


def chances_of_rounds(contacts: ir.Table, decisions: ir.Table) -> ir.Table:
    """Return the chances of everyone whom a round of a campaign chose for one offer, in the treatment or the holdout.

    Parameters
    ----------
    contacts
        campaign_id, decided_at, person_id, offer_id, arm: in the holdout, what the person would have got. Of a round that was planned
        several times the newest rows count.
    decisions
        campaign_id, decided_at, arm, propensity: one row per person, and likewise.

    Returns
    -------
    Table
        Columns of `CHANCES`.
    """
    last = _newest(contacts)
    dealt = last.filter(last.arm.isin(["treatment", "holdout"]))
    mine = _single(dealt, "campaign_id")
    asked = _newest(decisions)
    shares = asked.group_by("campaign_id").agg(
        treatment=asked.propensity.max(where=asked.arm == "treatment"),
        holdout=asked.propensity.max(where=asked.arm == "holdout"),
    )
    both = mine.inner_join(shares.filter(shares.treatment.notnull(), shares.holdout.notnull()), "campaign_id")
    total = both.treatment + both.holdout
    return _laid_out(
        both, campaign_id=both.campaign_id, of_offer=both.treatment / total, of_nothing=both.holdout / total
    )


def chances_of_explorers(explorers: ir.Table, *, offer_ids: Sequence[str]) -> ir.Table:
    """Return the chances of the explorers of one round.

    Parameters
    ----------
    explorers
        campaign_id, person_id, chances: of nothing, then of each offer.
    offer_ids
        The offers of the round, in order.

    Returns
    -------
    Table
        Columns of `CHANCES`: one row per person and action that was possible.
    """
    parts = []
    for place, offer_id in enumerate((None, *offer_ids)):
        part = explorers.select(
            campaign_id=explorers.campaign_id,
            comparison=ibis.literal(EXPLORE),
            person_id=explorers.person_id,
            offer_id=ibis.null("string") if offer_id is None else ibis.literal(offer_id),
            propensity=explorers.chances[place],
        )
        parts.append(part.filter(part.propensity > 0))
    return ibis.union(*parts).select(*CHANCES.schema)


def _newest(rows: ir.Table) -> ir.Table:
    ends = rows.group_by("campaign_id").agg(decided_at=rows.decided_at.max())
    return rows.semi_join(ends, ["campaign_id", "decided_at"])


def _single(chosen: ir.Table, key: str) -> ir.Table:
    """Return those chosen for one offer only; what several at once do cannot be told apart."""
    counted = chosen.group_by(key, "person_id").agg(n=chosen.count(), offer_id=chosen.offer_id.max())
    return counted.filter(counted.n == 1).drop("n")


def _laid_out(
    mine: ir.Table, *, campaign_id: ir.StringValue, of_offer: ir.FloatingValue, of_nothing: ir.FloatingValue
) -> ir.Table:
    keys = {"campaign_id": campaign_id, "comparison": ibis.literal(PLAN), "person_id": mine.person_id}
    offered = mine.select(**keys, offer_id=mine.offer_id, propensity=of_offer.cast("float64"))
    nothing = mine.select(**keys, offer_id=ibis.null("string"), propensity=of_nothing.cast("float64"))
    return ibis.union(offered, nothing).select(*CHANCES.schema)
