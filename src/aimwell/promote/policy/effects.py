"""Measured effects as a plan takes them: with a rule for what is not known for sure."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi
from typing import Any, Literal, get_args

import ibis
import ibis.expr.types as ir
from scipy.special import ndtri

from aimwell.base.lottery import LOTS, Lottery
from aimwell.promote.plan.model import Offer

__all__ = ["RULES", "Incentives", "Rule", "planned_effects"]

Rule = Literal["mean", "lower", "draw"]
Incentives = Literal["in_the_books", "apart"]
RULES: tuple[Rule, ...] = get_args(Rule)


def planned_effects(
    scores: ir.Table,
    *,
    offers: Sequence[Offer],
    rule: Rule = "mean",
    confidence: float = 0.8,
    salt: str = "",
    incentives: Incentives = "in_the_books",
) -> ir.Table:
    """Return the table of effects that `plan.effects.measured_choices` takes.

    Parameters
    ----------
    scores
        Columns of `EFFECT_SCORES`, one row per person and offer.
    offers
        What will be planned; other offers' rows are left out.
    rule
        What stands for an uncertain effect: "mean" its posterior mean (the most profit expected of one plan); "lower" the bound that
        it exceeds with probability `confidence` (contacts that surely pay); "draw" one draw from its posterior per person and offer
        (Thompson: keeps learning; equal salts draw alike).
    confidence
        For "lower", 0.5..1.
    salt
        For "draw".
    incentives
        Where the cost of an incentive is: "in_the_books", as discounts are, because lines are booked net of them: then the measured
        effect has it taken off already, and the plan, which takes it off itself, gets it back. "apart": gifts and the like.

    Returns
    -------
    Table
        One row per (person_id, offer_id): use_prob, gain_minor (before the costs of the offer).
    """
    mine = scores.filter(scores.offer_id.isin([offer.offer_id for offer in offers]))
    effect: Any = mine.effect_minor
    if rule == "lower":
        effect = effect - float(ndtri(confidence)) * mine.effect_se_minor
    elif rule == "draw":
        effect = effect + _normal(mine.person_id, mine.offer_id, offers, salt=salt) * mine.effect_se_minor
    if incentives == "in_the_books":
        paid = ibis.cases(
            *((mine.offer_id == offer.offer_id, float(offer.incentive_minor)) for offer in offers), else_=0.0
        )
        effect = effect + paid * mine.use_prob
    return mine.select("person_id", "offer_id", "use_prob", gain_minor=effect)


def _normal(person_id: Any, offer_id: Any, offers: Sequence[Offer], *, salt: str) -> Any:
    """Return a standard normal number per person and offer, by the transform of Box and Muller (1958) from two lots."""

    def even(purpose: str) -> Any:
        lots = (
            (offer_id == o.offer_id, Lottery.of(f"{salt}/{o.offer_id}", purpose=purpose).lot(person_id))
            for o in offers
        )
        return (ibis.cases(*lots, else_=0).cast("float64") + 0.5) / LOTS

    return (-2.0 * even("draw radius").ln()).sqrt() * (2.0 * pi * even("draw angle")).cos()
