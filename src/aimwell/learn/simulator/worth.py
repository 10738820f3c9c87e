"""What a line of an order brings on average, given who buys, on which day and with which deal.

The amounts of orders (`amounts.py`) and the true effect of contacts (`truth.py`) are made of these same means, so that the one is
the expectation of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.simulator.catalogue import TIERS
from aimwell.learn.simulator.model import Nature
from aimwell.learn.simulator.people import Traits
from aimwell.learn.simulator.world import World

__all__ = ["MOST_LINES", "Worth", "Worths", "mean_lines", "worth"]

MOST_LINES = 100
_AT_ONCE = 256

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Worth:
    """Means per line, in minor units.

    Attributes
    ----------
    net
        What the customer pays, discounts taken off.
    discount
        What the deal takes off.
    cost
        What the goods cost the shop.
    n_back
        Share of lines that come back.
    back
        Money that goes back for them.
    salvage
        What the returned goods are still worth, less their handling.
    """

    net: Floats
    discount: Floats
    cost: Floats
    n_back: Floats
    back: Floats
    salvage: Floats

    @property
    def profit(self) -> Floats:
        """What stays with the shop."""
        return self.net - self.cost - self.back + self.salvage


@dataclass(frozen=True, kw_only=True)
class Worths:
    """Means of an ordinary line, and of the first line of an order that a deal about one category brought."""

    usual: Worth
    first: Worth
    is_first: NDArray[np.bool_]  # whether there is such a line: the deal is about one category


def worth(world: World, people: Traits, *, day: int, discount: Floats, category: NDArray[np.int16]) -> Worths:
    """Return the means for people on a day.

    Parameters
    ----------
    world
        The world.
    people
        Who buys.
    day
        When.
    discount, category
        The deal that holds for each of them: its discount (0: none) and shelf (`WHOLE_SHOP`: all).
    """
    nature, season = world.spec.nature, world.season
    factors = np.array([shelf.return_factor for shelf in nature.shelves], dtype=np.float32)
    price = world.catalogue.price[day] * np.float32(1.0 - season.promo[day])
    cost, weight = world.catalogue.cost[day], season.shelf[day]
    column = factors[:, None]
    parts = np.concatenate([price, cost, column * price, column * cost, column, np.ones_like(column)], axis=1)
    sums = _summed(people.taste, weight[:, None] * parts)
    total = sums[:, -1].copy()
    sums /= total[:, None]
    rows, shelf = np.arange(people.size), np.maximum(category, 0)
    mean, mean_cost, back, back_cost = (sums[rows, people.tier + TIERS * nth] for nth in range(4))
    is_first, share = category >= 0, people.taste[rows, shelf] * weight[shelf] / total
    own, own_cost, often = price[shelf, people.tier], cost[shelf, people.tier], factors[shelf]
    off = discount * np.where(is_first, share * own, mean)
    back_off = discount * np.where(is_first, share * often * own, back)
    made = partial(_worth, nature, np.float32(world.spec.unit_minor), people.returns)
    return Worths(
        usual=made(mean, off, mean_cost, sums[:, 4 * TIERS], back - back_off, back_cost),
        first=made(own, discount * own, own_cost, often, often * own * (1 - discount), often * own_cost),
        is_first=is_first,
    )


def _worth(
    nature: Nature,
    unit: np.float32,
    returns: Floats,
    price: Floats,
    off: Floats,
    cost: Floats,
    often: Floats,
    back: Floats,
    back_cost: Floats,
) -> Worth:
    """Return the means of a line; the last three are those of what comes back, but for the person's own rate."""
    n_back = returns * often
    handling = n_back * np.float32(nature.return_cost) * unit
    salvage = returns * back_cost * np.float32(nature.resale_rate) - handling
    return Worth(
        net=price - off, discount=off, cost=cost, n_back=n_back, back=returns * back, salvage=salvage
    )


def _summed(taste: Floats, parts: Floats) -> Floats:
    """Return the product of two matrices, a few rows at a time: so small, BLAS keeps to one thread, which is faster here."""
    sums = np.empty((taste.shape[0], parts.shape[1]), dtype=np.float32)
    whole = taste.shape[0] // _AT_ONCE * _AT_ONCE
    stack = (-1, _AT_ONCE)
    np.matmul(
        taste[:whole].reshape(*stack, taste.shape[1]), parts, out=sums[:whole].reshape(*stack, parts.shape[1])
    )
    sums[whole:] = taste[whole:] @ parts
    return sums


def mean_lines(lines: Floats) -> Floats:
    """Return the mean of geometric lines with these means, none longer than `MOST_LINES`."""
    return lines * (1.0 - (1.0 - 1.0 / lines) ** np.float32(MOST_LINES))
