"""A made-up shop of any size, written straight into lake tables by engine expressions.

Every number is a hash of the row's number, so the same call always makes the same shop. People are skewed (a few buy a
lot), each has favourite shelves and products of which about half of the lines come, and browsing comes in visits of six
events.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir

from aimwell.intake.facts import EVENTS, ORDER_LINES, ORDERS, PRODUCTS
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import TableSpec

__all__ = ["AS_OF", "day_of_events", "fill", "padded"]

START = datetime(2024, 1, 1)  # naive UTC
AS_OF = datetime(2025, 1, 1)  # naive UTC
N_PRODUCTS = 50_000
N_CATEGORIES = 240
N_BRANDS = 2_000
_NAMES = (
    ["Product Viewed"] * 14
    + ["Products Searched"] * 2
    + ["Product Added"] * 2
    + ["Checkout Started", "Page Viewed"]
)


@ibis.udf.scalar.builtin(name="hash", signature=(("int64",), "uint64"))
def _hash(number):  # type: ignore[no-untyped-def]  # the signature is above
    """Hash a number."""


def fill(lake: Lake, *, n_lines: int, n_events: int, n_people: int) -> None:
    """Write products, orders (three lines each), order lines and events of one year."""
    lake.append(PRODUCTS, padded(_products(), PRODUCTS, known_at=AS_OF))
    lake.append(ORDERS, padded(_orders(n_lines // 3, n_people=n_people), ORDERS, known_at=AS_OF))
    lake.append(ORDER_LINES, padded(_lines(n_lines, n_people=n_people), ORDER_LINES, known_at=AS_OF))
    events = _events(n_events, n_people=n_people, start=START, days=366, first=0)
    lake.append(EVENTS, padded(events, EVENTS, known_at=AS_OF))


def day_of_events(lake: Lake, *, n_events: int, n_people: int, first: int) -> None:
    """Append one more day of browsing, known a day after the rest."""
    events = _events(n_events, n_people=n_people, start=AS_OF, days=1, first=first)
    lake.append(EVENTS, padded(events, EVENTS, known_at=AS_OF + timedelta(days=1)))


def _draw(n: Any, *, stream: int, below: int) -> Any:
    """Return a number in [0, below) for each number `n`; streams are independent."""
    return (_hash((n * 64 + stream).cast("int64")) % below).cast("int64")


def _person(n: Any, *, n_people: int) -> Any:
    """Return a skewed person for each number: the first percent gets ten percent of all."""
    share = _draw(n, stream=1, below=1_000_003) / 1_000_003
    return (share * share * n_people).floor().cast("int64")


def _person_id(rank: Any) -> Any:
    return _draw(rank, stream=2, below=2_147_483_647) * 4_294_967_296 + rank


def _rows(count: int, *, first: int = 0) -> ir.Table:
    return ibis.range(first, first + count).unnest().name("n").as_table()


def _at(n: Any, *, start: datetime, days: int) -> Any:
    second = ibis.literal(start).cast("timestamp").epoch_seconds() + _draw(n, stream=3, below=days * 86_400)
    return second.cast("int64").as_timestamp("s").cast("timestamp")


def _products() -> ir.Table:
    n = _rows(N_PRODUCTS).n
    shelf = n % N_CATEGORIES
    return n.as_table().select(
        product_id=_product_id(n),
        name=_product_id(n),
        category=ibis.literal("Department ")
        + (shelf % 20).cast("string")
        + " > Shelf "
        + shelf.cast("string"),
        brand=ibis.literal("Brand ") + _draw(n, stream=4, below=N_BRANDS).cast("string"),
        price_minor=100 + _draw(n, stream=5, below=9_900),
    )


def _product_id(n: Any) -> Any:
    return ibis.literal("SKU-") + n.cast("string").lpad(8, "0")


def _orders(count: int, *, n_people: int) -> ir.Table:
    n = _rows(count).n
    at = _at(n, start=START, days=366)
    items = 500 + _draw(n, stream=6, below=20_000)
    discount = ibis.ifelse(_draw(n, stream=7, below=4) == 0, _draw(n, stream=8, below=900), 0)
    return n.as_table().select(
        order_id=ibis.literal("o") + n.cast("string"),
        account_id=ibis.literal("a") + _person(n, n_people=n_people).cast("string"),
        person_id=_person_id(_person(n, n_people=n_people)),
        ordered_at=at,
        local_at=at,
        status=ibis.ifelse(_draw(n, stream=9, below=50) == 0, "cancelled", "completed"),
        channel=ibis.ifelse(_draw(n, stream=10, below=5) == 0, "store", "web"),
        device=ibis.ifelse(_draw(n, stream=11, below=3) == 0, "desktop", "mobile"),
        n_lines=ibis.literal(3),
        items_minor=items,
        discount_minor=discount,
        shipping_minor=ibis.ifelse(items > 4_900, 0, 490),
        tax_minor=ibis.literal(0),
        total_minor=items,
        currency=ibis.literal("EUR"),
        coupon_code=ibis.ifelse(_draw(n, stream=12, below=10) == 0, "WELCOME", ibis.null("string")),
        is_test=ibis.literal(value=False),
    )


def _lines(count: int, *, n_people: int) -> ir.Table:
    n = _rows(count).n
    order = n // 3
    rank = _person(order, n_people=n_people)
    slot = rank * 16 + _draw(n, stream=13, below=16)  # one of sixteen favourites on four shelves
    shelf = _draw(rank * 4 + slot % 4, stream=14, below=N_CATEGORIES)
    favourite = shelf + N_CATEGORIES * _draw(slot, stream=15, below=N_PRODUCTS // N_CATEGORIES)
    popular = (_draw(n, stream=16, below=N_PRODUCTS) * _draw(n, stream=17, below=N_PRODUCTS)) // N_PRODUCTS
    product = ibis.ifelse(_draw(n, stream=18, below=2) == 0, favourite, popular)
    net = 100 + _draw(product, stream=5, below=9_900)
    at = _at(order, start=START, days=366)
    return n.as_table().select(
        order_id=ibis.literal("o") + order.cast("string"),
        line_no=n % 3 + 1,
        account_id=ibis.literal("a") + rank.cast("string"),
        person_id=_person_id(rank),
        ordered_at=at,
        local_at=at,
        product_id=_product_id(product),
        quantity=1 + _draw(n, stream=19, below=3),
        net_minor=net,
        discount_minor=ibis.ifelse(_draw(n, stream=20, below=5) == 0, net // 10, 0),
        cost_minor=net * 6 // 10,
        currency=ibis.literal("EUR"),
        is_fee=ibis.literal(value=False),
        is_test=ibis.literal(value=False),
    )


def _events(count: int, *, n_people: int, start: datetime, days: int, first: int) -> ir.Table:
    n = _rows(count, first=first).n
    visit = n // 6
    rank = _person(visit + 1_000_000_007, n_people=n_people)
    at = _at(visit + 1_000_000_007, start=start, days=days) + (n % 6 * 40).as_interval("s")
    name = ibis.array(_NAMES)[_draw(n, stream=21, below=len(_NAMES))]
    return n.as_table().select(
        message_id=ibis.literal("m") + n.cast("string"),
        account_id=ibis.literal("a") + rank.cast("string"),
        person_id=_person_id(rank),
        name=name,
        occurred_at=at,
        local_at=at,
        session_id=ibis.literal("s") + visit.cast("string"),
        product_id=_product_id(_draw(n, stream=22, below=N_PRODUCTS)),
        channel=ibis.literal("web"),
        device=ibis.ifelse(_draw(visit, stream=23, below=3) == 0, "desktop", "mobile"),
    )


def padded(rows: ir.Table, spec: TableSpec, *, known_at: datetime) -> ir.Table:
    """Return the rows with every column of the spec; those that the shop does not fill are null."""
    made = rows.mutate(
        source=ibis.literal("bench"),
        load_id=ibis.literal("bench"),
        known_at=ibis.literal(known_at).cast("timestamp"),
    )
    return made.select(
        **{
            name: (made[name] if name in made.columns else ibis.null(dtype)).cast(dtype)
            for name, dtype in spec.schema.items()
        }
    )
