"""The chances behind decisions, as `predict.effect` learns from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from aimwell.base.lottery import LOTS, Lottery
from aimwell.predict.effect.tables.decisions import CHANCES

__all__ = [
    "EXPLORE",
    "PLAN",
    "RANDOM",
    "chances_of_explorers",
    "chances_of_plans",
    "chances_of_random",
    "chances_of_rounds",
]

EXPLORE = "explore"
"""The comparison of explorers, and their arm in the table `touches`."""

PLAN = "plan"
"""The comparison of people whom a plan chose: by lot they are treated or held out."""

RANDOM = "random"
"""The comparison of people who get a possible offer by lot with people held out."""


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

    Where the round has an arm `random` too, a part of the holdout is left for the comparison with that: see `chances_of_random`.

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
    shares = _shares(_newest(decisions))
    dealt = _newest(contacts).inner_join(shares, "campaign_id")
    dealt = dealt.filter((dealt.arm == "treatment") | ((dealt.arm == "holdout") & ~_is_beside_random(dealt)))
    both = _single(dealt, "campaign_id").inner_join(shares.filter(shares.treatment > 0), "campaign_id")
    total = both.treatment + both.beside_plan
    return _laid_out(
        both,
        campaign_id=both.campaign_id,
        of_offer=both.treatment / total,
        of_nothing=both.beside_plan / total,
    )


def chances_of_random(decisions: ir.Table, offers: Mapping[str, Sequence[str]]) -> ir.Table:
    """Return the chances of everyone in the arm `random` of a round, and of the part of its holdout that is compared with them.

    By lot a person of the holdout stands beside the arm `random` or beside the treatment, as often as these arms' shares say: nobody
    counts twice, and both comparisons have the same odds.

    Parameters
    ----------
    decisions
        campaign_id, decided_at, person_id, arm, propensity, value_milli (one element per offer of the round, null: not possible);
        of a round that was planned several times the newest rows count.
    offers
        By campaign_id the offers of each round with such an arm, in order; not empty.

    Returns
    -------
    Table
        Columns of `CHANCES`: one row per person and action that was possible.
    """
    asked = _newest(decisions.filter(decisions.campaign_id.isin(list(offers))))
    dealt = asked.inner_join(_shares(asked), "campaign_id")
    dealt = dealt.filter((dealt.arm == "random") | ((dealt.arm == "holdout") & _is_beside_random(dealt)))
    placed = dealt.mutate(place=ibis.range(0, max(map(len, offers.values()))).unnest().cast("int64"))
    able = placed.filter(placed.value_milli[placed.place].notnull())
    n_able = able.count().over(ibis.window(group_by=["campaign_id", "person_id"]))
    able = able.mutate(of_offer=able.random / (able.random + able.beside_random), n_able=n_able)
    named = able.inner_join(_numbered(offers), ["campaign_id", "place"])
    keys = ["campaign_id", "comparison", "person_id", "offer_id", "propensity"]
    told = named.mutate(comparison=ibis.literal(RANDOM), propensity=named.of_offer / named.n_able).select(
        *keys
    )
    nothing = named.mutate(
        comparison=ibis.literal(RANDOM), offer_id=ibis.null("string"), propensity=1.0 - named.of_offer
    )
    return ibis.union(told, nothing.select(*keys).distinct()).select(*CHANCES.schema)


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


def _shares(asked: ir.Table) -> ir.Table:
    """Return per round the shares of treatment and random (0: no such arm), and of the holdout beside each of them."""
    arms = {arm: asked.propensity.max(where=asked.arm == arm) for arm in ("treatment", "random", "holdout")}
    told = asked.group_by("campaign_id").agg(**arms)
    told = told.filter(told.holdout.notnull(), told.treatment.notnull() | told.random.notnull())
    told = told.mutate(treatment=told.treatment.fill_null(0.0), random=told.random.fill_null(0.0))
    part = told.random / (told.treatment + told.random)
    return told.select(
        "campaign_id",
        "treatment",
        "random",
        beside_plan=told.holdout * (1.0 - part),
        beside_random=told.holdout * part,
        most_lot=(part * LOTS).floor().cast("int64"),
    )


def _is_beside_random(dealt: ir.Table) -> ir.BooleanColumn:
    return Lottery.of("", purpose="held out beside the arm random").lot(dealt.person_id) < dealt.most_lot


def _numbered(offers: Mapping[str, Sequence[str]]) -> ir.Table:
    rows = [
        {"campaign_id": campaign_id, "place": place, "offer_id": offer_id}
        for campaign_id, offer_ids in offers.items()
        for place, offer_id in enumerate(offer_ids)
    ]
    return ibis.memtable(rows, schema={"campaign_id": "string", "place": "int64", "offer_id": "string"})


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
