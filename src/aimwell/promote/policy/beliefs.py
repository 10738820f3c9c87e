"""What is believed of offers: what a plan assumes and what past campaigns measured, weighed against each other.

What a plan assumes of an offer (stated, or from past prices: `plan.assumed`), low, mid and high, is a prior: normal around mid, with low
and high as the ends of an interval that holds the truth with 90 %. With u m the margin of the orders that a person makes with the offer
(`plan.effects`), and k its average over the people whom the offer was measured with, it says an average gain per person contacted of k
mid, with spread t = k (high - low) / 3.29. The measured average e with its standard error s is the evidence. By Bayes' theorem for two
normals, precisions add up:

    weight of the measurement  w = t^2 / (t^2 + s^2)
    posterior of the average   (1 - w) k mid + w e,  with variance t^2 s^2 / (t^2 + s^2)

So a small campaign, with a large s, moves little, and a large one decides. The same weight goes to persons:

    gain of a person = (1 - w) u m mid + w (the person's measured effect)

Where the measurement tells nobody apart, the average e stands for a person's effect, in proportion to u m, as the assumption has it.

References
----------
Gelman, Carlin, Stern, Dunson, Vehtari, Rubin (2013), Bayesian Data Analysis, 3rd edition, section 2.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import ibis
import ibis.expr.types as ir
from scipy.special import ndtri

from aimwell.predict.effect.model import EffectModel
from aimwell.promote.plan.assumed import Incrementality
from aimwell.promote.plan.effects import expected_margin, expected_use
from aimwell.promote.plan.model import Belief, Campaign, EffectRule, Offer, range_of

__all__ = ["assumed_spread", "beliefs_of", "looked_at", "with_gains"]

_RANGE = 0.9  # low and high are the ends of the interval that holds the incrementality with this probability
_NO = ibis.literal(value=False)
_FEW = 100  # contacts with fewer people than this do not say what these people are like: then everybody stands for them


def assumed_spread(assumed: Incrementality) -> float:
    """Return the standard deviation of the assumed incrementality."""
    return (assumed.high - assumed.low) / (2.0 * float(ndtri(0.5 + _RANGE / 2.0)))


def looked_at(people: ir.Table, scores: ir.Table, reached: ir.Table, *, offers: Sequence[Offer]) -> ir.Table:
    """Return what the people are like whom offers were measured with.

    Parameters
    ----------
    people
        As in `plan.effects.assumed_choices`.
    scores
        Columns of `EFFECT_SCORES`.
    reached
        person_id, offer_id: who got which offer in the past; any number of rows.
    offers
        The offers.

    Returns
    -------
    Table
        One row: for offer number k `n_k` people reached, `worth_k` and `use_k` the means of u m (minor units) and of the scores' use_prob
        over them, and `all_worth_k`, `all_use_k` over everybody.
    """
    got = reached.group_by("person_id").agg(
        **{f"got_{k}": (reached.offer_id == one.offer_id).any() for k, one in enumerate(offers)}
    )
    both = people.left_join(_wide(scores, offers), "person_id").drop("person_id_right")
    both = both.left_join(got, "person_id").drop("person_id_right")
    found: dict[str, Any] = {}
    for k, offer in enumerate(offers):
        worth = expected_use(both, offer) * expected_margin(both, offer)
        is_mine = both[f"got_{k}"].fill_null(_NO) & worth.notnull()
        found[f"n_{k}"] = is_mine.sum()
        found[f"worth_{k}"], found[f"all_worth_{k}"] = worth.mean(where=is_mine), worth.mean()
        found[f"use_{k}"] = both[f"prob_{k}"].mean(where=is_mine)
        found[f"all_use_{k}"] = both[f"prob_{k}"].mean()
    return both.agg(**found)


def beliefs_of(
    seen: Mapping[str, Any],
    model: EffectModel,
    *,
    model_id: str,
    scored: Sequence[str],
    offers: Sequence[Offer],
    campaign: Campaign,
) -> tuple[Belief, ...]:
    """Return what is believed of each offer.

    Parameters
    ----------
    seen
        The row of `looked_at`.
    model, model_id
        The measurement.
    scored
        Offers with scores; the others stay assumed.
    offers, campaign
        What is planned.
    """
    return tuple(
        _belief(
            offer,
            {name: seen[f"{name}_{k}"] for name in ("n", "worth", "use", "all_worth", "all_use")},
            model if offer.offer_id in scored else None,
            model_id=model_id,
            campaign=campaign,
        )
        for k, offer in enumerate(offers)
    )


def with_gains(
    people: ir.Table,
    scores: ir.Table | None,
    beliefs: Mapping[str, Belief],
    *,
    offers: Sequence[Offer],
    campaign: Campaign,
) -> ir.Table:
    """Add what each offer is believed to bring with each person.

    Parameters
    ----------
    people
        As in `plan.effects.assumed_choices`.
    scores
        Columns of `EFFECT_SCORES`; None: nothing was measured.
    beliefs
        By offer id; offers without one are assumed.
    offers, campaign
        What is planned.

    Returns
    -------
    Table
        The same people with, for each offer, `mean_<offer_id>` and `sd_<offer_id>` (posterior of the gain before the costs of the
        offer, minor units; null: not known) and `use_<offer_id>`; and, where these differ from what a plan would assume by itself,
        `gain_<offer_id>`: what the rule makes of them.
    """
    rule, offers_by_place = campaign.effects, list(enumerate(offers))
    joined = people
    if scores is not None:
        joined = people.left_join(_wide(scores, offers), "person_id").drop("person_id_right")
    columns: dict[str, ir.Value] = {}
    for k, offer in offers_by_place:
        belief = beliefs.get(offer.offer_id)
        is_measured = belief is not None and belief.measured_minor is not None
        made = _person(joined, k, offer, belief if is_measured else None, campaign=campaign)
        columns |= {f"{name}_{offer.offer_id}": value for name, value in made.items()}
        if is_measured or rule.rule == "lower":
            columns[f"gain_{offer.offer_id}"] = _by_rule(made["mean"], made["sd"], rule)
    return joined.mutate(**columns).select(*people.columns, *columns)


def _wide(scores: ir.Table, offers: Sequence[Offer]) -> ir.Table:
    named: dict[str, Any] = {}
    for k, offer in enumerate(offers):
        is_mine = scores.offer_id == offer.offer_id
        named[f"effect_{k}"] = scores.effect_minor.max(where=is_mine)
        named[f"error_{k}"] = scores.effect_se_minor.max(where=is_mine)
        named[f"prob_{k}"] = scores.use_prob.max(where=is_mine)
    return scores.group_by("person_id").agg(**named)


def _belief(
    offer: Offer, seen: Mapping[str, Any], model: EffectModel | None, *, model_id: str, campaign: Campaign
) -> Belief:
    is_known = (seen["n"] or 0) >= _FEW
    worth = float((seen["worth"] if is_known else seen["all_worth"]) or 0.0)
    assumed = range_of(offer, campaign)
    prior = Belief(
        offer_id=offer.offer_id,
        worth_minor=worth,
        assumed_minor=worth * assumed.mid,
        assumed_se_minor=worth * assumed_spread(assumed),
    )
    if model is None:
        return prior
    used = float((seen["use"] if is_known else seen["all_use"]) or 0.0)
    found = model.offers[offer.offer_id]
    return replace(
        prior,
        measured_minor=found.mean.value + _taken_off(offer, campaign.effects) * used,
        measured_se_minor=found.mean.se,
        is_by_person=found.score is not None,
        model_id=model_id,
    )


def _taken_off(offer: Offer, rule: EffectRule) -> float:
    """Return what the books have taken off already for each use; a plan takes it off itself, so it is given back."""
    return float(offer.incentive_minor) if rule.incentives == "in_the_books" else 0.0


def _person(
    people: ir.Table, k: int, offer: Offer, belief: Belief | None, *, campaign: Campaign
) -> dict[str, Any]:
    """Return mean, sd and use of one offer with each person; `belief`: of an offer that was measured."""
    use: Any = expected_use(people, offer)
    worth = use * expected_margin(people, offer)
    assumed = range_of(offer, campaign)
    mean, sd = worth * assumed.mid, worth * assumed_spread(assumed)
    if belief is None:
        return {"mean": mean, "sd": sd, "use": use}
    weight, left = belief.weight, 1.0 - belief.weight
    share: Any = worth / belief.worth_minor if belief.worth_minor > 0 else ibis.literal(1.0)
    measured = float(belief.measured_minor or 0.0) * share
    prob = people[f"prob_{k}"]
    if not belief.is_by_person:
        return {
            "mean": left * mean + weight * measured,
            "sd": belief.gain_se_minor * share,
            "use": left * use + weight * prob.fill_null(use),
        }
    own = people[f"effect_{k}"] + _taken_off(offer, campaign.effects) * prob
    error = people[f"error_{k}"].fill_null(float(belief.measured_se_minor or 0.0))
    return {
        "mean": left * mean + weight * own.fill_null(measured),
        "sd": ((left * sd) ** 2 + (weight * error) ** 2).sqrt(),
        "use": left * use + weight * prob.fill_null(use),
    }


def _by_rule(mean: Any, sd: Any, rule: EffectRule) -> Any:
    return mean if rule.rule == "mean" else mean - float(ndtri(rule.confidence)) * sd
