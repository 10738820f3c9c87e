"""The plan as the report tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["BudgetPoint", "LimitUse", "OfferChoice", "PlanView", "Range"]


@dataclass(frozen=True, kw_only=True)
class Range:
    """An amount in minor units with what it would be at the low and at the high end of the assumptions."""

    low: float
    mid: float
    high: float


@dataclass(frozen=True, kw_only=True)
class OfferChoice:
    """What the plan does with one offer."""

    name: str
    channel: str
    n_people: int
    cost_minor: float
    profit_minor: Range


@dataclass(frozen=True, kw_only=True)
class LimitUse:
    """A limit of the plan: used so much of so much; `gain_minor` is what one more unit of it would earn."""

    name: str
    used: float
    limit: float
    is_money: bool
    gain_minor: float

    @property
    def binds(self) -> bool:
        """Whether the limit holds the plan back."""
        return self.gain_minor > 0


@dataclass(frozen=True, kw_only=True)
class BudgetPoint:
    """Expected profit of the best plan under another budget, both in minor units."""

    budget_minor: float
    profit_minor: Range


@dataclass(frozen=True, kw_only=True)
class PlanView:
    """The plan as the report tells it.

    `gap_rate` is how far the plan may at most be from the best possible one; `budget_gain` what one more unit of money
    in the budget would earn. `incrementality` is the assumed share of orders that would not have come anyway.
    """

    name: str
    decided_at: datetime
    budget_minor: int
    cost_minor: float
    profit_minor: Range
    incrementality: Range
    n_people: int
    n_held_out: int
    gap_rate: float
    budget_gain: float
    offers: tuple[OfferChoice, ...]
    limits: tuple[LimitUse, ...]
    curve: tuple[BudgetPoint, ...]
