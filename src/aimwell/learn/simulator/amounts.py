"""What orders bring, as amounts per order: the quick way, without drawing the products of each line.

The number of lines and the lines that come back are drawn; a line then brings the person's mean on that day, times a factor of mean 1
that has the spread of the products. `baskets.py` draws the products themselves: both have the same expectation, and the same lines per order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from aimwell.learn.simulator.catalogue import MEAN_QUANTITY, QUANTITIES
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.lived import Orders
from aimwell.learn.simulator.model import Nature
from aimwell.learn.simulator.randoms import Purpose, sparse
from aimwell.learn.simulator.worth import MOST_LINES, Worth, worth

__all__ = ["Amounts", "amounts", "line_counts"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """What orders brought, a row per order, in minor units.

    Attributes
    ----------
    n_lines
        Lines of the order.
    net_minor, discount_minor
        What was paid, and what a deal took off.
    refund_minor
        What went back for lines that came back.
    profit_minor
        What stays: net less cost of the goods, refunds and all that a case costs.
    """

    n_lines: NDArray[np.int16]
    net_minor: NDArray[np.int64]
    discount_minor: NDArray[np.int64]
    refund_minor: NDArray[np.int64]
    profit_minor: NDArray[np.int64]


def amounts(life: Life, orders: Orders) -> Amounts:
    """Return what each order brought."""
    columns = {
        name: np.zeros(orders.day.size, dtype=np.float64) for name in ("net", "discount", "refund", "profit")
    }
    n_lines = line_counts(life, orders)
    order = np.argsort(orders.day, kind="stable")
    ends = np.flatnonzero(np.diff(orders.day[order])) + 1
    for rows in np.split(order, ends) if order.size else []:
        for name, values in _of_a_day(life, orders, rows, n_lines[rows]).items():
            columns[name][rows] = values
    return Amounts(
        n_lines=n_lines,
        **{f"{name}_minor": np.rint(values).astype(np.int64) for name, values in columns.items()},
    )


def line_counts(life: Life, orders: Orders) -> NDArray[np.int16]:
    """Return the lines of each order: geometric with the person's mean."""
    u = sparse(life.world.seed, Purpose.LINES, orders.person + life.first, orders.day)
    mean = life.people.lines[orders.person].astype(np.float64)
    return np.minimum(1.0 + np.floor(np.log(u) / np.log1p(-1.0 / mean)), MOST_LINES).astype(np.int16)


def _of_a_day(
    life: Life, orders: Orders, rows: NDArray[np.intp], n_lines: NDArray[np.int16]
) -> dict[str, NDArray[np.float64]]:
    world, person = life.world, orders.person[rows]
    people, day, who = life.people.part(person), int(orders.day[rows[0]]), person + life.first
    means = worth(world, people, day=day, discount=orders.discount[rows], category=orders.category[rows])
    n_first = (orders.is_impulse[rows] & means.is_first).astype(np.float32)
    n_usual = n_lines.astype(np.float32) - n_first
    spread = _spread(world.spec.nature, n_lines) * ndtri(sparse(world.seed, Purpose.AMOUNTS, who, day))
    factor = np.exp(spread - _spread(world.spec.nature, n_lines) ** 2 / 2)

    def summed(name: str) -> Floats:
        return n_usual * _of(means.usual, name) + n_first * _of(means.first, name)

    expected = summed("n_back")
    n_back = np.floor(expected + sparse(world.seed, Purpose.RETURNS, who, day))
    comes_back = n_back / np.maximum(expected, 1e-9)
    is_case = sparse(world.seed, Purpose.CASES, who, day) < people.cases
    fixed = world.spec.unit_minor * (world.spec.nature.order_cost + is_case * world.spec.nature.case_cost)
    net, refund = factor * summed("net"), factor * comes_back * summed("back")
    profit = net - factor * summed("cost") - refund + factor * comes_back * summed("salvage") - fixed
    return {"net": net, "discount": factor * summed("discount"), "refund": refund, "profit": profit}


def _of(means: Worth, name: str) -> Floats:
    values: Floats = getattr(means, name)
    return values


def _spread(nature: Nature, n_lines: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return the spread of the logarithm of an order's factor: that of one line over the root of their number."""
    pieces = np.arange(1, QUANTITIES.size + 1)
    quantity = (QUANTITIES @ pieces**2) / MEAN_QUANTITY**2
    prices = np.array([shelf.price for shelf in nature.shelves])
    shares = np.array([shelf.share for shelf in nature.shelves])
    between = 1.0 + 0.7 * (
        np.average(prices**2, weights=shares) / np.average(prices, weights=shares) ** 2 - 1.0
    )
    line = quantity * np.exp(nature.price_spread**2) * between - 1.0
    spread: NDArray[np.float64] = np.sqrt(np.log1p(line / n_lines))
    return spread
