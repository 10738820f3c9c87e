"""What models are given of a person: all that the shop sees, skewed numbers as logarithms, rates steadied."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.loop.model import View

__all__ = ["Sight", "sight"]

# Few and telling: every number more costs a learner that looks for small effects in much noise.
_COLUMNS = (
    "n_orders",
    "recent_orders",
    "last_day",
    "first_day",
    "recent_visits",
    "recent_carts",
    "n_coupon_orders",
)
_RATES = (("n_opens", "n_contacts"), ("n_coupon_orders", "n_contacts"))
_PRIOR = 3.0  # of rates: the shop's mean counts as so many
_SHELF = "shelf_"

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Sight:
    """Numbers for models, one row per person.

    Attributes
    ----------
    general
        (n, d): orders, visits and carts on a logarithmic scale, and the rates of what came of contacts.
    liking
        (n, shelves): share of the person's orders that begin on the shelf, few orders drawn to the shop's shares, over the shop's share.
    often
        (n, shelves + 1): orders that begin on the shelf, last of all shelves, on a logarithmic scale.
    """

    general: Floats
    liking: Floats
    often: Floats

    def about(self, category: int) -> Floats:
        """Return the numbers that an offer about a shelf is judged by; below 0: about the whole shop, which is liked by 1."""
        whole, n = category < 0, len(self.general)
        liking = np.ones(n, dtype=np.float32) if whole else self.liking[:, category]
        often = self.often[:, -1] if whole else self.often[:, category]
        return np.column_stack([self.general, liking, often, np.full(n, whole, dtype=np.float32)])


def sight(view: View) -> Sight:
    """Return what models are given this morning."""
    shelves = np.array([name.startswith(_SHELF) for name in view.names])
    counts = view.features[:, shelves]
    seen = np.column_stack([view.column(name) for name in _COLUMNS])
    rates = [_rate(view.column(top), view.column(below)) for top, below in _RATES]
    usual = counts.sum(axis=0) / max(float(counts.sum()), 1.0)
    liking = (counts + _PRIOR * usual) / (counts.sum(axis=1, keepdims=True) + _PRIOR)
    return Sight(
        general=np.column_stack([np.sign(seen) * np.log1p(np.abs(seen)), *rates]).astype(np.float32),
        liking=(liking / np.maximum(usual, 1e-6)).astype(np.float32),
        often=np.log1p(np.column_stack([counts, counts.sum(axis=1)])),
    )


def _rate(top: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    mean = top.sum() / max(float(below.sum()), 1.0)
    rate: NDArray[np.float64] = (top + _PRIOR * mean) / (below + _PRIOR)
    return rate
