"""The plan as the report tells it; money in minor units, as fractions where an offer costs less than a cent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["BudgetPoint", "LimitUse", "OfferChoice", "PlanView"]


@dataclass(frozen=True, kw_only=True)
class OfferChoice:
    """What the plan does with one offer: how many people get it, and what it should cost and earn."""

    offer_id: str
    channel: str
    n_people: int
    cost_minor: float
    profit_minor: float


@dataclass(frozen=True, kw_only=True)
class LimitUse:
    """A limit of the plan, how many contacts use it, which end of it binds, and what one contact more (or less) would earn."""

    kind: str
    name: str
    segment: str | None
    use: int
    minimum: int
    maximum: int | None
    binds: Literal["minimum", "maximum"] | None
    gain_minor: float


@dataclass(frozen=True, kw_only=True)
class BudgetPoint:
    """Expected profit of the best plan under another budget."""

    budget_minor: int
    profit_minor: float


@dataclass(frozen=True, kw_only=True)
class PlanView:
    """What the plan promises, for how much, on which ground, and what holds it back.

    Attributes
    ----------
    low_minor, high_minor
        Expected profit at the low and the high end of the assumed incrementality; None: effects were measured.
    basis
        The plan's own sentence about where its effects come from.
    n_contacts, n_held_out
        Contacts planned, and people who are deliberately left alone.
    budget_gain
        What one more unit of money in the budget would earn.
    gap_rate
        How far, as a share, the plan may at most be below the best possible one; proven.
    is_proven_best
        Whether no plan at all is better.
    """

    name: str
    budget_minor: int
    cost_minor: float
    profit_minor: float
    low_minor: float | None
    high_minor: float | None
    basis: str
    n_contacts: int
    n_held_out: int
    budget_gain: float
    gap_rate: float
    is_proven_best: bool
    offers: tuple[OfferChoice, ...]
    limits: tuple[LimitUse, ...]
    curve: tuple[BudgetPoint, ...]
