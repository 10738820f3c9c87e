"""The state of a person: what orders, lines and events say that does not depend on "now".

Sums are of whole numbers, so any order of rows and any number of threads give the
same state. Tastes and breadth come from one chain of ever coarser groups (person and product, then category and brand,
then category or brand, then person) instead of distinct counts over raw rows. The first group of each chain is finer than a person, so
that an engine can begin it wherever the rows are: no one task gets all the rows of a counter or reseller.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir

from aimwell.people.model import Facts
from aimwell.portraits.specs import DAYPARTS, KINDS, STATE, WEEKDAYS
from aimwell.portraits.tables.moments import before

__all__ = [
    "event_state",
    "line_state",
    "order_state",
    "person_state",
    "placed",
    "shelves",
    "sold",
    "stock_units",
]

Together = Callable[[ir.Table], ir.Table]

_ORDER = "Order Completed"
_SHELF_SUMS = ("n_lines", "milli_quantity", "net_minor")
_MOBILE = ("mobile", "phone", "tablet", "app", "ios", "android", "mini program")


def person_state(
    facts: Facts, *, as_of: datetime, category_depth: int, together: Together = lambda rows: rows
) -> ir.Table:
    """Return the state of everybody with an order, a line or an event before `as_of`.

    Parameters
    ----------
    facts
        Rows that hold, one `person_id` per person; rows without a person are left out.
    as_of
        Facts at or after this moment are left out.
    category_depth
        Steps of the category path that tastes are counted by.
    together
        Returns rows such that an engine moves them once for all that is counted by person (`Engine.together`).

    Returns
    -------
    Table
        One row per person, columns of `STATE`.
    """
    orders = before(facts.orders, "ordered_at", as_of)
    parts = (
        order_state(placed(orders), together=together),
        line_state(
            sold(before(facts.order_lines, "ordered_at", as_of), orders),
            shelves(facts.products, category_depth=category_depth),
            together=together,
        ),
        event_state(before(facts.events, "occurred_at", as_of), placed(orders)),
    )
    everything = parts[0]
    for part in parts[1:]:
        joined = everything.outer_join(part, "person_id")
        person = joined.person_id.fill_null(joined.person_id_right)
        everything = joined.mutate(person_id=person).drop("person_id_right")
    return everything.select(**{name: everything[name].cast(dtype) for name, dtype in STATE.schema.items()})


def placed(orders: ir.Table) -> ir.Table:
    """Return the orders of known people that were not cancelled; an unknown status counts as placed."""
    return orders.filter(orders.person_id.notnull(), orders.status.isnull() | (orders.status != "cancelled"))


def sold(lines: ir.Table, orders: ir.Table) -> ir.Table:
    """Return the lines of known people that are goods and whose order was not cancelled."""
    cancelled = orders.filter(orders.status == "cancelled").select("order_id")
    goods = lines.filter(lines.person_id.notnull(), lines.is_fee.isnull() | ~lines.is_fee)
    return goods.anti_join(cancelled, "order_id")


def shelves(products: ir.Table, *, category_depth: int) -> ir.Table:
    """Return where each product stands.

    Returns
    -------
    Table
        One row per product: product_id, category (the first steps of its path; null if unknown), brand (null if unknown).
    """
    path = products.category.split(" > ")[:category_depth].join(" > ")
    return products.select("product_id", category=path.nullif(""), brand=products.brand.nullif(""))


def stock_units(products: ir.Table) -> ir.FloatingValue:
    """Return the units of each product that the shop says are in stock: its attribute `stock`; null if unknown."""
    return products.attributes.get("stock", "").try_cast("float64")


def order_state(orders: ir.Table, *, together: Together) -> ir.Table:
    """Return what orders say about each person.

    Parameters
    ----------
    orders
        Columns of `aimwell.intake.facts.ORDERS`; person_id not null, none cancelled.
    together
        As in `person_state`.

    Returns
    -------
    Table
        One row per person with an order.
    """
    pairs = orders.group_by("person_id", "channel", "device").agg(**_order_sums(orders))
    folded = {name: _folded(pairs, name) for name in _order_sums(orders)}
    usual = {"n_orders": pairs.n_orders, "channel": _known(pairs.channel), "device": _known(pairs.device)}
    people = pairs.group_by("person_id").agg(
        **folded,
        n_channels=pairs.channel.nunique(),
        usual=ibis.struct(usual).max(),  # of equally common pairs the last by name
    )
    return people.join(_order_days(orders, together=together), "person_id")


def _order_days(orders: ir.Table, *, together: Together) -> ir.Table:
    """Return one row per person: on how many days there was an order, and the squares of the days between them."""
    days = together(
        orders.group_by("person_id", on=orders.local_at.cast("date")).agg(n_orders=orders.count())
    )
    turn = ibis.window(group_by="person_id", order_by="on")
    dated = days.mutate(gap_days=days["on"].delta(days["on"].lag().over(turn), unit="day"))
    return dated.group_by("person_id").agg(
        n_order_days=dated.count(),
        gap_days_squared=_sum(dated.gap_days * dated.gap_days),  # nothing before the first day
    )


def _order_sums(orders: ir.Table) -> dict[str, Any]:
    """Return what is added up over orders, first per person, channel and device, then per person."""
    at = orders.local_at
    part = (at.hour() // 6) * 6
    return {
        "n_orders": orders.count(),
        "first_ordered_at": orders.ordered_at.min(),
        "last_ordered_at": orders.ordered_at.max(),
        "first_order_on": at.cast("date").min(),
        "last_order_on": at.cast("date").max(),
        "n_lines_ordered": _sum(orders.n_lines),
        "items_minor": _sum(orders.items_minor),
        "max_items_minor": orders.items_minor.max(),
        "discount_minor": _sum(orders.discount_minor),
        "n_discounted_orders": orders.count(where=orders.discount_minor > 0),
        "n_coupon_orders": orders.count(where=orders.coupon_code.notnull()),
        "n_free_shipping": orders.count(where=orders.shipping_minor == 0),
        **{f"n_{name}": orders.count(where=part == hour) for name, hour in DAYPARTS.items()},
        **{f"n_{name}": orders.count(where=at.day_of_week.index() == i) for i, name in enumerate(WEEKDAYS)},
        **{f"n_quarter_{q}": orders.count(where=at.quarter() == q) for q in (1, 2, 3, 4)},
    }


def line_state(lines: ir.Table, shelf: ir.Table, *, together: Together) -> ir.Table:
    """Return what order lines say about each person.

    Parameters
    ----------
    lines
        Columns of `aimwell.intake.facts.ORDER_LINES`; person_id not null, no fees, none cancelled.
    shelf
        As `shelves` returns.
    together
        As in `person_state`.

    Returns
    -------
    Table
        One row per person with a line.
    """
    by_product = together(lines.group_by("person_id", "product_id").agg(**_line_sums(lines)))
    on_shelf = by_product.left_join(shelf, "product_id")
    by_brand = on_shelf.group_by("person_id", "category", "brand").agg(
        **{name: _folded(on_shelf, name) for name in _SHELF_SUMS}
    )
    whole = by_product.group_by("person_id").agg(
        **{name: _folded(by_product, name) for name in _line_sums(lines)},
        n_products=by_product.product_id.count(),
        favourite=ibis.struct(
            {"n_lines": by_product.n_lines, "product_id": _known(by_product.product_id)}
        ).max(),
    )
    return whole.join(_by_category(by_brand), "person_id").join(_by_brand(by_brand), "person_id")


def _line_sums(lines: ir.Table) -> dict[str, Any]:
    is_costed = lines.cost_minor.notnull()
    return {
        "n_lines": lines.count(),
        "milli_quantity": _sum((lines.quantity * 1000).cast("int64")),
        "net_minor": _sum(lines.net_minor),
        "n_discounted_lines": lines.count(where=lines.discount_minor > 0),
        "costed_net_minor": _sum(lines.net_minor, where=is_costed),
        "cost_minor": _sum(lines.cost_minor),
    }


def _by_category(by_brand: ir.Table) -> ir.Table:
    """Return one row per person: breadth and main brands of categories, and their list."""
    is_branded = by_brand.brand.notnull() & by_brand.category.notnull()
    each = by_brand.group_by("person_id", "category").agg(
        **{name: _folded(by_brand, name) for name in _SHELF_SUMS},
        n_branded_lines=_sum(by_brand.n_lines, where=is_branded),
        n_main_brand_lines=by_brand.n_lines.max(where=is_branded).fill_null(0),
    )
    is_known = each.category.notnull()
    entry = {"name": each.category, **{name: each[name] for name in _SHELF_SUMS}}
    return each.group_by("person_id").agg(
        n_categories=each.category.count(),
        n_known_lines=_sum(each.n_lines, where=is_known),
        same_category_pairs=_sum(each.n_lines * each.n_lines, where=is_known),
        n_branded_lines=_sum(each.n_branded_lines),
        n_main_brand_lines=_sum(each.n_main_brand_lines),
        categories=ibis.struct(entry).collect(where=is_known),
    )


def _by_brand(by_brand: ir.Table) -> ir.Table:
    """Return one row per person: breadth of brands, and their list."""
    each = by_brand.group_by("person_id", "brand").agg(n_lines=_sum(by_brand.n_lines))
    is_known = each.brand.notnull()
    return each.group_by("person_id").agg(
        n_brands=each.brand.count(),
        n_brand_lines=_sum(each.n_lines, where=is_known),
        same_brand_pairs=_sum(each.n_lines * each.n_lines, where=is_known),
        brands=ibis.struct({"name": each.brand, "n_lines": each.n_lines}).collect(where=is_known),
    )


def event_state(events: ir.Table, orders: ir.Table) -> ir.Table:
    """Return what events say about each person, by way of the days on which they came.

    A shop's orders count as "Order Completed", whether or not its web site sends that event: a cart is abandoned when the
    day on which something was put into it brought no order.

    Parameters
    ----------
    events
        Columns of `aimwell.intake.facts.EVENTS`; rows without a person are left out.
    orders
        Columns of `aimwell.intake.facts.ORDERS`; person_id not null, none cancelled.

    Returns
    -------
    Table
        One row per person with an event or an order.
    """
    seen = events.filter(events.person_id.notnull())
    columns = {
        "person_id": "int64",
        "name": "string",
        "at": "timestamp",
        "on": "date",
        "is_mobile": "boolean",
    }
    acts = ibis.union(
        seen.select(
            person_id=seen.person_id,
            name=seen.name,
            at=seen.occurred_at,
            on=seen.local_at.cast("date"),
            is_mobile=seen.device.lower().isin(_MOBILE),
        ).cast(columns),
        orders.select(
            person_id=orders.person_id,
            name=ibis.literal(_ORDER),
            at=ibis.null("timestamp"),
            on=orders.local_at.cast("date"),
            is_mobile=ibis.null("boolean"),
        ).cast(columns),
    )
    days = acts.group_by("person_id", "on").agg(
        n_orders=acts.count(where=acts.name == _ORDER),
        n_events=acts["at"].count(),
        n_mobile_events=acts.count(where=acts.is_mobile),
        **{f"n_{kind}": acts.count(where=acts.name == name) for kind, name in KINDS.items()},
        first_seen_at=acts["at"].min(),
        last_seen_at=acts["at"].max(),
        last_viewed_at=acts["at"].max(where=acts.name == KINDS["views"]),
        last_searched_at=acts["at"].max(where=acts.name == KINDS["searches"]),
        last_carted_at=acts["at"].max(where=acts.name == KINDS["carts"]),
    )
    return _days_folded(days)


def _days_folded(days: ir.Table) -> ir.Table:
    counts = ("n_events", "n_mobile_events", *(f"n_{kind}" for kind in KINDS))
    moments = ("first_seen_at", "last_seen_at", "last_viewed_at", "last_searched_at", "last_carted_at")
    return days.group_by("person_id").agg(
        **{name: _folded(days, name) for name in (*counts, *moments)},
        n_visit_days=days.count(where=days.n_events > 0),
        n_view_days=days.count(where=days.n_views > 0),
        n_bought_view_days=days.count(where=(days.n_views > 0) & (days.n_orders > 0)),
        n_cart_days=days.count(where=days.n_carts > 0),
        n_abandoned_cart_days=days.count(where=(days.n_carts > 0) & (days.n_orders == 0)),
    )


def _folded(rows: ir.Table, name: str) -> Any:
    """Return the aggregate that folds finer groups into coarser ones, told by the column's name."""
    if name.startswith("first_"):
        return rows[name].min()
    if name.startswith(("last_", "max_")):
        return rows[name].max()
    return _sum(rows[name])


def _sum(values: Any, **where: Any) -> Any:
    """Return an integer sum, 0 over nothing."""
    return values.sum(**where).fill_null(0)


def _known(names: Any) -> Any:
    """Return names with "" for unknown, so that structs compare alike on every engine."""
    return names.fill_null("")
