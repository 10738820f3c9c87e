"""The solver against the true optimum, on campaigns with every kind of limit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimwell.promote.plan import core
from aimwell.promote.plan.certificate import sealed
from aimwell.promote.plan.conflicts import conflict
from aimwell.promote.plan.core import find_prices, optimum, whole_choice
from aimwell.promote.plan.dual import bound_of, tie_slopes
from aimwell.promote.plan.model import Prices
from aimwell.promote.plan.prospects import Room, use_of

from . import oracle
from .oracle import Case, exact_bound, random_case

N_CASES = 500


def solved(case: Case) -> tuple[np.ndarray | None, Prices]:
    """Return who gets what by prices and the core (None: the limits leave no room), and the prices."""
    room = Room.of(case.problem)
    mean = float(np.maximum(case.people.value, 0.0).mean())
    slopes = tie_slopes(case.problem, mean_value=mean)
    prices = find_prices(case.people, case.problem, room=room, slopes=slopes)
    chosen = whole_choice(case.people, case.problem, room=room, slopes=slopes, prices=prices)
    return chosen, prices


def bound(case: Case, prices: Prices) -> int:
    seal = sealed(prices, case.problem, max_cost_milli=int(case.people.cost.max(initial=1)))
    return exact_bound(case, budget_price=seal.budget, limit_prices=seal.limits)


def value(case: Case, chosen: np.ndarray) -> float:
    return float((chosen * case.people.value).sum())


@pytest.mark.parametrize("block", range(10))
def test_500_random_campaigns_reach_the_true_optimum(block: int) -> None:
    n_feasible = 0
    for seed in range(block * N_CASES // 10, (block + 1) * N_CASES // 10):
        case = random_case(seed)
        best = oracle.optimum(case)
        chosen, prices = solved(case)
        if best is None:
            assert chosen is None, seed
            continue
        n_feasible += 1
        assert chosen is not None, seed
        room = Room.of(case.problem)
        assert not room.broken(use_of(chosen, case.people, case.problem)).any(), seed
        assert not (chosen & ~case.people.eligible).any(), seed
        assert (chosen.sum(axis=1) <= case.problem.contacts_per_person).all(), seed
        chosen, is_proven = optimum(case.people, case.problem, room=room, prices=prices, chosen=chosen)
        assert is_proven, seed
        assert value(case, chosen) == best, seed
        assert bound(case, prices) >= best, seed
    assert n_feasible >= 20  # of 50: the others are impossible on purpose


@pytest.mark.parametrize("seed", range(12))
def test_a_narrow_core_comes_within_the_reported_gap(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With hundreds of people and a core of a few dozen, the steps that large campaigns need are all taken."""
    monkeypatch.setattr(core, "_FIRST", 40)
    monkeypatch.setattr(core, "_LP_CORE", 60)
    monkeypatch.setattr(core, "_WHOLE_CORE", 30)
    case = random_case(1000 + seed, n_people=400)
    best = oracle.optimum(case)
    chosen, prices = solved(case)
    if best is None:
        assert chosen is None
        return
    assert chosen is not None
    assert value(case, chosen) <= best <= bound(case, prices)
    assert value(case, chosen) >= best - 0.002 * abs(best)
    # the prices are those of the linear programme: their bound is its optimum, but for breaking ties and rounding
    found = bound_of(case.people, case.problem, prices=prices, room=Room.of(case.problem))
    assert found == pytest.approx(oracle.relaxed_optimum(case), rel=1e-4)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), steps=st.lists(st.integers(0, 200), min_size=2, max_size=4))
def test_profit_never_falls_as_the_budget_grows(seed: int, steps: list[int]) -> None:
    case, last = random_case(seed), -np.inf
    for budget_minor in np.cumsum(steps).tolist():
        richer = Case(case.people, replace(case.problem, budget_minor=int(budget_minor)))
        chosen, prices = solved(richer)
        if chosen is None:
            assert last == -np.inf  # once it is possible, more budget keeps it possible
            continue
        room = Room.of(richer.problem)
        chosen, _ = optimum(richer.people, richer.problem, room=room, prices=prices, chosen=chosen)
        assert value(richer, chosen) >= last
        last = value(richer, chosen)


def test_what_cannot_hold_is_named_and_nothing_else() -> None:
    n_named = 0
    for seed in range(150):
        case = random_case(seed)
        keys = conflict(case.people, case.problem)
        if not keys:
            continue
        n_named += 1
        assert oracle.optimum(case) is None, seed
        limits = tuple(limit for limit in case.problem.limits if limit.key in keys)
        for left_out in keys:  # without any one of them, the others can hold
            others = tuple(limit for limit in limits if limit.key != left_out)
            rest = _part(case, others, is_rich="budget" not in keys or left_out == "budget")
            assert conflict(rest.people, rest.problem) == ()
    assert n_named >= 20


def _part(case: Case, limits: tuple, *, is_rich: bool) -> Case:
    problem = replace(case.problem, limits=limits)
    if is_rich:
        problem = replace(problem, budget_minor=10**9)
    members = [case.problem.segments.index(segment) for segment in problem.segments]
    return Case(replace(case.people, member=case.people.member[:, members]), problem)
