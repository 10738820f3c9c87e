"""Lets everyone decide at prices, decides exactly for those who waver, and repeats until the certified gap is small."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aimwell.base.words import CLAUSES, Sentence, Series, text
from aimwell.promote.plan import tables
from aimwell.promote.plan.arrays import assigned, prospects, taken
from aimwell.promote.plan.certificate import sealed, worth
from aimwell.promote.plan.conflicts import BUDGET, conflict
from aimwell.promote.plan.core import find_prices, optimum, whole_choice
from aimwell.promote.plan.dual import Reach, reach_of, settle
from aimwell.promote.plan.errors import CannotHold, NotWhole
from aimwell.promote.plan.explain import limit_name
from aimwell.promote.plan.model import PRICE_UNIT, Limit, Prices, Problem, SealedPrices
from aimwell.promote.plan.prospects import Prospects, Room
from aimwell.promote.plan.service.gathering import Ready
from aimwell.storage.engines import Engine

__all__ = ["Choice", "Totals", "choose", "totals"]

_WAVERERS = 60_000  # about so many people are decided exactly, and more where limits are missed by more
_MOST = 400_000  # but not more than this: of more, as many are drawn
_ABOUT = 0.02  # at least so large a share of them waver about each offer, and in each segment
_MISSES = 4.0  # and at least so many times what the limits that count the offer are missed by
_WIDER = 4.0  # where that was too narrow, so many times more
_PROVE_UP_TO = 5_000  # for so few people the very best plan is found
_ENOUGH = 1e-5  # stop early once the certified gap is this small
_ROUNDS = 6
_TRIES = 3  # where people are alike, whole people stay short of the bound however often one tries
_CONFLICT_SAMPLE = 2_000  # people on whom contradicting limits are named
_CHANCE = 0.9  # a sample may by chance bring this share only of what a minimum needs


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Who gets what, and what proves how good that is.

    Attributes
    ----------
    rows
        One row per person and offer: person_id, is_held_out, members, offer, value_milli, cost_milli.
    value_milli, bound_milli
        What the choice brings, and what none could exceed.
    sealed
        The prices that make the bound.
    settled
        Who got something else than what these prices alone would give: `tables.settled`.
    is_proven
        Whether the choice was proven the best of all in whole people.
    """

    rows: ir.Table
    value_milli: int
    bound_milli: int
    sealed: SealedPrices
    settled: ir.Table
    is_proven: bool


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What a choice adds up to, held-out people left out; `contacts` has one number per limit, `gains_milli` (value and cost) one per offer."""

    cost_milli: int
    value_milli: int
    n_contacts: int
    contacts: tuple[int, ...]
    gains_milli: tuple[int, ...]

    @property
    def use(self) -> NDArray[np.float64]:
        """What is used: the budget first, then each limit."""
        return np.array([self.cost_milli, *self.contacts], dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class _Stand:
    """What everyone decides at some prices, what that uses, and the bound that the prices make."""

    prices: Prices
    decisions: ir.Table
    used: Totals
    bound: float


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A choice before its prices are settled on: with what everyone decided first, and who of them was decided for again."""

    rows: ir.Table
    stand: _Stand
    again: ir.Table
    value_milli: int
    bound_milli: int
    sealed: SealedPrices
    is_proven: bool

    @property
    def is_close(self) -> bool:
        """Say whether looking further is not worth while."""
        return self.bound_milli - self.value_milli <= _ENOUGH * abs(self.bound_milli)


@dataclass(frozen=True, kw_only=True)
class _Near:
    """Those who waver: all of them or some, each standing for more; what they decided; and the room that all others leave."""

    people: Prospects
    decided: NDArray[np.bool_]
    room: Room
    is_all: bool


def choose(given: Ready, *, salt: str, engine: Engine, stage: Callable[[ir.Table], ir.Table]) -> Choice:
    """Choose for everyone, coming from prices found on the sample.

    Parameters
    ----------
    given
        The people, offers and limits.
    salt
        Draws lots where too many waver to look at all of them.
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
    problem, found, wider = given.problem, list[_Found](), 1.0
    prices = find_prices(given.sample, problem, room=Room.of(problem), slopes=given.slopes)
    stand = _stand(given, prices, engine=engine, stage=stage)
    for _ in range(_ROUNDS):
        near = _near(given, stand, salt=salt, wider=wider, engine=engine)
        prices = stand.prices
        if len(given.sample) < given.n_open:  # else the prices are everyone's already
            prices = find_prices(near.people, problem, room=near.room, slopes=given.slopes)
        if near.is_all:
            choice = _exact(given, stand, near=near, prices=prices, engine=engine)
            found += [] if choice is None else [choice]
        is_close = bool(found) and _best(found).is_close
        if is_close or given.n_open <= _WAVERERS or len(found) == _TRIES:
            break
        then = _stand(given, prices, engine=engine, stage=stage)
        if then.bound < stand.bound:
            stand, wider = then, 1.0
        else:  # those looked at were too few to see how far the prices may move
            wider *= _WIDER
    if not found:
        raise NotWhole(limits=_told([limit.key for limit in problem.limits], problem=problem))
    best = _best(found)
    return Choice(
        rows=best.rows,
        value_milli=best.value_milli,
        bound_milli=best.bound_milli,
        sealed=best.sealed,
        settled=_settled(given, best),
        is_proven=best.is_proven,
    )


def _settled(given: Ready, best: _Found) -> ir.Table:
    """Return who got something else than what the sealed prices alone give.

    Only those can have who were decided for again, or whose lead is within what the prices have moved by since everyone decided.
    """
    stand, sealed_budget = best.stand, best.sealed.budget / PRICE_UNIT
    moved = abs(stand.prices.budget - sealed_budget) * given.seen["max_cost_milli"]
    moved += float(np.abs(stand.prices.limits - np.array(best.sealed.limits, dtype=np.float64)).sum())
    moved += float(np.abs(given.slopes).max()) + 1.0  # ties, and what rounding down leaves
    decisions = stand.decisions
    open_to_doubt = decisions.filter(decisions.lead <= 2.0 * moved).select("person_id").union(best.again)
    doubtful = given.choices.semi_join(open_to_doubt, "person_id")
    return tables.settled(doubtful, best.rows, problem=given.problem, prices=best.sealed)


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
        gains_milli=tuple(
            sum(int(row["value_milli"]) + int(row["cost_milli"]) for row in used if row["offer"] == k)
            for k in range(len(problem.offers))
        ),
    )


def _stand(given: Ready, prices: Prices, *, engine: Engine, stage: Callable[[ir.Table], ir.Table]) -> _Stand:
    """Let everyone decide at these prices."""
    problem = given.problem
    decisions = stage(tables.decided(given.choices, problem=problem, prices=prices, slopes=given.slopes))
    used = totals(tables.chosen(_open(decisions), problem=problem), problem=problem, engine=engine)
    missed = _misses(problem, used, prices=prices)
    # what people bring, and the worth of what they leave unused: the Lagrangian
    bound = used.value_milli - prices.budget * missed[0] - float(prices.limits @ missed[1:])
    return _Stand(prices=prices, decisions=decisions, used=used, bound=bound)


def _open(rows: ir.Table) -> ir.Table:
    return rows.filter(~rows.is_held_out)


def _misses(problem: Problem, used: Totals, *, prices: Prices) -> NDArray[np.float64]:
    """Return by how much the uses miss what the prices aim at: a priced limit at its end, the others within."""
    room = Room.of(problem)
    misses = room.broken(used.use)
    if prices.budget > 0:
        misses[0] = used.cost_milli - room.budget
    aims = np.where(prices.limits > 0, room.maxima, room.minima)
    return np.concatenate([misses[:1], np.where(prices.limits == 0, misses[1:], used.use[1:] - aims)])


def _reach(given: Ready, stand: _Stand, *, wider: float) -> Reach:
    """Return up to which lead people are looked at: far enough to make good what the limits are missed by."""
    problem = given.problem
    if given.n_open <= _WAVERERS:
        everyone = np.full(len(problem.offers), np.inf)
        return Reach(general=np.inf, offers=everyone, segments=np.full(len(problem.segments), np.inf))
    misses = np.abs(_misses(problem, stand.used, prices=stand.prices)) * _MISSES
    least = _WAVERERS * _ABOUT
    offers, segments = np.full(len(problem.offers), least), np.full(len(problem.segments), least)
    for row, limit in enumerate(problem.limits):
        offers = np.maximum(offers, problem.counts[row] * misses[1 + row])
        if limit.segment is not None:
            place = problem.segments.index(limit.segment)
            segments[place] = max(segments[place], misses[1 + row])
    return reach_of(
        settle(given.sample, problem, prices=stand.prices, slopes=given.slopes),
        given.sample,
        problem,
        general=_WAVERERS / 3 * wider,
        offers=offers * wider,
        segments=segments * wider,
        cost=misses[0] * wider,
    )


def _near(given: Ready, stand: _Stand, *, salt: str, wider: float, engine: Engine) -> _Near:
    """Fetch those who waver, or a share of them if they are too many."""
    problem = given.problem
    doubtful = tables.wavering(stand.decisions, problem=problem, reach=_reach(given, stand, wider=wider))
    n_doubtful = int(engine.rows(doubtful.agg(n=doubtful.count()))[0]["n"])
    share = min(1.0, _MOST / max(n_doubtful, 1))
    takes = [f"take_{r}" for r in range(1, min(problem.contacts_per_person, len(problem.offers)) + 1)]
    drawn = doubtful if share == 1.0 else tables.some(doubtful, salt=salt, share=share)
    fetched = engine.arrow(given.choices.inner_join(drawn.select("person_id", *takes), "person_id"))
    people = replace(prospects(fetched, problem=problem), weight=np.full(len(fetched), 1.0 / share))
    theirs = totals(tables.chosen(doubtful, problem=problem), problem=problem, engine=engine)
    return _Near(
        people=people,
        decided=taken(fetched, problem=problem),
        room=Room.of(problem).after(stand.used.use - theirs.use),
        is_all=share == 1.0,
    )


def _exact(given: Ready, stand: _Stand, *, near: _Near, prices: Prices, engine: Engine) -> _Found | None:
    """Decide for those who waver in whole people, and bound what any plan could bring; None if the limits cannot be met so."""
    problem, people, room = given.problem, near.people, near.room
    chosen = whole_choice(people, problem, room=room, slopes=given.slopes, prices=prices)
    if chosen is None:
        return None
    is_proven = False
    if given.n_open <= _PROVE_UP_TO:
        chosen, is_proven = optimum(people, problem, room=room, prices=prices, chosen=chosen)
    more = float(((chosen.astype(np.float64) - near.decided) * people.value).sum())
    seal = sealed(prices, problem, max_cost_milli=given.seen["max_cost_milli"])
    terms = engine.rows(tables.bound_terms(given.choices, problem=problem, prices=seal))[0]
    again = ibis.memtable(pa.table({"person_id": pa.array(people.person_id, pa.int64())}))
    return _Found(
        rows=_rows(stand.decisions, again, assigned(people, chosen, problem=problem), problem=problem),
        stand=stand,
        again=again,
        value_milli=stand.used.value_milli + round(more),
        bound_milli=int(terms["best_milli"]) + worth(seal, problem),
        sealed=seal,
        is_proven=is_proven,
    )


def _rows(decisions: ir.Table, again: ir.Table, exactly: pa.Table, *, problem: Problem) -> ir.Table:
    """Return what everyone gets: those who waver as chosen, all others, and the held out, as decided at the prices."""
    decided = tables.chosen(decisions, problem=problem)
    others = decided.anti_join(again, "person_id")  # nobody held out is among the waverers
    exact = ibis.memtable(exactly).cast(decided.schema())
    return others.union(exact.select(*decided.columns))


def _best(found: Sequence[_Found]) -> _Found:
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
        raise CannotHold(limits=_told(keys, problem=given.problem))


def _lowered(limit: Limit) -> Limit:
    return replace(limit, minimum=int(limit.minimum * _CHANCE))


def _told(keys: Sequence[str], *, problem: Problem) -> Series:
    """Return limits with their numbers: offer tea (10..20)."""
    known = {limit.key: limit for limit in problem.limits}
    return Series(
        [_with_ends(known[key]) if key != BUDGET else Sentence(text("budget")) for key in keys], CLAUSES
    )


def _with_ends(limit: Limit) -> Sentence:
    maximum = "" if limit.maximum is None else limit.maximum
    return Sentence(
        text("{limit} ({minimum}..{maximum})"),
        {"limit": limit_name(limit), "minimum": limit.minimum, "maximum": maximum},
    )
