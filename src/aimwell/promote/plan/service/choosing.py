"""Lets everyone decide at prices, settles those who waver exactly, and repeats until the certified gap is small."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aimwell.promote.plan import tables
from aimwell.promote.plan.arrays import assigned, prospects, taken
from aimwell.promote.plan.certificate import sealed, worth
from aimwell.promote.plan.conflicts import BUDGET, conflict
from aimwell.promote.plan.core import find_prices, optimum, whole_choice
from aimwell.promote.plan.dual import reach_of, settle
from aimwell.promote.plan.errors import CannotHold, NotWhole
from aimwell.promote.plan.model import Prices, Problem, SealedPrices
from aimwell.promote.plan.prospects import Room, use_of
from aimwell.promote.plan.service.gathering import Ready
from aimwell.storage.engines import Engine

__all__ = ["Choice", "choose", "totals"]

_WAVERERS = 60_000  # people whom the last step may decide otherwise than prices alone would
_PROVE_UP_TO = 5_000  # for so few people the very best plan is found
_ENOUGH = 1e-5  # stop early once the certified gap is this small
_ROUNDS = 3
_EXTRA = 0.02  # and so large a share of them, at least, about each offer
_SPREAD = 4  # if the limits do not hold, so many times more people are decided exactly
_MOST = 1_000_000
_CONFLICT_SAMPLE = 1_500  # people on whom contradicting limits are named


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
class _Settled:
    waverers: pa.Table
    rows: pa.Table
    value_milli: float
    prices: Prices
    is_proven: bool
    missed: tuple[str, ...]


def choose(given: Ready, *, start: Prices, engine: Engine, stage: Callable[[ir.Table], ir.Table]) -> Choice:
    """Choose for everyone, coming from prices found on the sample.

    Parameters
    ----------
    given
        The people, offers and limits.
    start
        Prices to begin with.
    engine
        Runs the passes.
    stage
        Keeps an intermediate table for as long as the caller needs the rows of the choice.

    Raises
    ------
    CannotHold, NotWhole
        If the limits contradict each other, or leave no room in whole people.
    """
    prices, n_waverers = start, _WAVERERS
    found: list[Choice] = []
    for _ in range(_ROUNDS):
        decisions = stage(_decisions(given, prices=prices, size=n_waverers))
        settled = _settle(given, decisions, engine=engine, limit=n_waverers)
        while settled.missed:
            if n_waverers >= min(given.n_open, _MOST):
                _explain(given, settled.missed)
            n_waverers *= _SPREAD
            settled = _settle(given, decisions, engine=engine, limit=n_waverers)
        found.append(_choice(given, decisions, settled, engine=engine))
        best = _best(found)
        if (
            best.bound_milli - best.value_milli <= _ENOUGH * abs(best.bound_milli)
            or n_waverers >= given.n_open
        ):
            break
        prices = settled.prices
    return best


def totals(rows: ir.Table, *, problem: Problem, engine: Engine) -> tuple[NDArray[np.float64], int, int]:
    """Return what the people who are not held out use (cost, then contacts per limit), their value, and their contacts."""
    used = [row for row in engine.rows(tables.uses(rows, problem=problem)) if not row["is_held_out"]]
    result = np.zeros(1 + len(problem.limits))
    for row in used:
        result[0] += row["cost_milli"]
        for k, limit in enumerate(problem.limits):
            if problem.offers[row["offer"]].offer_id in limit.offer_ids:
                counted = (
                    "n_contacts"
                    if limit.segment is None
                    else f"n_member_{problem.segments.index(limit.segment)}"
                )
                result[1 + k] += row[counted]
    return result, sum(int(r["value_milli"]) for r in used), sum(int(r["n_contacts"]) for r in used)


def _decisions(given: Ready, *, prices: Prices, size: int) -> ir.Table:
    """Return what everyone decides at these prices; who wavers is measured on the sample."""
    settled = settle(given.sample, given.problem, prices=prices, slopes=given.slopes)
    extra = size * _EXTRA
    reach = reach_of(
        settled, given.sample, given.problem, general=size - len(given.problem.offers) * extra, extra=extra
    )
    return tables.decided(
        given.choices, problem=given.problem, prices=prices, slopes=given.slopes, reach=reach
    )


def _settle(given: Ready, decisions: ir.Table, *, engine: Engine, limit: int) -> _Settled:
    """Decide exactly for the people nearest to indifference, in the room that all others leave."""
    problem = given.problem
    open_ones = decisions.filter(~decisions.is_held_out)
    nearest = open_ones.order_by("doubt", "person_id").limit(limit)
    takes = [f"take_{r}" for r in range(1, min(problem.contacts_per_person, len(problem.offers)) + 1)]
    waverers = engine.arrow(given.choices.inner_join(nearest.select("person_id", *takes), "person_id"))
    people = replace(prospects(waverers, problem=problem), weight=np.ones(len(waverers)))
    used, value, _ = totals(tables.chosen(open_ones, problem=problem), problem=problem, engine=engine)
    before = taken(waverers, problem=problem)
    room = Room.of(problem).after(used - use_of(before, people, problem))
    prices = find_prices(people, problem, room=room, slopes=given.slopes)
    chosen, broken = whole_choice(people, problem, room=room, slopes=given.slopes, prices=prices)
    missed = [BUDGET, *(one.key for one in problem.limits)]
    is_proven = False
    if not broken.any() and given.n_open <= _PROVE_UP_TO:
        chosen, is_proven = optimum(people, problem, room=room, prices=prices, chosen=chosen)
    return _Settled(
        waverers=waverers.select(["person_id"]),
        rows=assigned(people, chosen, problem=problem),
        value_milli=value + float(((chosen.astype(float) - before) * people.value).sum()),
        prices=prices,
        is_proven=is_proven,
        missed=tuple(key for key, by in zip(missed, broken, strict=True) if by > 0),
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
        value_milli=round(settled.value_milli),
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


def _explain(given: Ready, missed: tuple[str, ...]) -> NoReturn:
    """Raise what keeps the limits from holding."""
    size = min(_CONFLICT_SAMPLE if given.n_open > _PROVE_UP_TO else _PROVE_UP_TO, len(given.sample))
    some = given.sample[slice(0, size)]
    some = replace(some, weight=some.weight * (len(given.sample) / size))
    keys = conflict(some, given.problem)
    if keys:
        raise CannotHold(limits="; ".join(_told(key, problem=given.problem) for key in keys))
    raise NotWhole(limits="; ".join(_told(key, problem=given.problem) for key in missed))


def _told(key: str, *, problem: Problem) -> str:
    """Return a limit with its numbers: offer tea 10..20."""
    for limit in problem.limits:
        if limit.key == key:
            return f"{key} ({limit.minimum}..{'' if limit.maximum is None else limit.maximum})"
    return BUDGET
