"""Orders in full: the products of each line, what was paid for them, and what came back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.simulator.amounts import line_counts
from aimwell.learn.simulator.catalogue import QUANTITIES, Catalogue
from aimwell.learn.simulator.choosing import products, shelves
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.lived import Orders
from aimwell.learn.simulator.model import WHOLE_SHOP
from aimwell.learn.simulator.randoms import Purpose, sparse

__all__ = ["LAST_RETURN_DAYS", "Lines", "lines_of"]

LAST_RETURN_DAYS = 21  # later than this nothing comes back
_FIRST_RETURN_DAYS = 3

Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Lines of orders, a row each; money in minor units.

    Attributes
    ----------
    order
        Row of the order; `line` counts from 0 within it.
    product
        Row of the catalogue.
    quantity
        Pieces.
    net, discount, cost
        What was paid, what sales and deals took off, what the goods cost.
    back_day
        Day on which the line came back, all of it; -1: never.
    """

    order: Counts
    line: Counts
    product: Counts
    quantity: Counts
    net: Counts
    discount: Counts
    cost: Counts
    back_day: Counts


def lines_of(life: Life, orders: Orders) -> Lines:
    """Return the lines of orders, in the order of the orders; some ten thousand orders at a time keep memory small."""
    counts = line_counts(life, orders).astype(np.int64)
    order = np.repeat(np.arange(counts.size), counts)
    line = np.arange(order.size) - np.repeat(np.cumsum(counts) - counts, counts)
    person, day = orders.person[order], orders.day[order].astype(np.int64)
    shelf = shelves(life, person, day, nth=line, purpose=Purpose.CATEGORIES)
    is_deals = (line == 0) & orders.is_impulse[order] & (orders.category[order] >= 0)
    shelf = np.where(
        is_deals, orders.category[order], shelf
    )  # the first line of an order that a deal brought
    goods = life.world.catalogue
    product = products(life, person, day, nth=line, shelf=shelf, purpose=Purpose.PRODUCTS)
    u = sparse(life.world.seed, Purpose.QUANTITIES, person + life.first, day, nth=line)
    quantity = 1 + np.searchsorted(np.cumsum(QUANTITIES)[:-1], u)
    listed = goods.price_minor[product] * quantity
    asked = (
        np.rint(goods.price_minor[product] * (1.0 - life.world.season.promo[day])).astype(np.int64) * quantity
    )
    category = orders.category[order]
    is_off = (category == WHOLE_SHOP) | (category == shelf)
    off = np.rint(asked * np.where(is_off, orders.discount[order], 0.0)).astype(np.int64)
    return Lines(
        order=order,
        line=line,
        product=product,
        quantity=quantity,
        net=asked - off,
        discount=listed - asked + off,
        cost=goods.cost_minor[product] * quantity,
        back_day=_returns(life, goods, person, day, line=line, shelf=shelf),
    )


def _returns(
    life: Life, goods: Catalogue, person: NDArray[np.int32], day: Counts, *, line: Counts, shelf: Counts
) -> Counts:
    factors = np.array([s.return_factor for s in goods.shelves])
    who = person + life.first
    is_back = (
        sparse(life.world.seed, Purpose.RETURNS, who, day, nth=line + 1)
        < life.people.returns[person] * factors[shelf]
    )
    wait = sparse(life.world.seed, Purpose.RETURN_DAYS, who, day, nth=line)
    days = _FIRST_RETURN_DAYS + np.floor(wait * (LAST_RETURN_DAYS - _FIRST_RETURN_DAYS)).astype(np.int64)
    return np.where(is_back, day + days, -1)
