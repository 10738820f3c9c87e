"""What a whole shop bought: the catalogue with its popularity, and which products go together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from aimwell.predict.affinity.arrays import BoolArray, FloatArray, IntArray

__all__ = ["NO_CATEGORY", "N_BEST", "Catalogue", "Counts", "World"]

NO_CATEGORY = -1
N_BEST = 5  # products of a category that are considered for who likes it
_PRIOR_ITEMS = 5.0  # products of a category that its mean popularity weighs, for products nobody bought yet
_DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The products that a model knows; a product's place is its code.

    Attributes
    ----------
    product_ids
        Most bought first, then new ones that nobody bought.
    category
        (n,) place of each product's category in `categories`; -1: unknown.
    categories
        Names: the first steps of category paths.
    may_show
        (n,) whether it may be recommended: in stock where that is known, above the margin floor, not excluded.
    """

    product_ids: Sequence[str]
    category: IntArray
    categories: Sequence[str]
    may_show: BoolArray

    @cached_property
    def codes(self) -> dict[str, int]:
        """The code of each product."""
        return {product_id: code for code, product_id in enumerate(self.product_ids)}


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How often each product of a catalogue was bought, (n,) each.

    Attributes
    ----------
    n_buyers, n_baskets
        People who bought it, and baskets with it.
    n_recent, n_season
        Baskets with it in the last weeks, and in the coming weeks of a year ago.
    n_people, all_recent, all_season
        People, and baskets, in all.
    """

    n_buyers: FloatArray
    n_baskets: FloatArray
    n_recent: FloatArray
    n_season: FloatArray
    n_people: float
    all_recent: float
    all_season: float


@dataclass(frozen=True, kw_only=True)
class World:
    """A catalogue with rates, and relations between its first products.

    Attributes
    ----------
    catalogue
        The products.
    buyer_rate
        (n,) share of people who bought the product; for one that nobody bought, what its category leads to expect.
    rebuy
        (n,) baskets with it per buyer.
    recent_rate, season_rate
        (n,) baskets with it per basket, in the last weeks, and in the coming weeks of a year ago (0: not known).
    relations
        (m, m) of the first m products: row speaks for column.
    """

    catalogue: Catalogue
    buyer_rate: FloatArray
    rebuy: FloatArray
    recent_rate: FloatArray
    season_rate: FloatArray
    relations: sparse.csr_array

    @classmethod
    def of(cls, catalogue: Catalogue, counts: Counts, relations: sparse.csr_array) -> World:
        """Return the rates of counts; products without buyers get a tenth of what is usual in their category."""
        buyers = counts.n_buyers / max(counts.n_people, 1.0)
        recent = counts.n_recent / max(counts.all_recent, 1.0)
        is_new = counts.n_buyers == 0
        return cls(
            catalogue=catalogue,
            buyer_rate=np.where(is_new, _usual(buyers, catalogue), buyers),
            rebuy=counts.n_baskets / np.maximum(counts.n_buyers, 1.0),
            recent_rate=np.where(is_new, _usual(recent, catalogue), recent),
            season_rate=counts.n_season / max(counts.all_season, 1.0),
            relations=relations,
        )

    @property
    def n_items(self) -> int:
        """How many products the catalogue has."""
        return len(self.catalogue.product_ids)

    @cached_property
    def popular(self) -> IntArray:
        """The codes of products that may be shown, the most popular of the last weeks first."""
        order = np.lexsort((np.arange(self.n_items), -self.buyer_rate, -self.recent_rate))
        return order[self.catalogue.may_show[order]]

    @cached_property
    def best_of_categories(self) -> IntArray:
        """(n_categories + 1, `N_BEST`) codes, the most popular of each category first; -1: no more.

        The last row, which the code -1 finds, is empty.
        """
        table = np.full((len(self.catalogue.categories) + 1, N_BEST), -1, dtype=np.int64)
        shelf = self.catalogue.category[self.popular]
        order = np.argsort(shelf, kind="stable")
        shelf, codes = shelf[order], self.popular[order]
        place = np.arange(len(shelf)) - np.searchsorted(shelf, shelf)
        kept = (place < N_BEST) & (shelf >= 0)
        table[shelf[kept], place[kept]] = codes[kept]
        return table

    @cached_property
    def _sorted_relations(self) -> tuple[IntArray, FloatArray]:
        """Keys row x m + column, ascending, and their weights."""
        coo = self.relations.tocoo()
        keys = coo.row.astype(np.int64) * max(self.relations.shape[0], 1) + coo.col
        order = np.argsort(keys)
        return keys[order], coo.data[order]

    def weight(self, bought: IntArray, code: IntArray) -> FloatArray:
        """Return (n,) how much each product that was bought speaks for another; 0: not at all, or not known."""
        keys, weights = self._sorted_relations
        m = max(self.relations.shape[0], 1)
        if not len(keys):
            return np.zeros(len(bought))
        wanted = np.where((bought < m) & (code < m), bought * m + code, -1)
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[place] == wanted, weights[place], 0.0)

    def as_data(self) -> dict[str, Any]:
        """Return JSON values."""
        coo = self.relations.tocoo()
        return {
            "product_ids": list(self.catalogue.product_ids),
            "category": self.catalogue.category.tolist(),
            "categories": list(self.catalogue.categories),
            "may_show": self.catalogue.may_show.astype(int).tolist(),
            **{name: _told(getattr(self, name)) for name in _RATES},
            "relations": {
                "n": self.relations.shape[0],
                "row": coo.row.tolist(),
                "column": coo.col.tolist(),
                "weight": _told(coo.data),
            },
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> World:
        """Return the world that `as_data` wrote."""
        kept = data["relations"]
        weights = np.asarray(kept["weight"], dtype=np.float32)
        places = (np.asarray(kept["row"], dtype=np.int64), np.asarray(kept["column"], dtype=np.int64))
        return cls(
            catalogue=Catalogue(
                product_ids=data["product_ids"],
                category=np.asarray(data["category"], dtype=np.int64),
                categories=data["categories"],
                may_show=np.asarray(data["may_show"], dtype=bool),
            ),
            **{name: np.asarray(data[name], dtype=float) for name in _RATES},
            relations=sparse.csr_array((weights, places), shape=(kept["n"], kept["n"])),
        )


_RATES = ("buyer_rate", "rebuy", "recent_rate", "season_rate")


def _usual(rates: FloatArray, catalogue: Catalogue) -> FloatArray:
    """Return a tenth of the mean rate in each product's category, shrunk towards that of all."""
    shelf = catalogue.category + 1  # the unknown come first
    n_shelves = len(catalogue.categories) + 1
    sums = np.bincount(shelf, weights=rates, minlength=n_shelves)
    sizes = np.bincount(shelf, minlength=n_shelves)
    means = (sums + _PRIOR_ITEMS * rates.mean()) / (sizes + _PRIOR_ITEMS)
    return np.asarray(means[shelf] / 10)


def _told(values: FloatArray) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values.tolist()]
