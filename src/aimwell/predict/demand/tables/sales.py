"""Daily sales from order lines, boiled down to a bounded number of series."""

from __future__ import annotations

from datetime import date, datetime

import ibis
import ibis.expr.types as ir

from aimwell.people.model import Facts
from aimwell.portraits.tables.moments import before
from aimwell.portraits.tables.state import shelves

__all__ = ["channel_days", "day_sums", "month_sums", "pooled_days", "segment_days", "sold_lines"]


def sold_lines(
    facts: Facts, *, as_of: datetime, from_on: date, until_on: date, category_depth: int
) -> ir.Table:
    """Return the goods that were bought: no fees, no cancelled orders, no returns; anonymous orders count.

    Parameters
    ----------
    facts
        Orders, order lines and products.
    as_of
        Only lines before this moment; naive UTC.
    from_on, until_on
        Local days of the shop, half-open.
    category_depth
        Steps of the category path that make a category.

    Returns
    -------
    Table
        One row per line: product_id, category ("" if unknown), person_id, channel ("" if unknown), day_on, units in thousandths, net_minor.
    """
    orders = facts.orders.select("source", "order_id", "status", order_channel=facts.orders.channel)
    lines = before(facts.order_lines, "ordered_at", as_of)
    is_goods = (lines.is_fee.isnull() | ~lines.is_fee) & lines.product_id.notnull() & (lines.quantity > 0)
    sold = lines.filter(is_goods).left_join(orders, ["source", "order_id"])
    sold = sold.filter(sold.status.fill_null("") != "cancelled").mutate(day_on=ibis._.local_at.cast("date"))
    inside = sold.filter(
        sold.day_on >= ibis.literal(from_on).cast("date"), sold.day_on < ibis.literal(until_on).cast("date")
    ).select(
        "product_id",
        "person_id",
        "day_on",
        channel=ibis._.order_channel.fill_null(""),
        units=(ibis._.quantity.cast("float64") * 1000).round().cast("int64"),
        net_minor=ibis._.net_minor.cast("int64"),
    )
    shelf = shelves(facts.products, category_depth=category_depth)
    shelf = (
        shelf.filter(shelf.product_id.notnull())
        .group_by(shelf_id=shelf.product_id)
        .agg(category=shelf.category.max())
    )
    joined = inside.left_join(shelf, inside.product_id == shelf.shelf_id)
    return joined.mutate(category=joined.category.fill_null("")).drop("shelf_id")


def pooled_days(lines: ir.Table, *, max_products: int, max_categories: int, recent_from: date) -> ir.Table:
    """Return daily sales of the products of most recent sales, and of the others pooled by category.

    Parameters
    ----------
    lines
        Result of `sold_lines`.
    max_products, max_categories
        So many series of their own, and so many categories; other categories become "".
    recent_from
        Sales from this day on rank products and categories.

    Returns
    -------
    Table
        One row per (key, category, day_on): units in thousandths, net_minor, buyers (known people), first_buyers (those whose first
        purchase of the series in `lines` was on that day). The key is the product_id, "" for a pool.
    """
    recent = lines.mutate(
        recent_minor=ibis.ifelse(lines.day_on >= ibis.literal(recent_from).cast("date"), lines.net_minor, 0)
    )
    ranked = recent.group_by("category").agg(recent_minor=recent.recent_minor.sum())
    top_shelves = ranked.order_by(ibis.desc("recent_minor"), "category").limit(max_categories)
    top_shelves = top_shelves.select(top_category=top_shelves.category)
    sums = recent.group_by("product_id").agg(recent_minor=recent.recent_minor.sum(), n_lines=recent.count())
    top = sums.order_by(ibis.desc("recent_minor"), ibis.desc("n_lines"), "product_id").limit(max_products)
    top = top.select(top_id=top.product_id)
    marked = lines.left_join(top, lines.product_id == top.top_id)
    marked = marked.left_join(top_shelves, marked.category == top_shelves.top_category)
    named = marked.select(
        "day_on",
        "units",
        "net_minor",
        "person_id",
        key=marked.top_id.fill_null(""),
        category=marked.top_category.fill_null(""),
    )
    sold = named.group_by("key", "category", "day_on").agg(
        units=named.units.sum().cast("int64"),
        net_minor=named.net_minor.sum().cast("int64"),
        buyers=named.person_id.nunique(),
    )
    known = named.filter(named.person_id.notnull())
    firsts = known.group_by("key", "category", "person_id").agg(first_on=known.day_on.min())
    firsts = firsts.group_by(first_key="key", first_category="category", first_on="first_on").agg(
        first_buyers=firsts.count()
    )
    joined = sold.left_join(
        firsts,
        [
            sold.key == firsts.first_key,
            sold.category == firsts.first_category,
            sold.day_on == firsts.first_on,
        ],
    )
    counted = joined.mutate(first_buyers=joined.first_buyers.fill_null(0))
    return counted.drop("first_key", "first_category", "first_on")


def channel_days(lines: ir.Table) -> ir.Table:
    """Return units and sales by channel: key, units in thousandths, net_minor."""
    return _by(lines, lines.channel)


def segment_days(lines: ir.Table, segments: ir.Table | None) -> ir.Table:
    """Return units and sales by group of customers: key, units in thousandths, net_minor.

    Parameters
    ----------
    lines
        Result of `sold_lines`, of the days that shares are taken from.
    segments
        person_id, segment: at most one row per person; None: who is known, and who is not.
    """
    if segments is None:
        return _by(lines, lines.person_id.isnull().ifelse("anonymous", "known"))
    joined = lines.left_join(
        segments.select(member_id="person_id", segment="segment"), ibis._.person_id == ibis._.member_id
    )
    return _by(joined, joined.segment.fill_null(""))


def _by(lines: ir.Table, key: ir.StringValue) -> ir.Table:
    named = lines.select("units", "net_minor", key=key)
    return named.group_by("key").agg(
        units=named.units.sum().cast("int64"), net_minor=named.net_minor.sum().cast("int64")
    )


def day_sums(lines: ir.Table) -> ir.Table:
    """Return what the whole shop sold each day: day_on, units in thousandths, net_minor."""
    return lines.group_by("day_on").agg(
        units=lines.units.sum().cast("int64"), net_minor=lines.net_minor.sum().cast("int64")
    )


def month_sums(lines: ir.Table, key: ir.StringValue, *, max_keys: int) -> ir.Table:
    """Return monthly sales by a key, of the keys of most sales; the others are summed as "".

    Parameters
    ----------
    lines
        Result of `sold_lines`.
    key
        Of `lines`: such as their category.
    max_keys
        So many keys.

    Returns
    -------
    Table
        One row per key and month: key, month_on (its first day), units in thousandths, net_minor.
    """
    named = lines.select("units", "net_minor", key=key, month_on=lines.day_on.truncate("M").cast("date"))
    sums = named.group_by("key").agg(net_minor=named.net_minor.sum())
    top = sums.order_by(ibis.desc("net_minor"), "key").limit(max_keys).select(top_key=sums.key)
    marked = named.left_join(top, named.key == top.top_key)
    kept = marked.mutate(key=marked.top_key.fill_null(""))
    return kept.group_by("key", "month_on").agg(
        units=kept.units.sum().cast("int64"), net_minor=kept.net_minor.sum().cast("int64")
    )
