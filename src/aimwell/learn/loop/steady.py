"""What an offer brought, with the luck of basket sizes taken out: what a shop can measure it by before years have passed.

Whether somebody orders, and with which discount, is what an offer changes; whether the basket then holds a candle or a sofa is mostly
luck, and most of the noise. So orders are counted in *own orders*: each is 1, less the share of its margin that the discount takes. Times
the margin that the person's orders are expected to have, from all orders before, that is the profit to be expected. It assumes that an
offer changes the number of orders and the discount, not the size of baskets. Everything is read from the shop's own books.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.loop.model import NOTHING, Books, Terms, View

__all__ = ["Baskets"]

_PRIOR_ORDERS = 3.0  # the shop's mean basket counts as so many of a person's own orders

Array = NDArray[np.float64]


class Baskets:
    """What is known of everybody's baskets so far; hears of every month once, in month 0 of the history.

    Attributes
    ----------
    margin
        Expected margin of one order before discounts, per person, minor units; empty before the first month.

    Parameters
    ----------
    terms
        The offers.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._orders: Array = np.zeros(0)
        self._gross: Array = np.zeros(0)
        self._kept = 0.0
        self._off, self._bought = np.zeros(len(terms.offers)), np.zeros(len(terms.offers))
        self.margin: Array = np.zeros(0)

    def own_orders(self, view: View, taken: NDArray[np.int64]) -> Array:
        """Return the own orders of the days on which the last offers held, per person.

        The days after them add more noise than news: an offer brings next to nothing once it has ended.

        Parameters
        ----------
        view
            This morning's.
        taken
            Who got which offer in the month that ended.
        """
        books, has = view.valid, taken != NOTHING
        self._off += np.bincount(taken[has], books.discount_minor[has], minlength=self._off.size)
        value = self.margin / self._rate * books.n_coupon_orders
        self._bought += np.bincount(taken[has], value[has], minlength=self._off.size)
        # an offer about one shelf takes off less than its rate: what it took off on average is in the books
        share = np.minimum(self._off / np.maximum(self._bought, 1.0), self._terms.discounts)
        return books.n_orders - np.append(share, 0.0)[taken] / self._rate * books.n_coupon_orders

    def learn(self, books: Books) -> None:
        """Learn from the orders of a month."""
        gross = (books.net_minor + books.discount_minor).astype(np.float64)
        is_first = not self.margin.size
        self._orders = books.n_orders.astype(np.float64) + (0.0 if is_first else self._orders)
        self._gross = gross + (0.0 if is_first else self._gross)
        self._kept += float(books.margin_minor.sum() + books.discount_minor.sum())
        mean = float(self._gross.sum()) / max(float(self._orders.sum()), 1.0)
        value = (self._gross + _PRIOR_ORDERS * mean) / (self._orders + _PRIOR_ORDERS)
        self.margin = np.asarray(self._rate * value, dtype=np.float64)

    @property
    def _rate(self) -> float:
        """Margin before discounts as a share of the undiscounted value, the whole shop."""
        return max(self._kept / max(float(self._gross.sum()), 1.0), 0.01)
