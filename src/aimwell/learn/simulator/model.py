"""What a world is made of: the shop, its people's nature, and the deals that a campaign can offer.

Days are numbered from the world's start: day 0 is `start_on` on the shop's own clock. People are numbered from 0. Money is in minor
units, of contacts in thousandths of one (`_milli`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CHANNELS",
    "WHOLE_SHOP",
    "Channel",
    "Deal",
    "Dirt",
    "Market",
    "Nature",
    "Need",
    "Shelf",
    "Shock",
    "Touches",
    "WorldSpec",
]

Market = Literal["china", "west"]
Channel = Literal["email", "sms", "wechat", "push", "post"]
CHANNELS: tuple[Channel, ...] = ("email", "sms", "wechat", "push", "post")
WHOLE_SHOP = -1  # the category of a deal for everything


class Need(IntEnum):
    """A person's hidden state towards the shop. It moves day by day; an order changes it at once."""

    LAPSED = 0  # has turned away, and may come back
    STOCKED = 1  # has bought in advance at a discount: nothing is needed for a while
    SATED = 2  # has just bought
    OPEN = 3
    KEEN = 4  # is about to buy
    GONE = 5  # for good
    UNBORN = 6  # does not know the shop yet


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A category of the catalogue: its path, mean price in major units of a currency worth one dollar, and what is kept of it.

    `return_factor` scales a person's own return rate; `is_gift` shelves sell more before holidays.
    """

    name: str
    price: float
    margin_rate: float
    return_factor: float = 1.0
    is_gift: bool = False
    share: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Nature:
    """How the people of a kind of shop are: means, and how much people differ. Rates are per day.

    Attributes
    ----------
    shelves
        The categories.
    order_rate, order_rate_shape
        Mean and gamma shape of a person's order rate; it is multiplied by `need_rates` of the person's state.
    need_rates
        Per `Need`.
    days_stocked, days_sated, days_open, days_lapsed
        Mean days until the state moves up: stocked to sated, sated to open, open to keen, lapsed to open.
    days_keen, days_to_lapse
        Mean days until it moves down: keen to open, open to lapsed.
    days_to_go
        Mean days until a relation ends for good.
    pace_shape, fickle_shape
        Gamma shapes (mean 1) of how fast a person's state moves up and down; infinity: all alike.
    lapse_after_order, lapse_shapes
        Mean of the probability to lapse after an order; beta-distributed with this total of both shapes.
    keen_after_order
        Probability to be keen again at once: purchases come in clusters.
    lines, lines_spread
        Mean lines per order, and the spread (sigma of logarithms) of people's means. The lines of an order are geometric.
    price_spread
        Sigma of the logarithms of prices on a shelf.
    taste_total
        Total of the Dirichlet weights of people's tastes; small: everyone has few shelves.
    return_rate, case_rate
        Mean probability that a line comes back; that an order leads to a case.
    visit_rate
        Mean visits per day of an open person.
    order_cost, return_cost, case_cost, resale_rate
        Costs that no file shows, in the shelves' money: packing of an order, handling of a returned line, a case; and what a returned
        piece is still worth, as a share of its cost. With the defaults true profit is what the shop's own books show.
    weekdays
        Demand from Monday to Sunday, mean 1.
    annual
        How much demand follows the market's holidays: 0 not at all, 1 fully.
    reach
        Share of people that a channel reaches at first: an address is known, and contact is allowed.
    remind, remind_spread
        Normal mean and spread of the effect of a contact on the logarithm of the order rate.
    dogs_share
        Share of sleeping dogs: a contact lowers their rate and may end the relation.
    hunters_share
        Share of people who hardly buy but at a discount, and then in advance.
    impulse_rate
        Mean daily rate of extra orders just after an opened contact, for a deal that suits the person at 10% off.
    price_response, price_spread_people
        Mean and gamma shape of the response to discounts: the rate grows by exp(response * discount).
    stockpile
        Mean probability that an order at 20% off is for stock, which later purchases will lack.
    unsubscribe_rate
        Mean probability to unsubscribe at an opened first contact; it grows with fatigue.
    """

    shelves: tuple[Shelf, ...]
    order_rate: float
    order_rate_shape: float
    need_rates: tuple[float, float, float, float, float, float, float] = (0, 0, 0.1, 0.6, 4.0, 0, 0)
    days_stocked: float = 30.0
    days_sated: float = 14.0
    days_open: float = 30.0
    days_lapsed: float = 600.0
    days_keen: float = 5.0
    days_to_lapse: float = 250.0
    days_to_go: float = 3000.0
    pace_shape: float = 3.0
    fickle_shape: float = 2.0
    lapse_after_order: float = 0.1
    lapse_shapes: float = 3.0
    keen_after_order: float = 0.15
    lines: float = 2.0
    lines_spread: float = 0.4
    price_spread: float = 0.5
    taste_total: float = 4.0
    return_rate: float = 0.06
    case_rate: float = 0.008
    visit_rate: float = 0.06
    order_cost: float = 0.0
    return_cost: float = 0.0
    case_cost: float = 0.0
    resale_rate: float = 1.0
    weekdays: tuple[float, ...] = (1.03, 1.02, 1.0, 0.98, 0.97, 1.0, 1.0)
    annual: float = 1.0
    reach: tuple[float, ...] = (0.75, 0.6, 0.35, 0.3, 0.9)
    remind: float = 0.25
    remind_spread: float = 0.25
    dogs_share: float = 0.12
    hunters_share: float = 0.15
    impulse_rate: float = 0.004
    price_response: float = 5.0
    price_spread_people: float = 2.0
    stockpile: float = 0.25
    unsubscribe_rate: float = 0.006


@dataclass(frozen=True, kw_only=True)
class Shock:
    """From a day on, for so many days, demand is multiplied by a factor."""

    day: int
    days: int
    factor: float


@dataclass(frozen=True, kw_only=True)
class Dirt:
    """What is wrong with the files, as shares of orders (of rows: duplicates)."""

    duplicate_rate: float = 0.0  # rows that come twice
    late_rate: float = 0.0  # orders that come in a later file
    clock_rate: float = 0.0  # orders and events of a wrong clock
    test_rate: float = 0.0  # test orders of the shop's own people

    @classmethod
    def usual(cls) -> Dirt:
        """Return what an ordinary shop's exports are like."""
        return cls(duplicate_rate=0.01, late_rate=0.01, clock_rate=0.002, test_rate=0.001)


@dataclass(frozen=True, kw_only=True)
class WorldSpec:
    """A world, but for its seed.

    Attributes
    ----------
    name
        Of the preset, or your own.
    nature
        How its people are.
    people, products, days
        How many; days of recorded history. A world can be played on for `spare_days` more.
    start_on
        Day 0 on the shop's clock.
    currency, zone, market
        Of the shop; the market decides about holidays.
    unit_minor
        Minor units of the currency that one dollar of the shelves' prices is worth.
    share_at_start
        Share of people who knew the shop before day 0; the others come evenly over `arrival_days`.
    trend_rate
        Growth of demand per year, 0.05 is 5%.
    shocks
        Told ones; `n_shocks` more are drawn.
    stock_out_rate
        Share of product days on which the product is sold out.
    dirt
        What is wrong with the files.
    """

    name: str
    nature: Nature
    people: int
    products: int = 2_000
    days: int = 365
    spare_days: int = 180
    start_on: date = date(2024, 1, 1)
    currency: str = "USD"
    zone: str = "America/New_York"
    market: Market = "west"
    unit_minor: float = 100.0
    share_at_start: float = 0.6
    arrival_days: int | None = None
    trend_rate: float = 0.0
    shocks: tuple[Shock, ...] = ()
    n_shocks: int = 0
    stock_out_rate: float = 0.02
    dirt: Dirt = field(default_factory=Dirt)

    @property
    def last_day(self) -> int:
        """The day after the last that can be lived."""
        return self.days + self.spare_days


@dataclass(frozen=True, kw_only=True)
class Deal:
    """What a contact offers.

    Attributes
    ----------
    offer_id
        Its key, as in offers.toml.
    channel
        The channel it goes out by.
    discount_rate
        Off the price, 0..1, for `valid_days` after an opened contact; 0: news only.
    category
        Number of the shelf it is about, or `WHOLE_SHOP`.
    contact_milli
        Cost of one contact in thousandths of a minor unit.
    """

    offer_id: str
    channel: Channel
    discount_rate: float = 0.0
    category: int = WHOLE_SHOP
    contact_milli: int = 0


@dataclass(frozen=True, kw_only=True)
class Touches:
    """Contacts to be made: who (a number), which deal (its place in a list), on which day, at which local hour."""

    person: NDArray[Any]
    deal: NDArray[Any]
    day: NDArray[Any]
    hour: NDArray[Any]

    @classmethod
    def on(cls, day: int, person: NDArray[Any], deal: NDArray[Any], *, hour: int = 10) -> Touches:
        """Return contacts that are all made in one hour."""
        days, hours = np.full(person.size, day), np.full(person.size, hour)
        return cls(person=person, deal=deal, day=days, hour=hours)

    def rows(self, places: NDArray[np.intp]) -> Touches:
        """Return some of the contacts."""
        return Touches(**{name: values[places] for name, values in vars(self).items()})
