"""Finding the best prices, and a whole-number plan, by solving exactly for the few people who waver.

The prices of a small sample are already close, so most people would decide alike at the best prices. Only those nearest to
indifference, the *core*, are open: with everyone else settled, a linear programme over the core gives new prices; when nobody
outside the core would change his mind at them, they are the best prices for all (sifting). Samples grow eightfold, each starting
from the prices of the one before. At the end the core is solved once more in whole numbers, within the room that
the others leave: the plan is feasible, and as good as the bound up to the little that the core gives away.

References
----------
E. Balas and E. Zemel (1980), "An algorithm for large zero-one knapsack problems", Operations Research 28(5).
R. E. Bixby, J. W. Gregory, I. J. Lustig, R. E. Marsten, D. F. Shanno (1992), "Very large-scale linear programming: a case
study in combining interior point and simplex methods", Operations Research 40(5).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from aimwell.promote.plan.dual import settle
from aimwell.promote.plan.exact import solve
from aimwell.promote.plan.model import Prices, Problem
from aimwell.promote.plan.prospects import Prospects, Room, use_of

__all__ = ["find_prices", "whole_choice"]

_FIRST = 1_000
_GROWTH = 8
_LP_CORE = 2_000
_WHOLE_CORE = 300
_WHOLE_GAP = 1e-6
_ROUNDS = 8


def find_prices(
    people: Prospects,
    problem: Problem,
    *,
    room: Room,
    slopes: NDArray[np.float64],
    start: Prices | None = None,
) -> Prices:
    """Return the best prices for these people within `room`, coming from `start` if given.

    The people must be in random order, so that each first part is a fair sample of all.
    """
    if start is not None:
        return _sifted(people, problem, room=room, slopes=slopes, prices=start)
    size = min(_FIRST, len(people))
    prices = solve(_tied(_part(people, size), slopes), problem, room=room, kind="lp").prices
    while size < len(people):
        assert prices is not None
        size = min(size * _GROWTH, len(people))
        prices = _sifted(_part(people, size), problem, room=room, slopes=slopes, prices=prices)
    assert prices is not None
    return prices


def whole_choice(
    people: Prospects,
    problem: Problem,
    *,
    room: Room,
    slopes: NDArray[np.float64],
    prices: Prices,
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return who gets what in whole numbers, and by how much limits had to be broken (all zero if it fits).

    Everyone decides at the prices, except a core of waverers, who are chosen for exactly; the core grows until all limits hold.
    """
    settled = settle(people, problem, prices=prices, slopes=slopes)
    order = np.argsort(settled.lead, kind="stable")
    size = _WHOLE_CORE
    while True:
        core = np.sort(order[:size])
        chosen = settled.chosen.copy()
        chosen[core] = False
        left = room.after(use_of(chosen, people, problem))
        answer = solve(people[core], problem, room=left, kind="integer", gap=_WHOLE_GAP)
        chosen[core] = answer.chosen > 0.5
        broken = room.broken(use_of(chosen, people, problem))
        if not broken.any() or size >= len(people):
            return chosen, broken
        size *= 4


def _sifted(
    people: Prospects,
    problem: Problem,
    *,
    room: Room,
    slopes: NDArray[np.float64],
    prices: Prices,
) -> Prices:
    """Solve for the core at these prices, and again at the new ones, until nobody outside the core changes his mind."""
    size = _LP_CORE
    settled = settle(people, problem, prices=prices, slopes=slopes)
    for _ in range(_ROUNDS):
        wavering = np.argsort(settled.lead * people.weight, kind="stable")[:size]
        core = np.sort(wavering)
        is_outside = np.ones(len(people), dtype=bool)
        is_outside[core] = False
        left = room.after(use_of(settled.chosen & is_outside[:, None], people, problem))
        answer = solve(_tied(people[core], slopes), problem, room=left, kind="lp")
        if answer.broken.any() and size < len(people):
            size *= 4
            continue
        assert answer.prices is not None
        prices = answer.prices
        again = settle(people, problem, prices=prices, slopes=slopes)
        changed = (again.chosen != settled.chosen).any(axis=1) & is_outside
        settled = again
        if not changed.any():
            break
    return prices


def _part(people: Prospects, size: int) -> Prospects:
    """Return the first `size` people, each standing for more."""
    part = people[slice(0, size)]
    return replace(part, weight=part.weight * (len(people) / size))


def _tied(people: Prospects, slopes: NDArray[np.float64]) -> Prospects:
    """Return the people with ties broken in their values."""
    return replace(people, value=people.value + people.draw[:, None] * slopes)
