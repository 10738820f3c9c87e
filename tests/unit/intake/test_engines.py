"""Every expression of intake compiles for Spark as for DuckDB, built on unbound tables, so that none can run in secret."""

from __future__ import annotations

from datetime import datetime

import ibis
import pytest

from aimwell.intake.facts import ORDERS
from aimwell.intake.formats.model import LINE
from aimwell.intake.mapping.presets import preset, vocabulary
from aimwell.intake.service.notes import Columns
from aimwell.intake.tables import cells, changes, events, orders, people, products, refunds
from aimwell.intake.tables.moments import DateShapes
from aimwell.intake.tables.orders import Terms
from aimwell.intake.tables.reader import Notes, Reader, is_wrapped, unwrapped

WHO = ibis.table(
    {"account_key": "string", "account_key_kind": "string", "account_id": "string", "person_id": "int64"},
    name="who",
)
RATES = ibis.table(
    {"currency": "string", "since_on": "date", "until_on": "date", "rate": "decimal(18, 8)"}, name="rates"
)
STORED = ibis.table(
    {k: v for k, v in ORDERS.schema.items() if k not in {"source", "load_id", "known_at", "superseded_at"}},
    name="orders",
)


def reader_of(name: str) -> Reader:
    columns = Columns.of(preset(name))
    raw = ibis.table({LINE: "int64"} | dict.fromkeys(columns.all, "string"), name="raw")
    shapes = DateShapes(shapes=frozenset({"ymd", "parts"}), has_offset=True)
    notes = Notes(dates=dict.fromkeys(columns.dates, shapes))
    return Reader(
        raw=raw, notes=notes, zone="Europe/London", to_utc=lambda at, _: at, vocabulary=vocabulary()
    )


def terms(rates: ibis.Table | None) -> Terms:
    return Terms(
        currency="GBP", file_currency="GBP", zone="Europe/London", to_local=lambda at, _: at, rates=rates
    )


def compiles(*expressions: ibis.Expr) -> None:
    for expression in expressions:
        for dialect in ("duckdb", "pyspark"):
            assert ibis.to_sql(expression, dialect=dialect)


def as_table(rows: ibis.Table, name: str) -> ibis.Table:
    """Cut an expression off, as staging does."""
    return ibis.table(rows.schema(), name=name)


@pytest.mark.parametrize(
    ("name", "rates"),
    [("online_retail", RATES), ("shopify_orders", None), ("taobao_lines", None), ("cdnow", RATES)],
    ids=["returns and fees", "order-level discounts", "lines alone", "orders without a number"],
)
def test_orders(name, rates) -> None:
    mapping, counts_in = preset(name), terms(rates)
    typed = cells.order_cells(reader_of(name), mapping)
    compiles(typed)
    typed = as_table(typed, "cells")
    units = orders.unit_orders(typed, mapping, terms=counts_in)
    compiles(units)
    if mapping.orders.ordered_at is None:
        known = as_table(orders.known_units(units, STORED), "units")
        compiles(orders.known_units(units, STORED), orders.completed_orders(known, STORED, terms=counts_in))
    else:
        named = orders.named_units(as_table(units, "units"), WHO, mapping=mapping)
        compiles(named)
        known = as_table(named, "named")
        compiles(orders.orders(known, terms=counts_in))
    compiles(refunds.refunds(typed, known, mapping, terms=counts_in))
    if mapping.lines is not None:
        compiles(orders.order_lines(typed, known, mapping, terms=counts_in))
    if mapping.products is not None:
        compiles(products.products(typed, mapping, terms=counts_in))
    if mapping.who.account is not None:
        compiles(people.arrivals(typed, mapping, source="s"), people.customers(typed, WHO, mapping))


def test_customers_products_and_events() -> None:
    customers = cells.customer_cells(reader_of("shopify_customers"), preset("shopify_customers"))
    catalogue = cells.product_cells(reader_of("completejourney_products"), preset("completejourney_products"))
    clicks = cells.event_cells(reader_of("rees46_events"), preset("rees46_events"))
    compiles(customers, catalogue, clicks)
    typed = as_table(clicks, "cells")
    named = events.identified(typed, WHO)
    links = ibis.table({"link_key": "string", "linked_key": "string"}, name="links")
    compiles(
        named,
        events.events(as_table(named, "named"), terms=terms(None)),
        people.customers(as_table(customers, "cells"), WHO, preset("shopify_customers")),
        people.linked(as_table(customers.drop("link_key"), "cells"), links),
        people.seen_accounts(as_table(customers, "cells"), WHO),
        products.products(
            as_table(catalogue, "cells"), preset("completejourney_products"), terms=terms(None)
        ),
    )


def test_changes() -> None:
    stored = ibis.table(ORDERS.schema, name="orders")
    before = changes.held_before(stored, source="s", load_id="l", known_at=datetime(2026, 1, 1))
    new = ibis.table(before.schema(), name="new")
    judged = ibis.table({"is_changed": "boolean", "is_repeat": "boolean", "reason": "string"}, name="judged")
    compiles(
        before,
        changes.changed_keys(new, before, key="order_id", compares_who=True),
        changes.changed_keys(new, before, key="order_id", compares_who=False),
        changes.completed(new, before, key="order_id", columns=["coupon_code"]),
        changes.with_provenance(new, source="s", load_id="l", known_at=datetime(2026, 1, 1)),
        changes.fates(judged),
    )


def test_wrapped_texts() -> None:
    raw = ibis.table({LINE: "int64", "a": "string"}, name="raw")
    compiles(raw.aggregate(is_wrapped(raw.a)), unwrapped(raw, ["a"]))
