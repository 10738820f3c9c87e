"""The plan as expressions over everyone: what there is, who is in the sample, what each person takes, and the bound.

All take the table of choices that `effects` describes. Its people decide at prices, person by person; so one pass over any
number of people suffices, on one machine or many.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import ibis
import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

from aimwell.base.lottery import LOTS, Lottery
from aimwell.promote.plan.dual import Reach
from aimwell.promote.plan.model import Limit, Prices, Problem, SealedPrices

__all__ = [
    "armed",
    "bound_terms",
    "chosen",
    "decided",
    "named",
    "picture",
    "rated",
    "sample",
    "settled",
    "some",
    "uses",
    "wavering",
]

_NOTHING = -1.0e300  # the score of an offer that a person cannot get


def armed(choices: ir.Table, *, salt: str, holdout_share: float) -> ir.Table:
    """Add `is_held_out` (bool) and two lots (`tie_lot`, `sample_lot`: int64 in [0, LOTS)) to each person."""
    held = Lottery.of(salt, purpose="holdout")
    ties = Lottery.of(salt, purpose="ties")
    samples = Lottery.of(salt, purpose="sample")
    who = choices.person_id
    return choices.mutate(
        is_held_out=held.lot(who) < held.threshold(holdout_share),
        tie_lot=ties.lot(who),
        sample_lot=samples.lot(who),
    )


def picture(choices: ir.Table, *, problem: Problem) -> ir.Table:
    """Count what there is to plan with, held-out people left out.

    Returns
    -------
    Table
        One row: n_people, n_held_out, `n_offer_k` (people eligible for offer k), `n_limit_k` (contacts that limit k could
        count at most), `top_milli` (sum over people of their best value, if positive), `n_top` (how many that are), `max_cost_milli`,
        and fingerprints of the columns: `print_people`, `print_k` per offer, `print_member_k` per segment.
    """
    open_ones = ~choices.is_held_out
    best = ibis.greatest(0, *_columns(choices, "value", problem))
    aggregates: dict[str, ir.Value] = {
        "n_people": choices.count(),
        "n_held_out": choices.is_held_out.sum().fill_null(0),
        "top_milli": best.sum(where=open_ones).fill_null(0),
        "n_top": (best > 0).sum(where=open_ones).fill_null(0),
        "max_cost_milli": ibis.greatest(0, *(c.max() for c in _columns(choices, "cost", problem))),
        "print_people": (choices.sample_lot + choices.tie_lot % 65_521).sum(),
    }
    for k in range(len(problem.offers)):
        value, cost = choices[f"value_{k}"], choices[f"cost_{k}"]
        aggregates[f"n_offer_{k}"] = value.count(where=open_ones)
        aggregates[f"print_{k}"] = (
            ((value & 65_535) * (choices.sample_lot & 65_535) + cost).sum().fill_null(0)
        )
    for k in range(len(problem.segments)):
        lots = (choices.sample_lot & 65_535).sum(where=choices[f"member_{k}"])
        aggregates[f"print_member_{k}"] = lots.fill_null(0)
    for k, limit in enumerate(problem.limits):
        aggregates[f"n_limit_{k}"] = _reach(choices, limit, problem=problem).sum(where=open_ones).fill_null(0)
    return choices.agg(**aggregates)


def rated(choices: ir.Table, *, problem: Problem, rates: Mapping[int, float], base_rate: float) -> ir.Table:
    """Add `drawn_below` (int64, at most LOTS): a person is in the sample if the lot is below; higher where few count for a limit.

    Parameters
    ----------
    choices
        People with their lots.
    problem
        The offers and limits.
    rates
        By number of the limit: the rate, above `base_rate`, for people whom that limit could count.
    base_rate
        The rate for everyone else, 0..1.
    """
    below: ir.IntegerValue = ibis.literal(round(base_rate * LOTS), "int64")
    for k, rate in sorted(rates.items(), key=lambda item: (item[1], item[0])):
        counts = _reach(choices, problem.limits[k], problem=problem) > 0
        below = counts.ifelse(ibis.literal(round(rate * LOTS), "int64"), below)
    return choices.mutate(drawn_below=below.cast("int64"))


def sample(choices: ir.Table) -> ir.Table:
    """Draw the sample from the people who are not held out; one row per person drawn."""
    return choices.filter(~choices.is_held_out, choices.sample_lot < choices.drawn_below)


def decided(choices: ir.Table, *, problem: Problem, prices: Prices, slopes: NDArray[np.float64]) -> ir.Table:
    """Let each person take the best offers at these prices, and none at a loss.

    Returns
    -------
    Table
        One row per person who is eligible for anything: person_id, is_held_out, the members; for r = 1 ..
        `contacts_per_person`: `take_r` (number of the offer, null: none), `take_value_r`, `take_cost_r` (milli); `lead`
        (float): by how much a score must change before the person decides otherwise; `about_r`: the offers in doubt.
    """
    n_best = min(problem.contacts_per_person, len(problem.offers))
    names = [f"score_{k}" for k in range(len(problem.offers))]
    scored = choices.mutate(
        **{
            name: (
                choices[f"value_{k}"].cast("float64")
                - choices[f"cost_{k}"].cast("float64") * prices.budget
                + choices.tie_lot.cast("float64") * float(slopes[k] / LOTS)
                - _charge(choices, k, prices.limits, problem=problem)
            )
            for k, name in enumerate(names)
        }
    )
    ranked = _ranked(scored, n_offers=len(names), n_best=n_best)
    ranked = ranked.filter(ranked.top_1 > _NOTHING)
    taken: dict[str, ir.Value] = {}
    for r in range(1, n_best + 1):
        is_taken = ranked[f"top_{r}"] > 0
        taken[f"take_{r}"] = is_taken.ifelse(ranked[f"at_{r}"], ibis.null("int64"))
        taken[f"take_value_{r}"] = is_taken.ifelse(_picked(ranked, "value", r, problem), ibis.null("int64"))
        taken[f"take_cost_{r}"] = is_taken.ifelse(_picked(ranked, "cost", r, problem), ibis.null("int64"))
    members = {f"member_{k}": ranked[f"member_{k}"] for k in range(len(problem.segments))}
    doubt = _doubt(ranked, n_offers=len(names), n_best=n_best)
    return ranked.select("person_id", "is_held_out", **members, **taken, **doubt)


def wavering(decisions: ir.Table, *, problem: Problem, reach: Reach) -> ir.Table:
    """Return the decisions of the people who are not held out and whose lead is within reach; see `dual.wavering`."""
    n_about = min(problem.contacts_per_person, len(problem.offers)) + 1
    spans = [_span(decisions[f"about_{r}"], reach.offers) for r in range(1, n_about + 1)]
    spans += [
        decisions[f"member_{k}"].cast("int8").cast("float64") * float(span)
        for k, span in enumerate(reach.segments)
    ]
    within = ibis.greatest(ibis.literal(reach.general, "float64"), *spans)
    return decisions.filter(~decisions.is_held_out, decisions.lead <= within)


def some(people: ir.Table, *, salt: str, share: float) -> ir.Table:
    """Return a share, 0..1, of the people, drawn by a lot of their own."""
    lottery = Lottery.of(salt, purpose="waverers")
    return people.filter(lottery.lot(people.person_id) < lottery.threshold(share))


def chosen(decisions: ir.Table, *, problem: Problem) -> ir.Table:
    """Return one row per person and offer taken: person_id, is_held_out, members, offer, value_milli, cost_milli."""
    n_best = min(problem.contacts_per_person, len(problem.offers))
    members = [f"member_{k}" for k in range(len(problem.segments))]
    ranks = [
        decisions.filter(decisions[f"take_{r}"].notnull()).select(
            "person_id",
            "is_held_out",
            *members,
            offer=decisions[f"take_{r}"],
            value_milli=decisions[f"take_value_{r}"],
            cost_milli=decisions[f"take_cost_{r}"],
        )
        for r in range(1, n_best + 1)
    ]
    return ranks[0] if len(ranks) == 1 else ibis.union(*ranks)


def uses(taken: ir.Table, *, problem: Problem) -> ir.Table:
    """Add up what is taken, per arm and offer.

    Returns
    -------
    Table
        One row per (is_held_out, offer): n_contacts, value_milli, cost_milli, and `n_member_k` contacts in segment k.
    """
    return taken.group_by("is_held_out", "offer").agg(
        n_contacts=taken.count(),
        value_milli=taken.value_milli.sum(),
        cost_milli=taken.cost_milli.sum(),
        **{f"n_member_{k}": taken[f"member_{k}"].sum() for k in range(len(problem.segments))},
    )


def named(taken: ir.Table, *, problem: Problem, plan_id: str, why: ir.Table | None) -> ir.Table:
    """Return what is taken as rows of `plan_assignments`; `why` is the result of `effects.drivers`, or None."""
    rows = taken if why is None else taken.inner_join(why, "person_id")
    offer_ids = {k: offer.offer_id for k, offer in enumerate(problem.offers)}
    channels = {k: offer.channel for k, offer in enumerate(problem.offers)}

    def reason(name: str) -> ir.Value:
        if why is None:
            return ibis.null("float64")
        return ibis.cases(
            *((rows.offer == k, rows[f"{name}_{k}"]) for k in offer_ids), else_=ibis.null("float64")
        )

    return rows.select(
        plan_id=ibis.literal(plan_id),
        person_id=rows.person_id,
        offer_id=ibis.cases(
            *((rows.offer == k, ibis.literal(v)) for k, v in offer_ids.items()), else_=ibis.null("string")
        ),
        channel=ibis.cases(
            *((rows.offer == k, ibis.literal(v)) for k, v in channels.items()), else_=ibis.null("string")
        ),
        arm=rows.is_held_out.ifelse("holdout", "treatment"),
        value_milli=rows.value_milli,
        cost_milli=rows.cost_milli,
        response_prob=ibis.null("float64") if why is None else rows.response_prob,
        response_ratio=ibis.null("float64") if why is None else rows.response_ratio,
        margin_ratio=reason("margin_ratio"),
        liking_ratio=reason("liking_ratio"),
    )


def bound_terms(choices: ir.Table, *, problem: Problem, prices: SealedPrices) -> ir.Table:
    """Return the sum of what people who are not held out would take at sealed prices, in whole milli: one row, `best_milli`."""
    names = [f"score_{k}" for k in range(len(problem.offers))]
    scored = _scored_whole(choices.filter(~choices.is_held_out), problem=problem, prices=prices)
    n_best = min(problem.contacts_per_person, len(problem.offers))
    if n_best == 1:
        best = ibis.greatest(0, *(scored[name] for name in names))
        return scored.agg(best_milli=best.sum().fill_null(0))
    as_float = scored.mutate(**{name: scored[name].cast("float64") for name in names})
    ranked = _ranked(as_float, n_offers=len(names), n_best=n_best)
    tops = [ibis.greatest(0.0, ranked[f"top_{r}"]).cast("int64").sum() for r in range(1, n_best + 1)]
    return ranked.agg(best_milli=_added(tops).fill_null(0))


def settled(choices: ir.Table, taken: ir.Table, *, problem: Problem, prices: SealedPrices) -> ir.Table:
    """Return the people who got something else than what sealed prices alone would give them: the last step settled them.

    Parameters
    ----------
    choices
        The people to look at.
    taken
        person_id, offer: what they got; other people's rows do no harm.
    problem, prices
        Offers and limits, and their sealed prices.

    Returns
    -------
    Table
        person_id, offer: one row per offer that such a person got; one with a null offer for each who got nothing.
    """
    n_best = min(problem.contacts_per_person, len(problem.offers))
    names = [f"score_{k}" for k in range(len(problem.offers))]
    scored = _scored_whole(choices, problem=problem, prices=prices)
    as_float = scored.mutate(**{name: scored[name].cast("float64") for name in names})
    ranked = _ranked(as_float, n_offers=len(names), n_best=n_best)
    by_rank = [
        ranked.filter(ranked[f"top_{r}"] > 0).select("person_id", offer=ranked[f"at_{r}"])
        for r in range(1, n_best + 1)
    ]
    by_price = by_rank[0] if n_best == 1 else ibis.union(*by_rank)
    got = taken.select("person_id", offer=taken.offer.cast("int64")).semi_join(choices, "person_id")
    keys = ["person_id", "offer"]
    differ = by_price.anti_join(got, keys).union(got.anti_join(by_price, keys)).select("person_id").distinct()
    return differ.left_join(got, "person_id").select("person_id", "offer")


def _scored_whole(choices: ir.Table, *, problem: Problem, prices: SealedPrices) -> ir.Table:
    """Add `score_k` (int64): what is left of each value at sealed prices; null: not eligible."""
    limits = np.array(prices.limits, dtype=np.int64)
    return choices.mutate(
        **{
            f"score_{k}": choices[f"value_{k}"]
            - ((choices[f"cost_{k}"] * prices.budget) >> 20)
            - _whole_charge(choices, k, limits, problem=problem)
            for k in range(len(problem.offers))
        }
    )


def _ranked(scored: ir.Table, *, n_offers: int, n_best: int) -> ir.Table:
    """Add `top_r` and `at_r`, the r-th best score and the number of its offer, for r up to `n_best`; `left_k` are scores not yet ranked."""
    table = scored.mutate(**{f"left_{k}": scored[f"score_{k}"] for k in range(n_offers)})
    left = [f"left_{k}" for k in range(n_offers)]
    for r in range(1, n_best + 1):
        table = table.mutate(**{f"top_{r}": ibis.greatest(_NOTHING, *(table[name] for name in left))})
        table = table.mutate(**{f"at_{r}": _place(table, left, of=table[f"top_{r}"])})
        if r < n_best:
            table = table.mutate(
                **{name: (table[f"at_{r}"] == k).ifelse(_NOTHING, table[name]) for k, name in enumerate(left)}
            )
    others = [(table[f"at_{n_best}"] == k).ifelse(_NOTHING, table[name]) for k, name in enumerate(left)]
    # who takes fewer than allowed has no runner-up to look for; this saves most of the work
    runner_up = (table[f"top_{n_best}"] > 0).ifelse(ibis.greatest(0.0, *others), 0.0)
    return table.mutate(runner_up=runner_up.cast("float64"))


def _place(table: ir.Table, names: Sequence[str], *, of: ir.NumericValue) -> ir.IntegerValue:
    """Return the number of the first column that holds this value; -1 if none does."""
    return ibis.cases(*((table[name] == of, k) for k, name in enumerate(names)), else_=-1).cast("int64")


def _doubt(ranked: ir.Table, *, n_offers: int, n_best: int) -> dict[str, ir.Value]:
    """Return how far people are from deciding otherwise, and about which offers that is."""
    last = ranked[f"top_{n_best}"]
    to_zero = [ranked[f"top_{r}"].abs() for r in range(1, n_best + 1)]
    nearest = to_zero[0] if n_best == 1 else ibis.least(*to_zero)
    second = _place(ranked, [f"left_{k}" for k in range(n_offers)], of=ranked.runner_up)
    about = {f"about_{r}": ranked[f"at_{r}"] for r in range(1, n_best + 1)}
    return {
        "lead": (last > 0).ifelse(last - ranked.runner_up, nearest),
        **about,
        f"about_{n_best + 1}": (ranked.runner_up > 0).ifelse(second, -1),
    }


def _span(at: ir.IntegerValue, spans: NDArray[np.float64]) -> ir.NumericValue:
    return ibis.cases(*((at == k, float(span)) for k, span in enumerate(spans)), else_=0.0).cast("float64")


def _picked(ranked: ir.Table, column: str, rank: int, problem: Problem) -> ir.Value:
    at = ranked[f"at_{rank}"]
    return ibis.cases(
        *((at == k, ranked[f"{column}_{k}"]) for k in range(len(problem.offers))), else_=ibis.null("int64")
    )


def _charge(choices: ir.Table, k: int, prices: NDArray[np.float64], *, problem: Problem) -> ir.NumericValue:
    """Return what the limits charge for offer k."""
    plain, by_segment = _charges_of(k, prices, problem=problem)
    charge: ir.NumericValue = ibis.literal(float(plain), "float64")
    for segment, price in by_segment.items():
        charge = charge + choices[f"member_{segment}"].cast("int8").cast("float64") * float(price)
    return charge


def _whole_charge(
    choices: ir.Table, k: int, prices: NDArray[np.int64], *, problem: Problem
) -> ir.IntegerValue:
    plain, by_segment = _charges_of(k, prices, problem=problem)
    charge: ir.IntegerValue = ibis.literal(int(plain), "int64")
    for segment, price in by_segment.items():
        charge = charge + choices[f"member_{segment}"].ifelse(int(price), 0)
    return charge


def _charges_of(k: int, prices: NDArray[np.generic], *, problem: Problem) -> tuple[float, dict[int, float]]:
    """Return what offer k pays in any case, and what it pays for people in each segment."""
    plain, by_segment = 0.0, dict[int, float]()
    for price, limit, counted in zip(prices.tolist(), problem.limits, problem.counts, strict=True):
        if price == 0 or not counted[k]:
            continue
        if limit.segment is None:
            plain += price
        else:
            place = problem.segments.index(limit.segment)
            by_segment[place] = by_segment.get(place, 0) + price
    return plain, by_segment


def _reach(choices: ir.Table, limit: Limit, *, problem: Problem) -> ir.IntegerValue:
    """Return how many contacts with a person the limit could count at most."""
    able = [
        choices[f"value_{k}"].notnull().cast("int64")
        for k, offer in enumerate(problem.offers)
        if offer.offer_id in limit.offer_ids
    ]
    n_able = ibis.least(_added(able), problem.contacts_per_person) if able else ibis.literal(0, "int64")
    if limit.segment is None:
        return n_able
    return choices[f"member_{problem.segments.index(limit.segment)}"].ifelse(n_able, 0)


def _columns(choices: ir.Table, kind: str, problem: Problem) -> list[ir.Column]:
    return [choices[f"{kind}_{k}"] for k in range(len(problem.offers))]


def _added(parts: Iterable[ir.Value]) -> ir.Value:
    first, *others = parts
    for part in others:
        first = first + part
    return first
