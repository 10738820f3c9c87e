"""What people choose from the catalogue: a shelf by their taste and the season, a product by its popularity and price."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.simulator.catalogue import TIERS
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.randoms import Purpose, sparse

__all__ = ["products", "shelves"]

_TRIES = 16  # for a product that is not sold out; then it is the shelf's first, which never is


def shelves(
    life: Life, person: NDArray[Any], day: NDArray[Any], *, nth: NDArray[Any], purpose: Purpose
) -> NDArray[np.int64]:
    """Return the number of a shelf for each row.

    Parameters
    ----------
    life
        People; `person` is a row of it.
    person, day, nth
        Who chooses, when, for the how manieth time that day.
    purpose
        What for: the draws of different purposes are independent.
    """
    ends = np.cumsum(life.people.taste[person] * life.world.season.shelf[day], axis=1)
    u = sparse(life.world.seed, purpose, person + life.first, day, nth=nth)
    shelf: NDArray[np.int64] = (ends[:, :-1] < (u * ends[:, -1])[:, None]).sum(axis=1)
    return shelf


def products(
    life: Life,
    person: NDArray[Any],
    day: NDArray[Any],
    *,
    nth: NDArray[Any],
    shelf: NDArray[Any],
    purpose: Purpose,
) -> NDArray[np.int64]:
    """Return a product of each row's shelf that is not sold out on the day; parameters as of `shelves`."""
    goods, product = life.world.catalogue, np.zeros(shelf.size, dtype=np.int64)
    step, missing = shelf * TIERS + life.people.tier[person], np.arange(shelf.size)
    for again in range(_TRIES):
        who, when = person[missing] + life.first, day[missing]
        u = sparse(life.world.seed, purpose, who, when, nth=nth[missing] * _TRIES + again)
        product[missing] = goods.order[np.searchsorted(goods.ladder, step[missing] + u)]
        missing = missing[goods.is_sold_out[when, product[missing]]]
    product[missing] = np.searchsorted(goods.shelf, shelf[missing])
    return product
