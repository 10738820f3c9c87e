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

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aimwell.promote.plan.dual import Settled, bound_of, reach_of, settle, wavering, worth_of
from aimwell.promote.plan.exact import relax, solve
from aimwell.promote.plan.model import Prices, Problem
from aimwell.promote.plan.prospects import Prospects, Room, available, use_of

__all__ = ["find_prices", "optimum", "whole_choice"]

_FIRST = 1_000
_GROWTH = 6
_LP_CORE = 1_500
_LP_WIDEST = 12_000
_WHOLE_CORE = 300
_WHOLE_WIDEST = 20_000
_WHOLE_GAP = 2e-6  # of the whole plan: how close the last step comes to its optimum
_PENALTY = 5.0  # a sample too small to meet a minimum shall not send prices to infinity
_PROOF_GAP = 1e-7
_ROUNDS = 15
_STOP = 1e-7  # of the bound: how near to the best prices
_STOP_EARLY = 1e-5
_STEPS = (1.0, 0.5, 0.2, 0.05)
_REACH = 2.0
_EXTRA = 0.1
_BRING = 0.8


def find_prices(
    people: Prospects,
    problem: Problem,
    *,
    room: Room,
    slopes: NDArray[np.float64],
) -> Prices:
    """Return the best prices for these people within `room`.

    The people must be in random order, so that each first part is a fair sample of all.
    """
    size = min(_FIRST, len(people))
    part, part_room = _part(people, problem, room=room, size=size)
    prices = relax(_tied(part, slopes), problem, room=part_room, penalty=_PENALTY).prices
    while size < len(people):
        size = min(size * _GROWTH, len(people))
        stop = _STOP if size == len(people) else _STOP_EARLY
        part, part_room = _part(people, problem, room=room, size=size)
        prices = _sifted(part, problem, room=part_room, slopes=slopes, prices=prices, stop=stop)
    return prices


def whole_choice(
    people: Prospects,
    problem: Problem,
    *,
    room: Room,
    slopes: NDArray[np.float64],
    prices: Prices,
) -> NDArray[np.bool_] | None:
    """Return who gets what, (people, offers), within all limits; None if no such choice is found.

    Everyone decides at the prices, except a core of waverers, who are chosen for exactly; the core grows until all limits hold.
    """
    settled = settle(people, problem, prices=prices, slopes=slopes)
    gap_milli = max(0.5, _WHOLE_GAP * float((settled.chosen * people.value).sum()))
    size = min(_WHOLE_CORE, len(people))
    while True:
        core, near = _core(settled, people, problem, size=size)
        chosen = settled.chosen.copy()
        chosen[core] = False
        left = room.after(use_of(chosen, people, problem))
        some, is_last = people[core], len(core) == len(people)
        if is_last or not relax(some, problem, room=left, columns=near).broken.any():
            answer = solve(some, problem, room=left, columns=near, gap_milli=gap_milli)
            if answer is not None:
                chosen[core] = answer.chosen
                return chosen
        if is_last or size >= _WHOLE_WIDEST:
            return None
        size = min(3 * size, len(people))


def optimum(
    people: Prospects,
    problem: Problem,
    *,
    room: Room,
    prices: Prices,
    chosen: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], bool]:
    """Return the best of all whole-number plans, given one that fits, and whether HiGHS proved it to be the best.

    With `bound - value` still to be won, whoever would lose more than that by deciding otherwise is settled for good (fixing by
    reduced costs); the others are solved for exactly. Ties are left in: the prices' bound must be the true one.
    """
    settled = settle(people, problem, prices=prices, slopes=np.zeros(len(problem.offers)))
    value = float((chosen * people.value).sum())
    missing = max(bound_of(people, problem, prices=prices, room=room) - value, 0.0) + 1.0
    core = np.nonzero(settled.lead <= missing)[0]
    if len(core) == 0:
        return chosen, True
    rest = settled.chosen.copy()
    rest[core] = False
    answer = solve(
        people[core],
        problem,
        room=room.after(use_of(rest, people, problem)),
        columns=settled.scores[core] >= settled.threshold[core, None] - missing,
        gap_milli=max(0.5, _PROOF_GAP * abs(value)),
    )
    if answer is None:
        return chosen, False
    rest[core] = answer.chosen
    better = rest if float((rest * people.value).sum()) >= value else chosen
    return better, answer.is_proven


def _core(
    settled: Settled, people: Prospects, problem: Problem, *, size: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the people who waver most, about `size` of them and some more about each offer, and which offers are in question."""
    if size >= len(people):
        return np.arange(len(people)), people.eligible
    per_head = float(people.weight.sum()) / len(people)
    extra = size * _EXTRA * per_head
    reach = reach_of(
        settled,
        people,
        problem,
        general=size * per_head,
        offers=np.full(len(problem.offers), extra),
        segments=np.full(len(problem.segments), extra),
    )
    core = np.nonzero(wavering(settled, people, reach))[0]
    near = settled.scores[core] >= settled.threshold[core, None] - _REACH * reach.general
    np.put_along_axis(near, settled.about[core], values=True, axis=1)
    return core, near


def _sifted(
    people: Prospects,
    problem: Problem,
    *,
    room: Room,
    slopes: NDArray[np.float64],
    prices: Prices,
    stop: float,
) -> Prices:
    """Solve for the core at these prices, and again at the new ones, until what can be brought meets the bound."""
    tied = _tied(people, slopes)
    size = min(_LP_CORE, len(people))
    now = _stand(people, problem, room=room, slopes=slopes, prices=prices)
    for _ in range(_ROUNDS):
        core, near = _core(now.settled, people, problem, size=size)
        rest = now.settled.chosen.copy()
        rest[core] = False
        left = room.after(use_of(rest, people, problem))
        answer = relax(tied[core], problem, room=left, columns=near, penalty=_PENALTY)
        then = None
        if not answer.broken.any():
            # with everyone else's choice the core's is a plan in fractions: no prices make a lower bound than it brings
            brought = _brought(rest, tied) + _brought(answer.chosen, tied[core])
            then = _towards(answer.prices, now, people, problem, room=room, slopes=slopes)
            now = then or now
            if now.bound - brought <= stop * abs(now.bound):
                break
        if then is None:  # the core was too narrow: for the limits, or to see how far to go
            if size >= min(_LP_WIDEST, len(people)):
                break
            size = min(2 * size, len(people))
    return now.prices


def _brought(chosen: NDArray[np.bool_] | NDArray[np.float64], people: Prospects) -> float:
    return float(((chosen * people.value).sum(axis=1) * people.weight).sum())


@dataclass(frozen=True, kw_only=True)
class _Stand:
    prices: Prices
    settled: Settled
    bound: float


def _stand(
    people: Prospects, problem: Problem, *, room: Room, slopes: NDArray[np.float64], prices: Prices
) -> _Stand:
    """Let people settle at these prices, and see what bound that gives."""
    settled = settle(people, problem, prices=prices, slopes=slopes)
    taken = np.where(settled.chosen, settled.scores, 0.0).sum(axis=1)
    bound = float((taken * people.weight).sum()) + worth_of(prices, room=room)
    return _Stand(prices=prices, settled=settled, bound=bound)


def _towards(
    target: Prices,
    now: _Stand,
    people: Prospects,
    problem: Problem,
    *,
    room: Room,
    slopes: NDArray[np.float64],
) -> _Stand | None:
    """Go towards these prices as far as it lowers the bound: a narrow core knows the way better than the distance."""
    for step in _STEPS:
        prices = _between(now.prices, target, step=step)
        then = _stand(people, problem, room=room, slopes=slopes, prices=prices)
        if then.bound <= now.bound:
            return then
    return None


def _between(start: Prices, end: Prices, *, step: float) -> Prices:
    return Prices(
        budget=start.budget + step * (end.budget - start.budget),
        limits=start.limits + step * (end.limits - start.limits),
    )


def _part(people: Prospects, problem: Problem, *, room: Room, size: int) -> tuple[Prospects, Room]:
    """Return the first `size` people, each standing for more, and the room for them.

    Few people may by chance hold too few of those whom a minimum needs; it is then lowered to what they can bring.
    """
    if size == len(people):
        return people, room
    part = people[slice(0, size)]
    part = replace(part, weight=part.weight * (len(people) / size))
    return part, replace(room, minima=np.minimum(room.minima, _BRING * available(part, problem)))


def _tied(people: Prospects, slopes: NDArray[np.float64]) -> Prospects:
    """Return the people with ties broken in their values."""
    return replace(people, value=people.value + people.draw[:, None] * slopes)
