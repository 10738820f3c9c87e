"""The bounded summary that price is fitted on: weeks of products, as arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["MOVED", "Array", "Flags", "Integers", "Panel", "per_product"]

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
MOVED = 0.1
"""A week's price has moved if it is more than this share off the product's usual one."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Weeks in which a product was sold; one entry of each array per (product, week).

    Attributes
    ----------
    product_ids, categories
        One per product; an unknown category is "".
    product
        Index of the product.
    week
        Weeks since some Monday.
    units, price_minor, promoted
        Units sold, price paid per unit (mean over purchases), share of the units sold at a discount or with a coupon (0..1).
    unit_cost_minor
        Mean cost per unit; NaN where it is not known.
    """

    product_ids: tuple[str, ...]
    categories: tuple[str, ...]
    product: Integers
    week: Integers
    units: Array
    price_minor: Array
    promoted: Array
    unit_cost_minor: Array

    @property
    def n_products(self) -> int:
        """How many products there are."""
        return len(self.product_ids)

    @property
    def n_weeks(self) -> int:
        """Weeks from the first with a sale to the last, both counted; 0 without any."""
        return int(self.week.max() - self.week.min()) + 1 if len(self.week) else 0

    @property
    def inputs(self) -> Array:
        """What units are explained by, shape (rows, 2): log price, promoted share."""
        return np.column_stack([np.log(self.price_minor), self.promoted])

    @property
    def groups(self) -> Integers:
        """Index of each product's category among the sorted names."""
        return np.unique(np.array(self.categories, dtype=object), return_inverse=True)[1].astype(np.int64)

    @property
    def data_hash(self) -> str:
        """SHA-256 of all that is in it."""
        digest = hashlib.sha256("\n".join([*self.product_ids, *self.categories]).encode())
        for values in (
            self.product,
            self.week,
            self.units,
            self.price_minor,
            self.promoted,
            self.unit_cost_minor,
        ):
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()

    def rows(self, kept: Flags) -> Panel:
        """Return some of the weeks; products stay as they are."""
        return replace(self, **{name: getattr(self, name)[kept] for name in _ROWS})

    def products(self, kept: Flags) -> Panel:
        """Return some of the products with their weeks."""
        number = np.cumsum(kept) - 1
        found = self.rows(kept[self.product])
        return replace(
            found,
            product_ids=_picked(self.product_ids, kept),
            categories=_picked(self.categories, kept),
            product=number[found.product].astype(np.int64),
        )


_ROWS = ("product", "week", "units", "price_minor", "promoted", "unit_cost_minor")


def per_product(panel: Panel, values: Array, *, weights: Array | None = None) -> Array:
    """Return each product's mean of a value per week, weighted; 0 for a product without weeks."""
    weight = np.ones(len(values)) if weights is None else weights
    total = np.bincount(panel.product, weight, minlength=panel.n_products)
    sums = np.bincount(panel.product, values * weight, minlength=panel.n_products)
    return np.asarray(sums / np.maximum(total, np.finfo(float).tiny), dtype=float)


def _picked(names: Sequence[str], kept: Flags) -> tuple[Any, ...]:
    return tuple(name for name, is_kept in zip(names, kept, strict=True) if is_kept)
