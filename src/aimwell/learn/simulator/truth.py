"""The truth: what a contact does to the profit that a person will bring, in expectation, exactly.

A person's need is a Markov chain on the five states of `Need` that are neither gone nor unborn, and orders depend on it and on the day
only. So the expected profit of the days ahead follows from one backward pass,

    V_s(t) = p_s (m_t + sum_r J_r V_r(t + 1)) + (1 - p_s) sum_r M_sr V_r(t + 1),

with p_s the probability of an order, m_t its mean profit, J and M the moves after an order and without one. A contact changes p, m and J
for `VALID_DAYS` days, and it may be opened, annoy, both or neither: the four cases are weighed. Nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.simulator.contacts import chances, pull
from aimwell.learn.simulator.errors import PastTheEnd
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.model import Deal, Need
from aimwell.learn.simulator.people import Traits
from aimwell.learn.simulator.randoms import BLOCK
from aimwell.learn.simulator.state import RECEPTIVE, VALID_DAYS, Active, State
from aimwell.learn.simulator.steps import after_order, rates
from aimwell.learn.simulator.world import World
from aimwell.learn.simulator.worth import mean_lines, worth

__all__ = ["Truth", "truth"]

_STATES = range(Need.KEEN + 1)

Values = list[NDArray[np.float32]]  # expected profit per `Need`, each an array over people


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What the days ahead will bring, in minor units.

    Attributes
    ----------
    baseline
        Expected profit per person if nothing more is sent.
    effect
        Per person and deal: what one contact, made today, adds to it; its cost is taken off.
    """

    baseline: NDArray[np.float32]
    effect: NDArray[np.float32]


def truth(life: Life, deals: Sequence[Deal], *, horizon_days: int = 60, hour: int = 10) -> Truth:
    """Return the true expected effect of every deal on everybody, if it were sent today and nothing else after it.

    Parameters
    ----------
    life
        People on a morning; nothing is changed.
    deals
        What could be sent, one to each person.
    horizon_days
        Profit is counted over so many days, today included.
    hour
        Local hour of the contact.

    Raises
    ------
    PastTheEnd
        If the world has not so many days.
    """
    last = life.day + horizon_days
    if last > life.world.spec.last_day:
        raise PastTheEnd(last=life.world.spec.last_day, day=last - 1)
    baseline = np.empty(life.size, dtype=np.float32)
    effect = np.empty((life.size, len(deals)), dtype=np.float32)
    for low in range(0, life.size, BLOCK):
        rows = slice(low, min(low + BLOCK, life.size))
        block = _Block(life.world, life.people.part(rows), life.state.part(rows), life.day, last)
        baseline[rows] = block.baseline
        for nth, deal in enumerate(deals):
            effect[rows, nth] = block.effect(deal, hour=hour)
    return Truth(baseline=baseline, effect=effect)


class _Block:
    """A block of people, and what the days to come are worth to the shop."""

    def __init__(self, world: World, people: Traits, state: State, day: int, last: int) -> None:
        self._world, self._people, self._state, self._day = world, people, state, day
        self._turn = min(
            day + 1 + VALID_DAYS, last
        )  # from here on no contact is at work, and all values are the same
        nothing = [np.zeros(people.size, dtype=np.float32) for _ in _STATES]
        self._after = self._back(nothing, Active.none(people.size), last, self._turn)
        self._tomorrow = self._back(self._after, state.active, self._turn, day + 1)
        self.baseline = self._today(self._tomorrow)

    def effect(self, deal: Deal, *, hour: int) -> NDArray[np.float32]:
        """Return the effect of a deal per person."""
        people, odds = self._people, chances(self._people, self._state, deal, day=self._day, hour=float(hour))
        force, n = pull(people, deal), people.size
        active = Active(
            day=np.full(n, self._day + 1, dtype=np.int32),
            remind=force.remind,
            impulse=force.impulse,
            discount=np.full(n, deal.discount_rate, dtype=np.float32),
            category=np.full(n, deal.category, dtype=np.int16),
        )
        opened = self._back(self._after, active, self._turn, self._day + 1)
        mixed = [
            odds.opens * with_ + (1.0 - odds.opens) * without
            for with_, without in zip(opened, self._tomorrow, strict=True)
        ]
        annoyed = [(1.0 - odds.annoys) * value + odds.annoys * mixed[Need.LAPSED] for value in mixed]
        gain = self._today(annoyed) - self.baseline - np.float32(deal.contact_milli / 1000.0)
        return np.where(odds.is_reached, gain, np.float32(0.0))

    def _today(self, tomorrow: Values) -> NDArray[np.float32]:
        """Return the value of this morning, in each person's own state, from those of tomorrow morning."""
        values = self._back(tomorrow, self._state.active, self._day + 1, self._day)
        nothing = np.zeros(self._people.size, dtype=np.float32)
        return np.stack([*values, nothing, nothing])[self._state.need, np.arange(self._people.size)]

    def _back(self, values: Values, active: Active, until: int, since: int) -> Values:
        """Go back from the morning of `until` to that of `since`."""
        for day in range(until - 1, since - 1, -1):
            values = _day_before(self._world, self._people, active, day, values)
        return values


def _day_before(world: World, people: Traits, active: Active, day: int, values: Values) -> Values:
    """Return the values in the morning from those of the next morning."""
    moves, today = world.moves, rates(world, people, active, day)
    usual, brought = _order_profits(world, people, active, day, has_impulse=today.impulse is not None)
    stock = after_order(world, people, active, day)
    sated = 1.0 - stock - people.lapse - people.keen
    bought = stock * values[Need.STOCKED] + people.lapse * values[Need.LAPSED]
    bought += people.keen * values[Need.KEEN] + sated * values[Need.SATED]
    before: Values = []
    for need in _STATES:
        up, down = moves.up_prob(need, people.pace), moves.down_prob(need, people.fickle)
        waited = up * values[moves.above[need]] + down * values[moves.below[need]]
        waited += (1.0 - np.float32(moves.go) - up - down) * values[need]
        rate = world.spec.nature.need_rates[need]
        none = np.exp(-np.float32(rate) * today.own) if rate else np.ones_like(waited)
        value = (1.0 - none) * (usual + bought)
        if today.impulse is not None:
            all_none = none * np.exp(-today.impulse * RECEPTIVE[need])
            value += (none - all_none) * (brought + bought)
            none = all_none
        before.append(value + none * waited)
    return before


def _order_profits(
    world: World, people: Traits, active: Active, day: int, *, has_impulse: bool
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean profit of an ordinary order, and of one that a contact brought."""
    is_held = active.age(day) < VALID_DAYS
    discount = np.where(is_held, active.discount, np.float32(0.0))
    category = np.where(is_held, active.category, np.int16(-1))
    means = worth(world, people, day=day, discount=discount, category=category)
    nature, unit = world.spec.nature, world.spec.unit_minor
    fixed = np.float32(nature.order_cost * unit) + people.cases * np.float32(nature.case_cost * unit)
    usual = mean_lines(people.lines) * means.usual.profit - fixed
    if not has_impulse:
        return usual, usual
    return usual, usual + np.where(means.is_first, means.first.profit - means.usual.profit, np.float32(0.0))
