"""The shop's own books of a life: what it can see of everybody, and what each period brought. The quick way to try policies.

A policy sees `Ledger.seen` and nothing else; an oracle asks `truth`. Ledgers that are copied on one morning and led by different
policies are led by the same random numbers, so that their difference is the policies'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.simulator.amounts import Amounts, amounts
from aimwell.learn.simulator.choosing import shelves
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.lived import Lived
from aimwell.learn.simulator.model import CHANNELS, Deal, Need, Touches
from aimwell.learn.simulator.randoms import Purpose
from aimwell.learn.simulator.world import World

__all__ = ["Ledger", "Outcome", "Seen"]

_NEVER = -10_000  # days; an earlier day than any
_HALF_LIVES = {"orders": 60.0, "net": 60.0, "visits": 10.0, "carts": 7.0, "contacts": 30.0}  # days

Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What some days brought, a row per person.

    Attributes
    ----------
    n_orders
        Orders.
    net_minor, discount_minor, refund_minor
        Paid, taken off by deals, and gone back for lines of these orders, whenever they come back.
    contact_milli
        Cost of the contacts that were delivered, in thousandths of a minor unit.
    profit_minor
        Margin of these orders after discounts and refunds, less contacts.
    """

    n_orders: Counts
    net_minor: Counts
    discount_minor: Counts
    refund_minor: Counts
    contact_milli: Counts
    profit_minor: NDArray[np.float64]


@dataclass(kw_only=True)
class Seen:
    """What a shop can see of people on a morning, a row each; counts begin with the world.

    Attributes
    ----------
    is_known
        Whether the shop has an account of the person.
    n_orders, n_coupon_orders, n_lines
        Orders, those with a deal, and lines.
    net_minor, discount_minor, refund_minor
        Sums.
    first_day, last_day
        Days of the first and last order; -10000: none.
    n_contacts, n_opens, n_clicks, contact_day
        Contacts delivered, opened, clicked, and the last day of one.
    recent_orders, recent_net, recent_visits, recent_carts, recent_contacts
        Sums in which a day counts half after 60, 60, 10, 7 and 30 days.
    n_shelf
        Orders by the shelf of their first line.
    is_reached
        Per channel of `CHANNELS`: the address is known and contact allowed.
    """

    is_known: NDArray[np.bool_]
    n_orders: Counts
    n_coupon_orders: Counts
    n_lines: Counts
    net_minor: Counts
    discount_minor: Counts
    refund_minor: Counts
    first_day: Counts
    last_day: Counts
    n_contacts: Counts
    n_opens: Counts
    n_clicks: Counts
    contact_day: Counts
    recent_orders: NDArray[np.float64]
    recent_net: NDArray[np.float64]
    recent_visits: NDArray[np.float64]
    recent_carts: NDArray[np.float64]
    recent_contacts: NDArray[np.float64]
    n_shelf: NDArray[np.int32]
    is_reached: NDArray[np.bool_]

    @classmethod
    def nothing(cls, life: Life) -> Seen:
        """Return what is seen before the first day."""
        n = life.size
        special = {
            "is_known": life.state.need != Need.UNBORN,
            "first_day": np.full(n, _NEVER),
            "last_day": np.full(n, _NEVER),
            "contact_day": np.full(n, _NEVER),
            "n_shelf": np.zeros((n, life.people.taste.shape[1]), dtype=np.int32),
            "is_reached": life.state.is_reached.copy(),
        }
        recent = {f"recent_{name}": np.zeros(n) for name in _HALF_LIVES}
        plain = {f.name: np.zeros(n, dtype=np.int64) for f in fields(cls)}
        return cls(**plain | recent | special)

    def copy(self) -> Seen:
        """Return a record of its own."""
        return Seen(**{f.name: getattr(self, f.name).copy() for f in fields(self)})

    def features(self, day: int) -> tuple[NDArray[np.float32], tuple[str, ...]]:
        """Return one matrix of what is seen, and the names of its columns; days since are at most 1000."""
        since = {
            name: np.minimum(day - getattr(self, name), 1000)
            for name in ("first_day", "last_day", "contact_day")
        }
        plain = {
            f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name).ndim == 1
        } | since
        shelves = {f"shelf_{n}": self.n_shelf[:, n] for n in range(self.n_shelf.shape[1])}
        reach = {f"reach_{name}": self.is_reached[:, n] for n, name in enumerate(CHANNELS)}
        columns = plain | shelves | reach
        return np.stack([c.astype(np.float32) for c in columns.values()], axis=1), tuple(columns)


class Ledger:
    """A life and the shop's books of it.

    Parameters
    ----------
    world
        The world; all its people.

    Attributes
    ----------
    life
        The people, and what is hidden in them: no policy may look at it.
    seen
        What the shop sees this morning.
    """

    def __init__(self, world: World) -> None:
        self.life = Life(world)
        self.seen = Seen.nothing(self.life)

    def copy(self) -> Ledger:
        """Return the same morning, to be led another way."""
        twin = object.__new__(Ledger)
        twin.life, twin.seen = self.life.copy(), self.seen.copy()
        return twin

    def live(self, days: int, *, touches: Touches | None = None, deals: Sequence[Deal] = ()) -> Outcome:
        """Live so many days with these contacts, note what can be seen, and return what the days brought.

        Parameters and errors as of `Life.live`.
        """
        lived = self.life.live(days, touches=touches, deals=deals)
        brought = amounts(self.life, lived.orders)
        contact_milli = np.zeros(self.life.size, dtype=np.int64)
        if touches is not None:
            costs = (
                np.array([deal.contact_milli for deal in deals] or [0])[touches.deal]
                * lived.contacted.is_delivered
            )
            contact_milli = self._sum(touches.person, costs)
            self._note_contacts(lived, touches)
        self._note(lived, brought)
        person = lived.orders.person
        return Outcome(
            n_orders=self._sum(person, np.ones(person.size)),
            net_minor=self._sum(person, brought.net_minor),
            discount_minor=self._sum(person, brought.discount_minor),
            refund_minor=self._sum(person, brought.refund_minor),
            contact_milli=contact_milli,
            profit_minor=self._sum(person, brought.profit_minor) - contact_milli / 1000.0,
        )

    def _sum(self, person: NDArray[np.int32], values: NDArray[np.int64] | NDArray[np.float64]) -> Counts:
        """Return sums per person; whole numbers stay exact below 2 ** 53."""
        return np.rint(np.bincount(person, values, minlength=self.life.size)).astype(np.int64)

    def _note(self, lived: Lived, brought: Amounts) -> None:
        seen, orders, visits = self.seen, lived.orders, lived.visits
        ones = np.ones(orders.person.size)
        seen.n_orders += self._sum(orders.person, ones)
        seen.n_coupon_orders += self._sum(orders.person, (orders.discount > 0).astype(np.int64))
        for name in ("n_lines", "net_minor", "discount_minor", "refund_minor"):
            getattr(seen, name)[:] += self._sum(orders.person, getattr(brought, name))
        np.maximum.at(seen.last_day, orders.person, orders.day)
        new = seen.first_day[orders.person] == _NEVER
        first = np.full(self.life.size, lived.until_day)
        np.minimum.at(first, orders.person[new], orders.day[new])
        seen.first_day[:] = np.where(
            (seen.first_day == _NEVER) & (first < lived.until_day), first, seen.first_day
        )
        self._fade("orders", lived, orders.person, orders.day, ones)
        self._fade("net", lived, orders.person, orders.day, brought.net_minor)
        self._fade("visits", lived, visits.person, visits.day, np.ones(visits.day.size))
        self._fade("carts", lived, visits.person, visits.day, visits.is_cart)
        shelf = shelves(
            self.life, orders.person, orders.day, nth=np.zeros_like(orders.day), purpose=Purpose.CATEGORIES
        )
        shelf = np.where(orders.is_impulse & (orders.category >= 0), orders.category, shelf)
        np.add.at(seen.n_shelf, (orders.person, shelf), 1)
        seen.is_known[:] = self.life.state.need != Need.UNBORN
        seen.is_reached[:] = self.life.state.is_reached

    def _note_contacts(self, lived: Lived, touches: Touches) -> None:
        seen, came = self.seen, lived.contacted
        for name, outcome in (
            ("n_contacts", came.is_delivered),
            ("n_opens", came.is_opened),
            ("n_clicks", came.is_clicked),
        ):
            getattr(seen, name)[:] += self._sum(touches.person, outcome.astype(np.int64))
        there = came.is_delivered
        np.maximum.at(seen.contact_day, touches.person[there], touches.day[there])
        self._fade("contacts", lived, touches.person, touches.day, there)

    def _fade(
        self,
        name: str,
        lived: Lived,
        person: NDArray[np.int32],
        day: NDArray[np.int32],
        value: NDArray[Any],
    ) -> None:
        """Add values to a sum that fades; the sum so far fades with the days."""
        kept, half = getattr(self.seen, f"recent_{name}"), _HALF_LIVES[name]
        kept *= 0.5 ** ((lived.until_day - lived.first_day) / half)
        kept += np.bincount(person, value * 0.5 ** ((lived.until_day - day) / half), minlength=self.life.size)
