"""The catalogue: products on shelves, their prices, costs and attributes, when they are sold out, and what a line costs on average."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.simulator.model import Shelf, WorldSpec
from aimwell.learn.simulator.randoms import Purpose, dense

__all__ = ["QUANTITIES", "TIERS", "Catalogue", "catalogue"]

TIERS = 3  # kinds of people: who prefers cheap, middle or dear products
QUANTITIES = np.array([0.82, 0.13, 0.05])  # of one, two and three pieces on a line
MEAN_QUANTITY = float(QUANTITIES @ np.arange(1, QUANTITIES.size + 1))

_ZIPF = 0.9  # popularity of the k-th product of a shelf: k ** -0.9
_TIER_PULL = 1.2  # how strongly dear people prefer dear products
_OUT_DAYS = 6.0  # mean length of a stock-out
_COLOURS = ("red", "blue", "green", "black", "white", "natural")
_SIZES = ("small", "medium", "large")


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The products of a world.

    Attributes
    ----------
    shelf
        Number of each product's category.
    price_minor, cost_minor
        Per piece.
    brand, colour, size
        Numbers; `colours` and `sizes` are their names.
    is_sold_out
        Per day and product.
    ladder
        For a category c and tier t: products in a row of shelves, each with the upper end of its interval, c * TIERS + t + its
        share of the tier's purchases so far. A number in (c * TIERS + t, c * TIERS + t + 1) is searched there; `order` names the product.
    price, cost
        Per day, category and tier: what a line costs on average, and what it cost the shop, over all products that are there.
    """

    shelves: tuple[Shelf, ...]
    shelf: NDArray[np.int16]
    price_minor: NDArray[np.int64]
    cost_minor: NDArray[np.int64]
    brand: NDArray[np.int16]
    colour: NDArray[np.int8]
    size: NDArray[np.int8]
    is_sold_out: NDArray[np.bool_]
    ladder: NDArray[np.float64]
    order: NDArray[np.int32]
    price: NDArray[np.float32]
    cost: NDArray[np.float32]

    colours = _COLOURS
    sizes = _SIZES

    def product_ids(self) -> list[str]:
        """Return the keys of the products."""
        return [f"P{number:05}" for number in range(self.shelf.size)]

    def names(self) -> list[str]:
        """Return what people call the products."""
        last = [shelf.name.split(" > ")[-1] for shelf in self.shelves]
        return [
            f"{last[s]} {_SIZES[size]} {_COLOURS[colour]} no. {number}"
            for number, (s, size, colour) in enumerate(zip(self.shelf, self.size, self.colour, strict=True))
        ]


def catalogue(spec: WorldSpec, *, seed: int) -> Catalogue:
    """Return the catalogue of a world."""
    random = dense(seed, block=0, day=0, purpose=Purpose.CATALOGUE)
    shelves, n = spec.nature.shelves, spec.products
    shares = np.array([shelf.share for shelf in shelves])
    shelf = np.sort(
        np.concatenate(
            [np.arange(len(shelves)), random.choice(len(shelves), n - len(shelves), p=shares / shares.sum())]
        )
    )
    deviation = random.normal(0.0, spec.nature.price_spread, n)
    mean = np.array([s.price for s in shelves])[shelf] * spec.unit_minor
    price = np.maximum(np.round(mean * np.exp(deviation - spec.nature.price_spread**2 / 2)), 2.0)
    margin = np.array([s.margin_rate for s in shelves])[shelf] + random.uniform(-0.05, 0.05, n)
    cost = np.maximum(np.round(price * (1.0 - margin)), 1.0)
    popularity = np.concatenate(
        [random.permutation(np.arange(1, k + 1) ** -_ZIPF) for k in np.bincount(shelf)]
    )
    is_sold_out = _stock_outs(spec, random)
    is_sold_out[:, np.unique(shelf, return_index=True)[1]] = False  # a shelf is never empty
    weights = [popularity * np.exp(_TIER_PULL * pull * deviation) for pull in (-1.0, 0.0, 1.0)]
    ladder, order = _ladder(shelf, weights)
    return Catalogue(
        shelves=shelves,
        shelf=shelf.astype(np.int16),
        price_minor=price.astype(np.int64),
        cost_minor=cost.astype(np.int64),
        brand=random.integers(0, max(n // 25, 2), n).astype(np.int16),
        colour=random.integers(0, len(_COLOURS), n).astype(np.int8),
        size=random.integers(0, len(_SIZES), n).astype(np.int8),
        is_sold_out=is_sold_out,
        ladder=ladder,
        order=order,
        price=_means(shelf, weights, price, is_sold_out),
        cost=_means(shelf, weights, cost, is_sold_out),
    )


def _stock_outs(spec: WorldSpec, random: np.random.Generator) -> NDArray[np.bool_]:
    """Return the days on which each product is sold out: spells of some days."""
    begins = random.random((spec.last_day, spec.products)) < spec.stock_out_rate / _OUT_DAYS
    is_out = np.zeros_like(begins)
    for day in range(spec.last_day):
        is_out[day] = begins[day] | (is_out[day - 1] & (random.random(spec.products) > 1.0 / _OUT_DAYS))
    return is_out


def _ladder(
    shelf: NDArray[np.intp], weights: list[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    ends, order = [], []
    for number in range(int(shelf.max()) + 1):
        inside = np.flatnonzero(shelf == number)
        for tier, weight in enumerate(weights):
            share = np.cumsum(weight[inside])
            ends.append(number * TIERS + tier + share / share[-1])
            order.append(inside)
    return np.concatenate(ends), np.concatenate(order).astype(np.int32)


def _means(
    shelf: NDArray[np.intp],
    weights: list[NDArray[np.float64]],
    value: NDArray[np.float64],
    is_sold_out: NDArray[np.bool_],
) -> NDArray[np.float32]:
    """Return the mean value of a line per day, category and tier, pieces counted, over products that are not sold out."""
    means = np.empty((is_sold_out.shape[0], int(shelf.max()) + 1, TIERS), dtype=np.float32)
    for number in range(means.shape[1]):
        inside = np.flatnonzero(shelf == number)
        there = 1.0 - is_sold_out[:, inside]
        for tier, weight in enumerate(weights):
            total = there @ weight[inside]
            sold = there @ (weight[inside] * value[inside])
            means[:, number, tier] = MEAN_QUANTITY * sold / np.maximum(total, 1e-12)
    return means
