"""Decisions of which chance had a part, laid out as one comparison per offer: made, or not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir

from aimwell.base.lottery import LOTS, Lottery
from aimwell.predict.effect.model import Design
from aimwell.storage.lake.model import TableSpec

__all__ = ["CHANCES", "arm_counts", "by_chances", "by_designs", "pair_counts", "sampled", "single_decisions"]

# One row per campaign, comparison, person and action that the person could have got there: with what probability (they sum to 1).
# A null offer: nothing. A comparison is a set of arms between which chance decided: "plan" (treatment and holdout), "explore", ...;
# somebody in the holdout may be in several.
CHANCES = TableSpec(
    name="offer_chances",
    schema=ibis.schema(
        {
            "campaign_id": "string",
            "comparison": "string",
            "person_id": "int64",
            "offer_id": "string",
            "propensity": "float64",
        }
    ),
    cluster_by=("campaign_id", "person_id"),
)
_KEYS = ("campaign_id", "person_id")


def single_decisions(touches: ir.Table, *, until: datetime) -> ir.Table:
    """Return the decisions before a moment of which each was about one offer or none.

    Who got several offers of one campaign is left out: what each of them did cannot be told.

    Parameters
    ----------
    touches
        Columns of `aimwell.intake.facts.TOUCHES`; rows without a person are left out.
    until
        Naive UTC, exclusive.

    Returns
    -------
    Table
        One row per (campaign_id, person_id): offer_id (null: nothing), arm, propensity, decided_at.
    """
    known = touches.filter(
        touches.person_id.notnull(),
        touches.campaign_id.notnull(),
        touches.decided_at < ibis.literal(until).cast("timestamp"),
    )
    grouped = known.group_by(*_KEYS).agg(
        n_rows=known.count(),
        offer_id=known.offer_id.max(),
        arm=known.arm.max(),
        propensity=known.propensity.max(),
        decided_at=known.decided_at.min(),
    )
    return grouped.filter(grouped.n_rows == 1).drop("n_rows")


def arm_counts(decisions: ir.Table) -> ir.Table:
    """Return a bounded summary of decisions.

    Returns
    -------
    Table
        One row per (campaign_id, arm, offer_id): n_people, least_propensity, most_propensity.
    """
    return decisions.group_by("campaign_id", "arm", "offer_id").agg(
        n_people=decisions.count(),
        least_propensity=decisions.propensity.min(),
        most_propensity=decisions.propensity.max(),
    )


def by_chances(decisions: ir.Table, chances: ir.Table) -> ir.Table:
    """Return the comparisons of campaigns whose chances were written down.

    For each offer that a person could have got, the person takes part if they got it or nothing, and both could have been.

    Parameters
    ----------
    decisions
        Result of `single_decisions`.
    chances
        Columns of `CHANCES`.

    Returns
    -------
    Table
        One row per comparison and (campaign_id, person_id, offer_id): decided_at, is_treated, propensity (of treatment, given that
        it was this offer or nothing).
    """
    within = ("comparison", *_KEYS)
    possible = chances.filter(chances.propensity > 0)
    nothing = possible.filter(possible.offer_id.isnull()).select(*within, p_nothing="propensity")
    offers = possible.filter(possible.offer_id.notnull()).select(
        *within, compared_id="offer_id", p_offer="propensity"
    )
    both = offers.inner_join(nothing, within).drop("comparison")
    taken = decisions.select(*_KEYS, "decided_at", taken_id="offer_id").inner_join(both, _KEYS)
    pair = taken.filter(taken.taken_id.isnull() | (taken.taken_id == taken.compared_id))
    return pair.select(
        *_KEYS,
        offer_id=pair.compared_id,
        decided_at=pair.decided_at,
        is_treated=pair.taken_id.notnull(),
        propensity=pair.p_offer / (pair.p_offer + pair.p_nothing),
    )


def by_designs(decisions: ir.Table, designs: Sequence[Design]) -> ir.Table | None:
    """Return the comparisons that follow from campaigns' arms alone; None if no campaign has any.

    Returns
    -------
    Table
        As `by_chances`.
    """
    parts = [_of_design(decisions, design) for design in designs]
    return ibis.union(*parts) if parts else None


def _of_design(decisions: ir.Table, design: Design) -> ir.Table:
    mine = decisions.filter(
        decisions.campaign_id == design.campaign_id,
        (decisions.arm == "holdout")
        | ((decisions.arm == design.arm) & (decisions.offer_id == design.offer_id)),
    )
    is_treated = mine.arm == design.arm
    chance: Any = (
        ibis.literal(design.treated_prob)
        if design.treated_prob is not None
        else is_treated.ifelse(mine.propensity, 1.0 - mine.propensity)
    )
    return mine.select(
        *_KEYS,
        offer_id=ibis.literal(design.offer_id),
        decided_at=mine.decided_at,
        is_treated=is_treated,
        propensity=chance.cast("float64"),
    )


def pair_counts(pairs: ir.Table) -> ir.Table:
    """Return how many decisions there are: one row per (offer_id, is_treated): n_rows, n_campaigns, from_at, to_at."""
    return pairs.group_by("offer_id", "is_treated").agg(
        n_rows=pairs.count(),
        n_campaigns=pairs.campaign_id.nunique(),
        from_at=pairs.decided_at.min(),
        to_at=pairs.decided_at.max(),
    )


def sampled(pairs: ir.Table, *, rates: ir.Table, seed: int) -> ir.Table:
    """Return a part of the comparisons, at rates of their own for each offer and side.

    Lots are drawn by person and offer, so the same rows come in every engine. Where the two sides of a comparison are drawn at
    different rates a and b, a drawn row was treated with probability e a / (e a + (1 - e) b): so `propensity` says then.

    Parameters
    ----------
    pairs
        Result of `by_chances` or `by_designs`.
    rates
        One row per offer: offer_id, rate_treated, rate_control (0..1).
    seed
        Draws other lots.

    Returns
    -------
    Table
        Columns of `pairs`.
    """
    rated = pairs.inner_join(rates, "offer_id")
    rate = rated.is_treated.ifelse(rated.rate_treated, rated.rate_control)
    lot = Lottery.of(str(seed), purpose="rows to learn from").lot(rated.person_id)
    drawn = rated.filter(lot < (rate * float(LOTS)).floor().cast("int64"))
    weighed = drawn.propensity * drawn.rate_treated
    other = (1.0 - drawn.propensity) * drawn.rate_control
    return drawn.mutate(propensity=weighed / (weighed + other)).select(*pairs.columns)
