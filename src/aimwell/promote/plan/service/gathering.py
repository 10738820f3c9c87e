"""Gathers what a plan is made from: the choices of everyone, counts, and a bounded sample; refuses what cannot be planned."""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

from aimwell.base.words import Sentence, text
from aimwell.promote.plan import tables
from aimwell.promote.plan.arrays import prospects
from aimwell.promote.plan.dual import tie_slopes
from aimwell.promote.plan.effects import assumed_choices, measured_choices
from aimwell.promote.plan.errors import NobodyEligible, NoPeople, OutOfReach
from aimwell.promote.plan.explain import limit_name
from aimwell.promote.plan.model import Campaign, Offer, Problem, range_of
from aimwell.promote.plan.prospects import Prospects
from aimwell.storage.engines import Engine

__all__ = ["Ready", "all_choices", "gather"]

_SAMPLE = 50_000  # people on whom prices are found, at least
_SAMPLE_SHARE = 0.05  # of many people more, so that full-size limits are missed by less
_MOST = 500_000
_PER_LIMIT = 2_000  # at least so many of them, where there are, whom a limit counts


@dataclass(frozen=True, kw_only=True)
class Ready:
    """What a plan is made from.

    Attributes
    ----------
    choices
        One row per person, with lots and sampling rate (`tables.rated`).
    problem
        The offers and limits.
    seen
        What `tables.picture` counted.
    sample
        Some of the people, in random order, as arrays.
    slopes
        How much a person's lot adds to each offer's score, to break ties.
    """

    choices: ir.Table
    problem: Problem
    seen: dict[str, int]
    sample: Prospects
    slopes: NDArray[np.float64]

    @property
    def n_open(self) -> int:
        """How many people are not held out."""
        return self.seen["n_people"] - self.seen["n_held_out"]


def all_choices(
    people: ir.Table, effects: ir.Table | None, *, problem: Problem, campaign: Campaign
) -> ir.Table:
    """Return everyone's choices with lots: from measured effects if given, else from what is assumed of each offer."""
    if effects is None:
        shares = {one.offer_id: range_of(one, campaign).mid for one in problem.offers}
        choices = assumed_choices(people, problem=problem, incrementality=shares)
    else:
        choices = measured_choices(effects, people, problem=problem)
    return tables.armed(choices, salt=campaign.salt, holdout_share=campaign.holdout_share)


def gather(choices: ir.Table, *, engine: Engine, problem: Problem) -> Ready:
    """Count what there is, refuse what cannot be planned, and draw the sample.

    Raises
    ------
    NoPeople, NobodyEligible, OutOfReach
        If there is nothing to choose from, or a minimum is beyond what can be reached.
    """
    counted = engine.rows(tables.picture(choices, problem=problem))[0]
    seen = {name: int(value or 0) for name, value in counted.items()}
    n_open = seen["n_people"] - seen["n_held_out"]
    if n_open == 0:
        raise NoPeople(n_people=seen["n_people"], n_held_out=seen["n_held_out"])
    for k, offer in enumerate(problem.offers):
        if seen[f"n_offer_{k}"] == 0:
            raise NobodyEligible(offer_id=offer.offer_id, n_people=n_open, who=_who(offer))
    for k, limit in enumerate(problem.limits):
        if limit.minimum > seen[f"n_limit_{k}"]:
            raise OutOfReach(
                minimum=limit.minimum,
                limit=limit_name(limit),
                available=seen[f"n_limit_{k}"],
                n_people=n_open,
            )
    base_rate = min(1.0, max(_SAMPLE, min(n_open * _SAMPLE_SHARE, _MOST)) / n_open)
    rates = _rates(seen, problem=problem, base_rate=base_rate)
    rated = tables.rated(choices, problem=problem, rates=rates, base_rate=base_rate)
    drawn = prospects(engine.arrow(tables.sample(rated)), problem=problem)
    slopes = tie_slopes(problem, mean_value=seen["top_milli"] / max(seen["n_top"], 1))
    return Ready(choices=rated, problem=problem, seen=seen, sample=drawn, slopes=slopes)


def _rates(seen: dict[str, int], *, problem: Problem, base_rate: float) -> dict[int, float]:
    """Return higher rates for limits that few people count for."""
    wanted = {k: min(1.0, _PER_LIMIT / max(seen[f"n_limit_{k}"], 1)) for k in range(len(problem.limits))}
    return {k: rate for k, rate in wanted.items() if rate > base_rate}


def _who(offer: Offer) -> Sentence:
    if offer.segment:
        return Sentence(text("segment {segment}"), {"segment": offer.segment})
    return Sentence(text("its rule") if offer.rule else text("no known effect"))
