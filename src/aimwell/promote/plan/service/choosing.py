"""Lets everyone decide at prices, settles those who waver exactly, and repeats until the certified gap is small."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from aimwell.promote.plan import tables
from aimwell.promote.plan.arrays import assigned, prospects, taken
from aimwell.promote.plan.certificate import sealed, worth
from aimwell.promote.plan.conflicts import BUDGET, conflict
from aimwell.promote.plan.core import find_prices, optimum, whole_choice
from aimwell.promote.plan.dual import reach_of, settle
from aimwell.promote.plan.errors import CannotHold, NotWhole
from aimwell.promote.plan.model import Limit, Prices, Problem, SealedPrices
from aimwell.promote.plan.prospects import Room, use_of
from aimwell.promote.plan.service.gathering import Ready
from aimwell.storage.engines import Engine

__all__ = ["Choice", "Totals", "choose", "totals"]

_WAVERERS = 60_000  # people whom the last step may decide otherwise than prices alone would
_PROVE_UP_TO = 5_000  # for so few people the very best plan is found
_ENOUGH = 1e-5  # stop early once the certified gap is this small
_ROUNDS = 3
_EXTRA = 0.02  # and so large a share of them, at least, about each offer
_SPREAD = 4  # if the limits do not hold, so many times more people are decided exactly
_CONFLICT_SAMPLE = 2_000  # people on whom contradicting limits are named
_CHANCE = 0.9


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Who gets what, and what proves how good that is.

    Attributes
    ----------
    rows
        One row per person and offer: person_id, is_held_out, members, offer, value_milli, cost_milli.
    value_milli, bound_milli
        What the choice brings, and what none could exceed.
    prices, sealed
        The prices found, and those that make the bound.
    is_proven
        Whether the choice was proven the best of all in whole numbers.
    """

    rows: ir.Table
    value_milli: int
    bound_milli: int
    prices: Prices
    sealed: SealedPrices
    is_proven: bool


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What a choice adds up to, held-out people left out; `contacts` has one number per limit."""

    cost_milli: int
    value_milli: int
    n_contacts: int
    contacts: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class _Settled:
    """The waverers' ids, what they get, what everyone together brings, and the prices that the waverers agree on."""

    waverers: pa.Table
    rows: pa.Table
    value_milli: int
    prices: Prices
    is_proven: bool


def choose(given: Ready, *, salt: str, engine: Engine, stage: Callable[[ir.Table], ir.Table]) -> Choice:
    """Choose for everyone, coming from prices found on the sample.

    Parameters
    ----------
    given
        The people, offers and limits.
    salt
        Draws lots where not all who waver can be looked at.
    engine
        Runs the passes.
    stage
        Keeps an intermediate table for as long as the caller needs the rows of the choice.

    Raises
    ------
    CannotHold, NotWhole
        If the limits contradict each other, or leave no room in whole people.
    """
    _check_limits(given)
    near, room = given.sample, Room.of(given.problem)
    found: list[Choice] = []
    for _ in range(_ROUNDS):
        prices = find_prices(near, given.problem, room=room, slopes=given.slopes)
        decisions = stage(tables.decided(given.choices, problem=given.problem, prices=prices, slopes=given.slopes))
        used = totals(decisions_taken(decisions, given), problem=given.problem, engine=engine)
        waverers = _waverers(given, decisions, used, near=near, prices=prices, engine=engine)
        near, room = _near(given, waverers, used, salt=salt, engine=engine)
        if len(near) == waverers.n_people:
            found.append(_settled(given, decisions, used, near=near, room=room, engine=engine))
            best = _best(found)
            is_close = best.bound_milli - best.value_milli <= _ENOUGH * abs(best.bound_milli)
            if is_close or waverers.n_people == given.n_open:
                return best
    return _best(found)


def totals(rows: ir.Table, *, problem: Problem, engine: Engine) -> Totals:
    """Add up what is chosen for the people who are not held out."""
    used = [row for row in engine.rows(tables.uses(rows, problem=problem)) if not row["is_held_out"]]
    contacts = []
    for limit in problem.limits:
        place = None if limit.segment is None else problem.segments.index(limit.segment)
        counted = [row for row in used if problem.offers[row["offer"]].offer_id in limit.offer_ids]
        contacts.append(
            sum(int(row["n_contacts" if place is None else f"n_member_{place}"]) for row in counted)
        )
    return Totals(
        cost_milli=sum(int(row["cost_milli"]) for row in used),
        value_milli=sum(int(row["value_milli"]) for row in used),
        n_contacts=sum(int(row["n_contacts"]) for row in used),
        contacts=tuple(contacts),
    )


def _decisions(given: Ready, *, prices: Prices) -> ir.Table:
    """Return what everyone decides at these prices; who wavers is measured on the sample."""
    settled = settle(given.sample, given.problem, prices=prices, slopes=given.slopes)
    size, extra = _WAVERERS, _WAVERERS * _EXTRA
    reach = reach_of(
        settled, given.sample, given.problem, general=size - len(given.problem.offers) * extra, extra=extra
    )
    return tables.decided(
        given.choices, problem=given.problem, prices=prices, slopes=given.slopes, reach=reach
    )


def _settle(given: Ready, decisions: ir.Table, *, engine: Engine) -> _Settled:
    """Decide exactly for the most doubtful, in the room that all others leave; of more of them, if that room is too tight."""
    open_ones = decisions.filter(~decisions.is_held_out)
    all_use = totals(tables.chosen(open_ones, problem=given.problem), problem=given.problem, engine=engine)
    for limit in (_WAVERERS, _WAVERERS * _SPREAD):
        settled = _settle_some(given, open_ones, all_use, engine=engine, limit=limit)
        if settled is not None:
            return settled
        if limit >= given.n_open:
            break
    raise NotWhole(limits="; ".join(_told(one.key, problem=given.problem) for one in given.problem.limits))


def _settle_some(
    given: Ready, open_ones: ir.Table, all_use: Totals, *, engine: Engine, limit: int
) -> _Settled | None:
    problem = given.problem
    takes = [f"take_{r}" for r in range(1, min(problem.contacts_per_person, len(problem.offers)) + 1)]
    nearest = open_ones.order_by("doubt", "person_id").limit(limit).select("person_id", *takes)
    waverers = engine.arrow(given.choices.inner_join(nearest, "person_id"))
    people = replace(prospects(waverers, problem=problem), weight=np.ones(len(waverers)))
    used = np.array([all_use.cost_milli, *all_use.contacts], dtype=np.float64)
    before = taken(waverers, problem=problem)
    room = Room.of(problem).after(used - use_of(before, people, problem))
    prices = find_prices(people, problem, room=room, slopes=given.slopes)
    chosen = whole_choice(people, problem, room=room, slopes=given.slopes, prices=prices)
    if chosen is None:
        return None
    is_proven = False
    if given.n_open <= _PROVE_UP_TO:
        chosen, is_proven = optimum(people, problem, room=room, prices=prices, chosen=chosen)
    more = float(((chosen.astype(np.float64) - before) * people.value).sum())
    return _Settled(
        waverers=waverers.select(["person_id"]),
        rows=assigned(people, chosen, problem=problem),
        value_milli=all_use.value_milli + round(more),
        prices=prices,
        is_proven=is_proven,
    )


def _choice(given: Ready, decisions: ir.Table, settled: _Settled, *, engine: Engine) -> Choice:
    """Put those settled by prices and those settled exactly together, and bound what any plan could bring."""
    problem = given.problem
    seal = sealed(settled.prices, problem, max_cost_milli=given.seen["max_cost_milli"])
    best = engine.rows(tables.bound_terms(given.choices, problem=problem, prices=seal))[0]["best_milli"]
    by_prices = tables.chosen(decisions, problem=problem)
    others = by_prices.filter(by_prices.is_held_out).union(
        by_prices.filter(~by_prices.is_held_out).anti_join(ibis.memtable(settled.waverers), "person_id")
    )
    exact = ibis.memtable(settled.rows).cast(by_prices.schema())
    return Choice(
        rows=others.union(exact.select(*by_prices.columns)),
        value_milli=settled.value_milli,
        bound_milli=int(best) + worth(seal, problem),
        prices=settled.prices,
        sealed=seal,
        is_proven=settled.is_proven,
    )


def _best(found: Sequence[Choice]) -> Choice:
    """Return the choice that brings most, under the lowest of the bounds: each bound holds for all."""
    most = max(found, key=lambda choice: choice.value_milli)
    lowest = min(found, key=lambda choice: choice.bound_milli)
    return replace(most, bound_milli=lowest.bound_milli, sealed=lowest.sealed)


def _check_limits(given: Ready) -> None:
    """Refuse limits that contradict each other; on a sample a little is left to chance, which the plan itself then meets."""
    if not (given.problem.minima > 0).any():
        return
    some, problem = given.sample, given.problem
    if len(some) < given.n_open or len(some) > _PROVE_UP_TO:
        size = min(_CONFLICT_SAMPLE, len(some))
        some = some[slice(0, size)]
        some = replace(some, weight=some.weight * (len(given.sample) / size))
        problem = replace(problem, limits=tuple(_lowered(limit) for limit in problem.limits))
    keys = conflict(some, problem)
    if keys:
        raise CannotHold(limits="; ".join(_told(key, problem=given.problem) for key in keys))


def _lowered(limit: Limit) -> Limit:
    return replace(limit, minimum=int(limit.minimum * _CHANCE))


def _told(key: str, *, problem: Problem) -> str:
    """Return a limit with its numbers: offer tea 10..20."""
    for limit in problem.limits:
        if limit.key == key:
            return f"{key} ({limit.minimum}..{'' if limit.maximum is None else limit.maximum})"
    return BUDGET
