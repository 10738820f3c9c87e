"""The plan of a month: the choice of `promote/plan`, on arrays instead of tables.

The prices, and how people settle at them, are promote/plan's own code. Left out are the passes of an engine over a lake, and the last step
in whole numbers: the prices are raised a little until the budget holds, which leaves less than a thousandth of it unspent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.loop.model import NOTHING, Terms
from aimwell.promote.plan.core import find_prices
from aimwell.promote.plan.dual import settle, tie_slopes
from aimwell.promote.plan.model import MILLI, Offer, Prices, Problem
from aimwell.promote.plan.prospects import Prospects, Room

__all__ = ["Planned", "plan"]


_FIRST_STEP = 1e-4  # of the price, to where the budget holds
_HALVINGS = 8


@dataclass(frozen=True, kw_only=True)
class Planned:
    """Who gets what, and the budget's price: profit that the last unit of it brings."""

    taken: NDArray[np.int64]
    price: float


def plan(
    gain: NDArray[np.float64],
    *,
    may: NDArray[np.bool_],
    terms: Terms,
    budget_milli: float,
    seed: int,
) -> Planned:
    """Return the plan of greatest expected profit within the budget, at most one offer a person.

    Parameters
    ----------
    gain
        (n, offers): expected profit of each offer before the cost of the contact, minor units.
    may
        (n, offers): who may get what.
    terms
        The offers.
    budget_milli
        Of the contacts.
    seed
        Of the order in which people are looked at; breaks ties.
    """
    value = np.floor(gain * MILLI - terms.cost_milli)
    open_ = may & (value > 0)
    taken = np.full(len(gain), NOTHING, dtype=np.int64)
    random = np.random.default_rng(seed)
    rows = random.permutation(np.flatnonzero(open_.any(axis=1)))
    if not rows.size:
        return Planned(taken=taken, price=0.0)
    people = Prospects(
        person_id=rows.astype(np.int64),
        value=np.where(open_[rows], value[rows], 0.0),
        cost=np.where(open_[rows], terms.cost_milli, 0.0),
        eligible=open_[rows],
        member=np.zeros((rows.size, 0), dtype=np.bool_),
        draw=random.random(rows.size),
        weight=np.ones(rows.size),
    )
    problem = _problem(terms, budget_milli)
    slopes = tie_slopes(problem, mean_value=float(people.value.mean()))
    room = Room.of(problem)
    prices = find_prices(people, problem, room=room, slopes=slopes)
    chosen = _within(people, problem, prices=prices, slopes=slopes)
    taken[rows] = np.where(chosen.any(axis=1), chosen.argmax(axis=1), NOTHING)
    return Planned(taken=taken, price=prices.budget)


def _within(
    people: Prospects, problem: Problem, *, prices: Prices, slopes: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Return who takes what, (people, offers), at the lowest price from this one on at which the budget holds."""

    def settled(price: float) -> NDArray[np.bool_]:
        at = Prices(budget=price, limits=prices.limits)
        return settle(people, problem, prices=at, slopes=slopes).chosen

    def fits(chosen: NDArray[np.bool_]) -> bool:
        return float((chosen * people.cost).sum()) <= problem.budget_milli

    low, chosen = prices.budget, settled(prices.budget)
    if fits(chosen):
        return chosen
    step = _FIRST_STEP * (1.0 + low)
    while not fits(chosen := settled(low + step)):
        step *= 2.0
    high = low + step
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        then = settled(middle)
        if fits(then):
            high, chosen = middle, then
        else:
            low = middle
    return chosen


def _problem(terms: Terms, budget_milli: float) -> Problem:
    offers = tuple(
        Offer(
            offer_id=deal.offer_id,
            name=deal.offer_id,
            channel=deal.channel,
            contact_milli=deal.contact_milli,
            incentive_minor=0,  # discounts are in the gain already: lines are booked net of them
            margin_rate=None,
        )
        for deal in terms.offers
    )
    return Problem(
        offers=offers, limits=(), budget_minor=max(int(budget_milli // MILLI), 0), contacts_per_person=1
    )
