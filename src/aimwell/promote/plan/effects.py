"""What an offer is expected to bring with a person: assumed from portraits, or measured by experiments.

Where an offer was measured, people carry what is expected of it (`promote.policy.beliefs`), and this counts instead of what is
assumed. All ways end in one table of *choices*, one row per person, with for offer number k of the problem the columns

* `value_k` (int64, thousandths of a minor unit): expected incremental profit, after costs; null: not eligible,
* `cost_k` (int64, thousandths of a minor unit): expected cost; says nothing where `value_k` is null,

and `member_k` (bool) for segment number k of `Problem.segments`. With u the probability that the person uses the offer once
contacted, m the margin of the order, a the share of such orders that would not have been made without it:

    cost  = contact cost + incentive cost * u
    value = u * m * a - cost

The incentive is paid to everyone who uses the offer; the margin counts only where the offer made the difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from aimwell.base.words import Sentence, text
from aimwell.promote.plan.errors import ColumnMissing
from aimwell.promote.plan.model import MILLI, Offer, Problem

__all__ = [
    "ASSUMED",
    "ASSUMED_BY_OFFER",
    "COMBINED",
    "COMBINED_BY_OFFER",
    "MEASURED",
    "assumed_choices",
    "drivers",
    "expected_margin",
    "expected_use",
    "measured_choices",
]

ASSUMED = text(
    "Effects are assumed, not measured: response probability x margin x the assumed share of orders that an offer really adds, "
    "{mid} (between {low} and {high}). Hold people out and measure, to replace the assumption."
)
COMBINED = text(
    "Effects are assumed and measured: each offer's assumed share of orders that it really adds, {mid} (between {low} and {high}), and its "
    "measurement, where there is one, count by how sure they are."
)
ASSUMED_BY_OFFER = text(
    "Effects are assumed, not measured: response probability x margin x the share of orders that each offer really adds, taken from past prices "
    "of the shop where they say it. Past prices were not set by chance, and tell of units, not of orders: hold people out and measure, to "
    "replace the assumption."
)
COMBINED_BY_OFFER = text(
    "Effects are assumed and measured: each offer's share of orders that it really adds, taken from past prices of the shop where they say it, "
    "and its measurement, where there is one, count by how sure they are."
)
MEASURED = text("Effects come from the table of measured effects given to the plan.")


_NO = ibis.literal(value=False)


def assumed_choices(
    people: ir.Table, *, problem: Problem, incrementality: float | Mapping[str, float]
) -> ir.Table:
    """Return the choices that follow from an assumed incrementality, and from what people carry of offers that were measured.

    Parameters
    ----------
    people
        One row per person: `person_id` (int64); `response_prob` (0..1, probability that the person orders within the
        horizon when contacted); `order_minor` (expected value of that order) for offers with a margin rate, `margin_minor`
        (its expected margin) for those without; optionally `lift_<offer_id>` (how much likelier than on average the person is
        to want this offer; null or no column: 1), `can_<offer_id>` (bool) for offers with an inline rule, and
        `in_<segment>` (bool) for every segment that offers or limits name. A null probability or amount makes the
        person not eligible; a null membership is no. Optionally `gain_<offer_id>` (expected incremental margin before the costs
        of the offer, minor units) and `use_<offer_id>` (0..1, probability that the offer is used): they stand for what would be assumed.
    problem
        The offers and limits.
    incrementality
        Assumed share, 0..1, of orders made with an offer that would not have been made without it: one for all offers, or by offer id.

    Returns
    -------
    Table
        One row per person, as the module says.

    Raises
    ------
    ColumnMissing
        If `people` lacks a column that an offer or limit needs.
    """
    told: dict[str, ir.Value] = {}
    for k, offer in enumerate(problem.offers):
        if f"gain_{offer.offer_id}" in people.columns:
            told[f"used_{k}"] = people[f"use_{offer.offer_id}"]
            told[f"earned_{k}"] = people[f"gain_{offer.offer_id}"]
        else:
            told[f"used_{k}"] = expected_use(people, offer)
            share = incrementality if isinstance(incrementality, float) else incrementality[offer.offer_id]
            told[f"margin_{k}"] = expected_margin(people, offer) * share
    rated = people.mutate(**told)
    rated = rated.mutate(
        **{
            f"earned_{k}": rated[f"margin_{k}"] * rated[f"used_{k}"]
            for k in range(len(problem.offers))
            if f"margin_{k}" in told
        }
    )
    columns: dict[str, ir.Value] = {"person_id": rated.person_id}
    for k, offer in enumerate(problem.offers):
        is_able = _can_get(rated, offer)
        cost = _cost(offer, rated[f"used_{k}"])
        value = _whole(rated[f"earned_{k}"] * float(MILLI)) - cost
        columns[f"value_{k}"] = value if is_able is None else is_able.ifelse(value, ibis.null("int64"))
        columns[f"cost_{k}"] = cost if is_able is None else is_able.ifelse(cost, ibis.null("int64"))
    return rated.select(**columns, **_members(rated, problem.segments))


def measured_choices(effects: ir.Table, people: ir.Table, *, problem: Problem) -> ir.Table:
    """Return the choices that follow from measured effects.

    Parameters
    ----------
    effects
        One row per (person_id, offer_id) that may be planned: `use_prob` (0..1, probability that the offer is used once
        contacted), `gain_minor` (float, expected incremental margin before the costs of the offer). No row: not eligible.
    people
        One row per person: `person_id`, and `in_<segment>` (bool), `can_<offer_id>` (bool) as in `assumed_choices`.
    problem
        The offers and limits.

    Returns
    -------
    Table
        One row per person of `people` who is also in `effects`, as the module says.
    """
    mine = [(effects.offer_id == offer.offer_id) for offer in problem.offers]
    wide = effects.group_by("person_id").agg(
        **{f"used_{k}": effects.use_prob.max(where=is_mine) for k, is_mine in enumerate(mine)},
        **{f"gain_{k}": effects.gain_minor.max(where=is_mine) for k, is_mine in enumerate(mine)},
    )
    rated = people.inner_join(wide, "person_id")
    columns: dict[str, ir.Value] = {"person_id": rated.person_id}
    for k, offer in enumerate(problem.offers):
        is_able = _can_get(rated, offer)
        cost = _cost(offer, rated[f"used_{k}"])
        value = _whole(rated[f"gain_{k}"] * float(MILLI)) - cost
        columns[f"value_{k}"] = value if is_able is None else is_able.ifelse(value, ibis.null("int64"))
        columns[f"cost_{k}"] = cost if is_able is None else is_able.ifelse(cost, ibis.null("int64"))
    return rated.select(**columns, **_members(rated, problem.segments))


def expected_use(people: ir.Table, offer: Offer) -> ir.NumericValue:
    """Return the probability that each person uses an offer once contacted (the u above): response probability times lift."""
    likely = _column(people, "response_prob", needed_by=Sentence(text("the assumed effect"))).cast("float64")
    return _at_most_one(likely * _lift(people, offer))


def expected_margin(people: ir.Table, offer: Offer) -> ir.NumericValue:
    """Return the margin of one order in minor units, before the incentive (the m above)."""
    named = {"offer": offer.offer_id}
    if offer.margin_rate is None:
        without = Sentence(text("offer {offer}, which has no margin_rate,"), named)
        return _column(people, "margin_minor", needed_by=without).cast("float64")
    by_rate = Sentence(text("the margin_rate of offer {offer}"), named)
    order = _column(people, "order_minor", needed_by=by_rate)
    return order.cast("float64") * offer.margin_rate


def drivers(people: ir.Table, *, offers: Sequence[Offer]) -> ir.Table:
    """Return what makes people worth an offer, beside the averages of all.

    Parameters
    ----------
    people
        As in `assumed_choices`.
    offers
        The offers.

    Returns
    -------
    Table
        One row per person: person_id, response_prob, response_ratio (times the average), and for offer number k
        `margin_ratio_k` (times the average) and `liking_ratio_k` (the lift).
    """
    likely = people.response_prob.cast("float64")
    columns: dict[str, ir.Value] = {"person_id": people.person_id, "response_prob": likely}
    means: dict[str, ir.Value] = {"mean_response": likely.mean()}
    for k, offer in enumerate(offers):
        columns[f"margin_{k}"] = expected_margin(people, offer)
        columns[f"liking_ratio_{k}"] = ibis.literal(1.0, "float64") * _lift(people, offer)
        means[f"mean_margin_{k}"] = expected_margin(people, offer).mean()
    both = people.select(**columns).cross_join(people.agg(**means))
    return both.select(
        "person_id",
        "response_prob",
        response_ratio=both.response_prob / both.mean_response.nullif(0.0),
        **{
            f"margin_ratio_{k}": both[f"margin_{k}"] / both[f"mean_margin_{k}"].nullif(0.0)
            for k in range(len(offers))
        },
        **{f"liking_ratio_{k}": both[f"liking_ratio_{k}"] for k in range(len(offers))},
    )


def _can_get(people: ir.Table, offer: Offer) -> ir.BooleanValue | None:
    """Return whether each person may get the offer, or None if everyone may."""
    if offer.rule is not None:
        by_rule = Sentence(text("the rule of offer {offer}"), {"offer": offer.offer_id})
        return _column(people, f"can_{offer.offer_id}", needed_by=by_rule).fill_null(_NO)
    if offer.segment is not None:
        by_offer = Sentence(text("offer {offer}"), {"offer": offer.offer_id})
        return _column(people, f"in_{offer.segment}", needed_by=by_offer).fill_null(_NO)
    return None


def _members(people: ir.Table, segments: Sequence[str]) -> dict[str, ir.Value]:
    limit = text("the limit on segment {segment}")
    return {
        f"member_{k}": _column(
            people, f"in_{segment}", needed_by=Sentence(limit, {"segment": segment})
        ).fill_null(_NO)
        for k, segment in enumerate(segments)
    }


def _lift(people: ir.Table, offer: Offer) -> ir.NumericValue | float:
    name = f"lift_{offer.offer_id}"
    return people[name].cast("float64").fill_null(1.0) if name in people.columns else 1.0


def _cost(offer: Offer, used: ir.NumericValue) -> ir.IntegerValue:
    """Return the expected cost: the contact for sure, the incentive if it is used."""
    if offer.incentive_minor == 0:
        return ibis.literal(offer.contact_milli, "int64")
    return _whole(used * float(offer.incentive_minor * MILLI)) + offer.contact_milli


def _at_most_one(rate: ir.NumericValue) -> ir.NumericValue:
    """Return the smaller of a rate and 1; null stays null, which engines' own `least` would pass over."""
    return (rate > 1.0).ifelse(1.0, rate)


def _whole(amount: ir.NumericValue) -> ir.IntegerValue:
    """Return the next lower whole number; engines differ in how they round, not in this."""
    return amount.floor().cast("int64")


def _column(people: ir.Table, name: str, *, needed_by: Sentence) -> ir.Value:
    if name not in people.columns:
        raise ColumnMissing(column=name, needed_by=needed_by, present=", ".join(people.columns))
    return people[name]
