"""A shop of habits: who buys tea buys honey with it, who buys coffee buys sugar; everybody has a favourite of their own, bought in most baskets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from aimwell.intake.facts import FACTS
from aimwell.storage.lake.lake import Lake

START = datetime(2024, 1, 1)
AS_OF = datetime(2024, 7, 1)
N_PEOPLE = 240
N_EACH = 12  # products of a category
CATEGORIES = ("Tea", "Honey", "Coffee", "Sugar", "Mugs")


def fill(lake: Lake, *, until: datetime = AS_OF + timedelta(days=60)) -> None:
    """Write the facts: orders before `until`, all products."""
    for spec in FACTS.values():
        lake.create(spec)
    rows = [row for row in _lines() if row["ordered_at"] < until]
    lake.append(FACTS["order_lines"], _table("order_lines", rows))
    orders = {row["order_id"]: {**row, "status": "completed", "n_lines": 1} for row in rows}
    lake.append(FACTS["orders"], _table("orders", list(orders.values())))
    lake.append(
        FACTS["products"], _table("products", [_product(c, n) for c in CATEGORIES for n in range(N_EACH)])
    )
    lake.append(FACTS["customers"], _table("customers", [_customer(p) for p in range(1, N_PEOPLE + 3)]))


def product_id(category: str, number: int) -> str:
    """Return a product's id."""
    return f"{category}-{number}"


def _lines() -> Iterator[dict[str, Any]]:
    random = np.random.default_rng(3)
    for person in range(1, N_PEOPLE + 1):
        main, side = ("Tea", "Honey") if person % 2 else ("Coffee", "Sugar")
        favourite = int(random.integers(N_EACH))
        day = float(random.uniform(0, 40))
        while day < 240:
            at = START + timedelta(days=int(day), hours=10)
            wanted = {product_id(main, favourite)} if random.random() < 0.8 else set()
            wanted |= {product_id(main, int(random.integers(N_EACH)))} if random.random() < 0.5 else set()
            if person % 5 and random.random() < 0.7:  # a fifth never finds what goes with it
                wanted.add(product_id(side, favourite))
            wanted |= {product_id("Mugs", int(random.integers(N_EACH)))} if random.random() < 0.1 else set()
            for number, one in enumerate(sorted(wanted)):
                yield _line(person, one, at, line_no=number)
            day += 3 + random.exponential(18)


def _line(person: int, product: str, at: datetime, *, line_no: int) -> dict[str, Any]:
    order_id = f"{person}-{at:%j}"
    return {
        "source": "drawn",
        "order_id": order_id,
        "line_no": line_no,
        "person_id": person,
        "known_at": at,
    } | {
        "ordered_at": at,
        "local_at": at,
        "product_id": product,
        "net_minor": 500,
    }


def _product(category: str, number: int) -> dict[str, Any]:
    return {"source": "drawn", "product_id": product_id(category, number), "known_at": START} | {
        "category": category,
        "name": f"{category} no. {number}",
        "price_minor": 500,
        "cost_minor": 490 if number == N_EACH - 1 else 300,  # the last earns next to nothing
    }


def _customer(person: int) -> dict[str, Any]:
    return {"source": "drawn", "account_id": str(person), "person_id": person, "known_at": START}


def _table(name: str, rows: list[dict[str, Any]]) -> ibis.Table:
    schema = FACTS[name].schema
    whole = [{column: row.get(column) for column in schema} for row in rows]
    return ibis.memtable(pa.Table.from_pylist(whole, schema=schema.to_pyarrow()))
