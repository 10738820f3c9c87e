"""What a policy gets, what it gives back, and the terms that are the same for all of them. Nothing here knows the truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.simulator.model import CHANNELS, Deal

__all__ = ["NOTHING", "OFFERS", "Books", "Policy", "Terms", "View"]

NOTHING = -1  # instead of the place of an offer: no contact

OFFERS = (
    Deal(offer_id="news_email", channel="email", contact_milli=500),
    Deal(offer_id="shop_email", channel="email", discount_rate=0.2, contact_milli=500),
    Deal(offer_id="music_email", channel="email", discount_rate=0.2, category=0, contact_milli=500),
    Deal(offer_id="books_email", channel="email", discount_rate=0.2, category=3, contact_milli=500),
    Deal(offer_id="candles_email", channel="email", discount_rate=0.2, category=5, contact_milli=500),
    Deal(offer_id="jewels_email", channel="email", discount_rate=0.2, category=11, contact_milli=500),
    Deal(offer_id="shop_sms", channel="sms", discount_rate=0.2, contact_milli=6_000),
)

Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The terms of every policy alike.

    Attributes
    ----------
    offers
        What can be sent; each person gets at most one a month.
    budget_milli
        The contacts of a month may cost at most so much, in thousandths of a minor unit.
    month_days, valid_days
        Days from one campaign to the next, and from a campaign on which its offers hold.
    seed
        Of the policies' own lots; the same for all.
    """

    offers: tuple[Deal, ...]
    budget_milli: int
    month_days: int
    valid_days: int
    seed: int

    @cached_property
    def cost_milli(self) -> NDArray[np.float64]:
        """Cost of a contact per offer."""
        return np.array([offer.contact_milli for offer in self.offers], dtype=np.float64)

    @cached_property
    def discounts(self) -> NDArray[np.float64]:
        """Discount per offer, 0..1."""
        return np.array([offer.discount_rate for offer in self.offers])

    @cached_property
    def channels(self) -> NDArray[np.intp]:
        """Place in `CHANNELS` per offer."""
        return np.array([CHANNELS.index(offer.channel) for offer in self.offers], dtype=np.intp)


@dataclass(frozen=True, kw_only=True)
class Books:
    """What the shop's books say of some days, a row per person.

    Attributes
    ----------
    n_orders, n_coupon_orders
        Orders, and those with a discount of an offer.
    net_minor, discount_minor
        Paid, and taken off by offers.
    margin_minor
        Margin of the orders after discounts and refunds, before the cost of contacts.
    """

    n_orders: Counts
    n_coupon_orders: Counts
    net_minor: Counts
    discount_minor: Counts
    margin_minor: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class View:
    """What the shop sees on the morning of a campaign; arrays of its own, a row per person.

    Attributes
    ----------
    month
        0 is the first campaign's.
    features, names
        (n, d) numbers known this morning, and what they are called; see `Seen.features`.
    is_reached
        (n, offers): whether the shop knows the person, has an address, and consent was not withdrawn.
    last
        What the days since the campaign before brought; in month 0, the whole history.
    valid
        Of them, the days on which that campaign's offers held; in month 0, all days.
    """

    month: int
    features: NDArray[np.float32]
    names: tuple[str, ...]
    is_reached: NDArray[np.bool_]
    last: Books
    valid: Books

    def __len__(self) -> int:
        return len(self.features)

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one of the features."""
        return self.features[:, self.names.index(name)].astype(np.float64)


class Policy(Protocol):
    """Decides every month who gets what. One object leads one shop for one year."""

    name: str

    def choose(self, view: View) -> NDArray[np.int64]:
        """Return the place of an offer, or `NOTHING`, for every person: reached, and within the budget."""
        ...
