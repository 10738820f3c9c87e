"""Launches of the past, one row each, and what older products sold at a moment."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

__all__ = ["launches", "older_products", "shelf_prices"]


def launches(lines: ir.Table, *, from_on: date, until_on: date, horizon_days: int, most: int) -> ir.Table:
    """Return the newest launches whose horizon is over: products whose first sale was on `from_on` or later.

    Parameters
    ----------
    lines
        Result of `sales.sold_lines`, of the whole past.
    from_on
        Products that were sold before were there from the beginning, as far as anybody knows.
    until_on
        End of the lines, exclusive.
    horizon_days
        Days from the first sale on, that day among them.
    most
        So many launches.

    Returns
    -------
    Table
        product_id, category, first_on, units (thousandths), net_minor: of the horizon.
    """
    firsts = lines.group_by("product_id").agg(first_on=lines.day_on.min(), category=lines.category.max())
    is_new = firsts.first_on >= ibis.literal(from_on).cast("date")
    is_over = firsts.first_on <= ibis.literal(until_on - timedelta(days=horizon_days)).cast("date")
    new = firsts.filter(is_new & is_over).order_by([ibis.desc("first_on"), "product_id"]).limit(most)
    new = new.select("first_on", launched_id="product_id", shelf="category")
    inside = lines.inner_join(new, lines.product_id == new.launched_id)
    age = inside.day_on.delta(inside.first_on, unit="day")
    inside = inside.filter(age < horizon_days)
    return inside.group_by(product_id="launched_id", category="shelf", first_on="first_on").agg(
        units=inside.units.sum().cast("int64"), net_minor=inside.net_minor.sum().cast("int64")
    )


def older_products(lines: ir.Table, *, until_on: date, horizon_days: int) -> ir.Table:
    """Return by category what a product sold on average within the horizon before a day, of those first sold before it.

    Parameters
    ----------
    lines
        Result of `sales.sold_lines`.
    until_on
        Exclusive end.
    horizon_days
        Days.

    Returns
    -------
    Table
        category, units (thousandths, per product).
    """
    begin = ibis.literal(until_on - timedelta(days=horizon_days)).cast("date")
    before = lines.filter(lines.day_on < ibis.literal(until_on).cast("date"))
    own = before.group_by("product_id").agg(
        category=before.category.max(),
        first_on=before.day_on.min(),
        units=ibis.ifelse(before.day_on >= begin, before.units, 0).sum(),
        last_on=before.day_on.max(),
    )
    alive = own.filter(own.first_on < begin, own.last_on >= begin)
    return alive.group_by("category").agg(units=alive.units.mean())


def shelf_prices(lines: ir.Table) -> ir.Table:
    """Return the mean price paid per unit in each category: category, price_minor."""
    sums = lines.group_by("category").agg(units=lines.units.sum(), net_minor=lines.net_minor.sum())
    return sums.filter(sums.units > 0, sums.net_minor > 0).select(
        "category", price_minor=sums.net_minor * 1000.0 / sums.units
    )
