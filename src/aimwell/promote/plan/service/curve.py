"""What other budgets would bring: the budget slider and the budget curve."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aimwell.promote.plan.core import find_prices
from aimwell.promote.plan.dual import bound_of
from aimwell.promote.plan.exact import relax
from aimwell.promote.plan.model import MILLI, Problem
from aimwell.promote.plan.prospects import Prospects, Room, use_of

__all__ = ["CurvePoint", "Slider", "budget_curve"]

_SHARES = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0)
_FEW = 1_000  # people on whom the prices of a budget are found: near enough, since a bound changes little with its prices
_MANY = 25_000  # people on whom the bound is then taken
_ENDLESS = 1e15


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """What a budget would bring, as estimated on the sample, and what one more unit of it would add."""

    budget_minor: int
    profit_milli: int
    per_unit: float


@dataclass(frozen=True)
class _Line:
    """The dual at fixed prices, as a function of the budget: a straight line above the true curve."""

    at_zero: float
    slope: float


class Slider:
    """Answers what a budget would bring, in well under a second, from a sample.

    At fixed prices the bound is a straight line in the budget. The lowest of all lines seen is concave and never falls, so
    estimates never fall as the budget grows, and each answer also sharpens the others.
    """

    def __init__(self, people: Prospects, problem: Problem, *, slopes: NDArray[np.float64]) -> None:
        self._few, self._many = _standing_for(people, _FEW), _standing_for(people, _MANY)
        self._problem, self._slopes = problem, slopes
        self._lines: list[_Line] = []

    def learn(self, budget_minor: int) -> None:
        """Find the prices of a budget."""
        problem = replace(self._problem, budget_minor=budget_minor)
        room = Room.of(problem)
        prices = find_prices(self._few, problem, room=room, slopes=self._slopes)
        bound = bound_of(self._many, problem, prices=prices, room=room)
        self._lines.append(_Line(bound - prices.budget * room.budget, prices.budget))

    def at(self, budget_minor: int) -> CurvePoint:
        """Return what a budget would bring, by all that was learned so far."""
        budget = replace(self._problem, budget_minor=budget_minor).budget_milli
        lowest = min(self._lines, key=lambda line: (line.at_zero + line.slope * budget, line.slope))
        return CurvePoint(
            budget_minor=budget_minor,
            profit_milli=round(lowest.at_zero + lowest.slope * budget),
            per_unit=lowest.slope,
        )

    @property
    def least_budget_minor(self) -> int:
        """The least budget that the minima need, as estimated on the sample; 0 without minima."""
        if not (self._problem.minima > 0).any():
            return 0
        some = replace(self._few, value=-self._few.cost)
        room = replace(Room.of(self._problem), budget=_ENDLESS)
        chosen = relax(some, self._problem, room=room).chosen
        return int(use_of(chosen, some, self._problem)[0]) // MILLI + 1


def _standing_for(people: Prospects, size: int) -> Prospects:
    """Return the first `size` people, standing for all."""
    part = people[slice(0, size)]
    return replace(part, weight=part.weight * (len(people) / max(len(part), 1)))


def budget_curve(slider: Slider, *, budget_minor: int, bound_milli: int) -> tuple[CurvePoint, ...]:
    """Return about a dozen budgets around one, and what each would bring; those too small for the minima are left out.

    The sample's estimates are scaled so that the plan's own budget shows the plan's own bound.
    """
    least = slider.least_budget_minor
    budgets = sorted({max(1, round(budget_minor * share)) for share in _SHARES})
    budgets = [budget for budget in budgets if budget >= least or budget == budget_minor]
    for budget in budgets:
        slider.learn(budget)
    here = slider.at(budget_minor).profit_milli
    scale = bound_milli / here if here > 0 and bound_milli > 0 else 1.0
    points = [slider.at(budget) for budget in budgets]
    return tuple(replace(point, profit_milli=round(point.profit_milli * scale)) for point in points)
