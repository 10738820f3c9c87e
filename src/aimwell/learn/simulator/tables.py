"""What happened, as tables that files are made of: order lines, events, cases, products. Times are naive UTC, money major units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from aimwell.base.money import minor_units
from aimwell.learn.simulator.accounts import DEVICES, Accounts, devices
from aimwell.learn.simulator.baskets import Lines, lines_of
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.lived import Orders
from aimwell.learn.simulator.model import WHOLE_SHOP
from aimwell.learn.simulator.randoms import Purpose, hashed, sparse
from aimwell.learn.simulator.world import World

__all__ = ["ORDERS_AT_ONCE", "Teller", "day_seconds", "moments", "named", "products_table", "rows_of"]

ORDERS_AT_ONCE = 20_000  # bounds memory: about 200,000 lines of a supermarket
_CASE_KINDS = ("item_not_received", "damaged", "not_as_described", "chargeback")
_OUTCOMES = ("refunded", "replaced", "refused")


@dataclass(frozen=True, kw_only=True)
class Teller:
    """Tells what happened in a life, as the shop's systems would export it.

    Attributes
    ----------
    life, known
        People and their accounts.
    until
        Only what was known on the morning of this day is told: later returns and cases are not.
    """

    life: Life
    known: Accounts
    until: int

    def order_lines(self, orders: Orders) -> Iterator[pa.Table]:
        """Yield the lines of orders, some thousand orders at a time: a row per line, the order's cells on each.

        No orders give one table without rows.
        """
        for low in range(0, max(orders.day.size, 1), ORDERS_AT_ONCE):
            some = rows_of(orders, slice(low, low + ORDERS_AT_ONCE))
            yield self._lines(some, lines_of(self.life, some))

    def cases(self, orders: Orders) -> pa.Table:
        """Return the cases of orders: case, order, account, opened_at, closed_at (null: open), kind, status, outcome."""
        seed, who = self.life.world.seed, orders.person + self.life.first
        is_case = sparse(seed, Purpose.CASES, who, orders.day) < self.life.people.cases[orders.person]
        some = rows_of(orders, np.flatnonzero(is_case))
        who, bits = (
            some.person + self.life.first,
            hashed(seed, Purpose.CASE_KINDS, some.person + self.life.first, some.day),
        )
        opened = some.day + 2 + (bits >> np.uint64(8)).astype(np.int64) % 14
        closed = opened + 1 + (bits >> np.uint64(24)).astype(np.int64) % 20
        told, is_open = np.flatnonzero(opened < self.until), closed >= self.until
        table = pa.table(
            {
                "case": named("C", hashed(seed, Purpose.CASES, who, some.day, nth=1)),
                "order": order_ids(self.life, some),
                "account": self._accounts(some.person, some.day),
                "opened_at": pa.array(moments(self.life.world, opened, bits % np.uint64(86_400))),
                "closed_at": pa.array(
                    moments(self.life.world, closed, bits % np.uint64(43_200)), mask=is_open
                ),
                "kind": _words(_CASE_KINDS, bits >> np.uint64(40)),
                "status": _words(("closed", "open"), is_open.astype(np.uint64)),
                "outcome": pc.if_else(pa.array(is_open), None, _words(_OUTCOMES, bits >> np.uint64(48))),
            }
        )
        return table.take(pa.array(told))

    def _lines(self, orders: Orders, lines: Lines) -> pa.Table:
        world, at = self.life.world, pa.array(lines.order)
        units = minor_units(world.spec.currency)
        is_back = (lines.back_day >= 0) & (lines.back_day < self.until)
        refunded_at = moments(world, np.maximum(lines.back_day, 0), lines.order * 7919 % 86_400)
        head = {
            "order": order_ids(self.life, orders),
            "account": self._accounts(orders.person, orders.day),
            "placed_at": pa.array(moments(world, orders.day, order_seconds(self.life, orders))),
            "status": _words(("completed",), np.zeros(orders.day.size, dtype=np.uint64)),
            "channel": _words(("web", "app"), self._bits(orders) >> np.uint64(8)),
            "device": pa.DictionaryArray.from_arrays(
                pa.array(devices(self.life, orders.person, orders.day).astype(np.int32)), pa.array(DEVICES)
            ),
            "coupon": coupons(orders),
            "tags": pa.nulls(orders.day.size, pa.string()),
        }
        columns = {name: column.take(at) for name, column in head.items()}
        body = {
            "line": pa.array(lines.line + 1),
            "product": pa.DictionaryArray.from_arrays(
                pa.array(lines.product.astype(np.int32)), pa.array(world.catalogue.product_ids())
            ),
            "pieces": pa.array(lines.quantity),
            "net": pa.array(lines.net / units),
            "discount": pa.array(lines.discount / units),
            "cost": pa.array(lines.cost / units),
            "refunded": pa.array(lines.net / units, mask=~is_back),
            "refunded_at": pa.array(refunded_at, mask=~is_back),
            "refund_reason": pc.if_else(pa.array(is_back), "returned", pa.scalar(None, pa.string())),
        }
        return pa.table(columns | body)

    def _accounts(self, person: NDArray[Any], day: NDArray[Any]) -> pa.Array:
        return self.known.key.take(pa.array(self.known.used(self.life, person, day)))

    def _bits(self, orders: Orders) -> NDArray[np.uint64]:
        return hashed(self.life.world.seed, Purpose.DEVICES, orders.person + self.life.first, orders.day)


def rows_of(orders: Orders, rows: slice | NDArray[Any]) -> Orders:
    """Return some of the orders."""
    return Orders(**{name: values[rows] for name, values in vars(orders).items()})


def order_ids(life: Life, orders: Orders) -> pa.Array:
    """Return the shop's number of each order; it tells nothing about the person."""
    return named("S", hashed(life.world.seed, Purpose.HOURS, orders.person + life.first, orders.day, nth=1))


def order_seconds(life: Life, orders: Orders) -> NDArray[np.int64]:
    """Return the second of the local day at which each order was placed: about the person's usual hour."""
    return day_seconds(life, orders.person, orders.day, purpose=Purpose.HOURS)


def day_seconds(
    life: Life, person: NDArray[Any], day: NDArray[Any], *, purpose: Purpose
) -> NDArray[np.int64]:
    """Return a second of the local day about the person's usual hour: triangular, three hours either way."""
    who = person + life.first
    u = sparse(life.world.seed, purpose, who, day) + sparse(life.world.seed, purpose, who, day, nth=2) - 1.0
    seconds = np.floor((life.people.hour[person] + 3.0 * u) * 3600.0).astype(np.int64)
    wrapped: NDArray[np.int64] = seconds % 86_400
    return wrapped  # night owls' orders after midnight are the same day's small hours


def moments(world: World, day: NDArray[Any], second: NDArray[Any]) -> NDArray[np.datetime64]:
    """Return seconds of local days as UTC."""
    start = np.datetime64(world.spec.start_on, "s")
    local = start + (day.astype(np.int64) * 86_400 + second.astype(np.int64)).astype("timedelta64[s]")
    known = np.minimum(day, world.season.utc_offset.size - 1)
    utc: NDArray[np.datetime64] = local - world.season.utc_offset[known].astype("timedelta64[s]")
    return utc


def named(letter: str, bits: NDArray[np.uint64]) -> pa.Array:
    """Return ids made of a letter and a number."""
    numbers = pa.array((bits >> np.uint64(1)).astype(np.int64)).cast(pa.string())
    return pc.binary_join_element_wise(letter, numbers, "")


def coupons(orders: Orders) -> pa.Array:
    """Return the code of the deal that held for each order, such as SAVE10 or SAVE20-3 (shelf 3); null without one."""
    percent = np.rint(orders.discount * 100).astype(np.int64)
    code = pc.binary_join_element_wise("SAVE", pa.array(percent).cast(pa.string()), "")
    shelf = pc.binary_join_element_wise(
        code, pa.array(orders.category.astype(np.int64)).cast(pa.string()), "-"
    )
    full = pc.if_else(pa.array(orders.category == WHOLE_SHOP), code, shelf)
    return pc.if_else(pa.array(percent > 0), full, pa.scalar(None, pa.string()))


def products_table(world: World) -> pa.Table:
    """Return the product file: product, name, category, brand, price, cost, colour, size."""
    goods, units = world.catalogue, minor_units(world.spec.currency)
    return pa.table(
        {
            "product": pa.array(goods.product_ids()),
            "name": pa.array(goods.names()),
            "category": pa.array([goods.shelves[shelf].name for shelf in goods.shelf]),
            "brand": pa.array([f"Brand {number}" for number in goods.brand]),
            "price": pa.array(goods.price_minor / units),
            "cost": pa.array(goods.cost_minor / units),
            "colour": pa.array([goods.colours[number] for number in goods.colour]),
            "size": pa.array([goods.sizes[number] for number in goods.size]),
        }
    )


def _words(names: tuple[str, ...], bits: NDArray[np.uint64]) -> pa.Array:
    places = pa.array((bits % np.uint64(len(names))).astype(np.int32))
    return pa.DictionaryArray.from_arrays(places, pa.array(names, pa.string()))
