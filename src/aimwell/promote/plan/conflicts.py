"""Names the limits that contradict each other: a smallest set that cannot hold together, found by leaving out one at a time.

References
----------
J. W. Chinneck and E. W. Dravnieks (1991), "Locating minimal infeasible constraint sets in linear programs", ORSA Journal
on Computing 3(2) (the deletion filter).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aimwell.promote.plan.exact import relax
from aimwell.promote.plan.model import Problem
from aimwell.promote.plan.prospects import Prospects, Room

__all__ = ["BUDGET", "conflict"]

BUDGET = "budget"
_ENDLESS = 1e15  # more than any budget: the budget is left out


def conflict(people: Prospects, problem: Problem) -> tuple[str, ...]:
    """Return the keys of limits (or `budget`) that cannot all hold; empty if they can, in fractions of people.

    Every key returned is needed: without it, the others can hold.
    """
    kept = [BUDGET, *(limit.key for limit in problem.limits)]
    if _can_hold(people, problem, keys=kept):
        return ()
    for key in tuple(kept):
        fewer = [k for k in kept if k != key]
        if not _can_hold(people, problem, keys=fewer):
            kept = fewer
    return tuple(kept)


def _can_hold(people: Prospects, problem: Problem, *, keys: list[str]) -> bool:
    """Ask for any choice at all within these limits: profit counts nothing, only breaking limits costs."""
    part = replace(problem, limits=tuple(limit for limit in problem.limits if limit.key in keys))
    segments = [problem.segments.index(segment) for segment in part.segments]
    bare = replace(people, value=np.zeros_like(people.value), member=people.member[:, segments])
    room = Room.of(part)
    if BUDGET not in keys:
        room = replace(room, budget=_ENDLESS)
    return not relax(bare, part, room=room).broken.any()
