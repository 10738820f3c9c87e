"""One day of one block of people: who visits, who orders, and how needs move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.simulator.model import Need
from aimwell.learn.simulator.people import Traits
from aimwell.learn.simulator.randoms import BLOCK, Purpose, dense
from aimwell.learn.simulator.state import FADING, RECEPTIVE, VALID_DAYS, Active, State
from aimwell.learn.simulator.world import World

__all__ = ["STOCK_DEPTH", "Day", "Rates", "after_order", "live_day", "rates"]

STOCK_DEPTH = 0.2  # discount at which people buy for stock with their full probability
_CART_SHARES = np.array(
    [0, 0, 0.03, 0.1, 0.45, 0, 0], dtype=np.float32
)  # of visits without an order, per `Need`
_VISITS = np.array(
    [0.05, 0.15, 0.35, 1.0, 6.0, 0.0, 0.0], dtype=np.float32
)  # per `Need`, of a person's visit rate

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Order rates of a day: `own` is multiplied by the rate of the person's need, `impulse` by its receptiveness."""

    own: Floats
    impulse: Floats | None  # None: no contact is at work


@dataclass(frozen=True, kw_only=True)
class Day:
    """What happened on a day: rows of the block. A contact brought the orders that are marked; every orderer visits too."""

    orders: NDArray[np.intp]
    is_impulse: NDArray[np.bool_]
    visits: NDArray[np.intp]
    is_cart: NDArray[np.bool_]


def rates(world: World, people: Traits, active: Active, day: int) -> Rates:
    """Return the order rates of a day."""
    season = world.season
    own = people.rate * np.float32(season.demand[day])
    if season.promo[day] > 0:
        own = own * np.exp(people.price * np.float32(season.promo[day]))
    age = active.age(day)
    if not (age < VALID_DAYS).any():
        return Rates(own=own, impulse=None)
    fading = FADING[age]
    return Rates(own=own * np.exp(active.remind * fading), impulse=active.impulse * fading)


def after_order(world: World, people: Traits, active: Active, day: int) -> Floats:
    """Return the probability that an order of that day is for stock."""
    depth = np.float32(world.season.promo[day]) + active.depth(day)
    stock = people.stockpile * np.minimum(depth / np.float32(STOCK_DEPTH), np.float32(1.0))
    bounded: Floats = np.minimum(stock, 1.0 - people.lapse - people.keen)
    return bounded


def live_day(world: World, people: Traits, state: State, *, first: int, day: int) -> Day:
    """Live one day: changes the state, and returns what happened.

    Parameters
    ----------
    world
        The world.
    people, state
        Of a block, or of the first part of one.
    first
        Number of the block's first person.
    day
        The day.
    """
    need = state.need
    need[(people.born == day) & (need == Need.UNBORN)] = Need.KEEN
    random = dense(world.seed, block=first // BLOCK, day=day, purpose=Purpose.DAYS)
    u_order, u_move, u_visit = (random.random(BLOCK, dtype=np.float32)[: people.size] for _ in range(3))
    today = rates(world, people, state.active, day)
    usual = np.array(world.spec.nature.need_rates, dtype=np.float32)[need] * today.own
    none = np.exp(-usual)
    all_none = none if today.impulse is None else none * np.exp(-today.impulse * RECEPTIVE[need])
    is_order = u_order < 1.0 - all_none
    orders = np.flatnonzero(is_order)
    is_impulse = u_order[orders] >= 1.0 - none[orders]
    visiting = -np.expm1(-people.visit * _VISITS[need] * np.float32(world.season.demand[day]))
    visits = np.flatnonzero(is_order | (u_visit < visiting))
    is_cart = u_visit[visits] < visiting[visits] * _CART_SHARES[need[visits]]
    _move(world, people, state, day=day, u=u_move, orders=orders)
    return Day(orders=orders, is_impulse=is_impulse, visits=visits, is_cart=is_cart | is_order[visits])


def _move(
    world: World,
    people: Traits,
    state: State,
    *,
    day: int,
    u: Floats,
    orders: NDArray[np.intp],
) -> None:
    """Move every need: after an order at once, else perhaps up, down, or out for good."""
    moves, need = world.moves, state.need
    go = np.where(need < Need.GONE, np.float32(moves.go), np.float32(0.0))
    is_up = u < go + moves.up_prob(need, people.pace)
    is_down = u > 1.0 - moves.down_prob(need, people.fickle)
    moved = np.where(is_up, moves.above[need], np.where(is_down, moves.below[need], need))
    moved[u < go] = Need.GONE
    some, drawn = people.part(orders), u[orders]
    stock = after_order(world, some, state.active.part(orders), day)
    moved[orders] = np.select(
        [drawn < some.lapse, drawn < some.lapse + some.keen, drawn > 1.0 - stock],
        [Need.LAPSED, Need.KEEN, Need.STOCKED],
        Need.SATED,
    )
    state.need[:] = moved
