"""Weekly sales of products, from order lines."""

from __future__ import annotations

from datetime import date, datetime

import ibis
import ibis.expr.types as ir

from aimwell.people.model import Facts
from aimwell.portraits.tables.moments import before
from aimwell.portraits.tables.state import shelves

__all__ = ["most_sold", "product_weeks", "shelved"]


def product_weeks(facts: Facts, *, as_of: datetime, from_on: date, until_on: date) -> ir.Table:
    """Return what each product sold in each week, and at which price.

    The price of a week is to be the mean over lines: each purchase is one look at the price. Net sales by units would be lower in weeks
    of big orders wherever big orders cost less per unit, and so make a discount for quantity look like sales that answer to price.

    Lines of fees, of cancelled orders, without a product, and as good as given away (less than one minor unit each) are left out. Who bought does
    not matter: anonymous orders count.

    Parameters
    ----------
    facts
        Orders and order lines.
    as_of
        Only lines before this moment; naive UTC.
    from_on, until_on
        Mondays of the shop's local weeks, half-open.

    Returns
    -------
    Table
        One row per (product_id, week_on), the week's Monday, all sums int64: n_lines, units (in thousandths, as are the next two),
        promoted_units (sold at a discount or with a coupon), costed_units, cost_minor (of the costed units), net_minor, prices_milli
        (the sum over lines of the price per unit, in thousandths of a minor unit).
    """
    cancelled = facts.orders.filter(facts.orders.status == "cancelled").select("source", "order_id")
    lines = before(facts.order_lines, "ordered_at", as_of).anti_join(cancelled, ["source", "order_id"])
    is_goods = (lines.is_fee.isnull() | ~lines.is_fee) & lines.product_id.notnull()
    has_price = (lines.quantity > 0) & (lines.net_minor >= lines.quantity)
    sold = lines.filter(is_goods, has_price)
    thousandths = (sold.quantity.cast("float64") * 1000).round().cast("int64")
    is_promoted = (sold.discount_minor.fill_null(0) > 0) | sold.coupon_code.notnull()
    has_cost = sold.cost_minor.notnull()
    rows = sold.select(
        "product_id",
        n_lines=ibis.literal(1).cast("int64"),
        week_on=sold.local_at.truncate("W").cast("date"),
        units=thousandths,
        net_minor=sold.net_minor.cast("int64"),
        prices_milli=(sold.net_minor * 1000 / sold.quantity.cast("float64")).round().cast("int64"),
        promoted_units=is_promoted.ifelse(thousandths, 0).cast("int64"),
        costed_units=has_cost.ifelse(thousandths, 0).cast("int64"),
        cost_minor=sold.cost_minor.fill_null(0).cast("int64"),
    )
    inside = rows.filter(
        rows.week_on >= ibis.literal(from_on).cast("date"), rows.week_on < ibis.literal(until_on).cast("date")
    )
    sums = ("n_lines", "units", "promoted_units", "costed_units", "cost_minor", "net_minor", "prices_milli")
    return inside.group_by("product_id", "week_on").agg(
        **{name: inside[name].sum().cast("int64") for name in sums}
    )


def most_sold(weeks: ir.Table, *, limit: int, min_weeks: int) -> ir.Table:
    """Return the rows of the products with most weeks of sales; of equals those of most sales.

    Parameters
    ----------
    weeks
        Result of `product_weeks`.
    limit
        At most so many products.
    min_weeks
        Products sold in fewer weeks are left out.
    """
    products = weeks.group_by("product_id").agg(n_weeks=weeks.count(), all_net_minor=weeks.net_minor.sum())
    chosen = products.filter(products.n_weeks >= min_weeks)
    chosen = chosen.order_by(ibis.desc("n_weeks"), ibis.desc("all_net_minor"), "product_id").limit(limit)
    return weeks.semi_join(chosen, "product_id")


def shelved(products: ir.Table, *, category_depth: int) -> ir.Table:
    """Return one row per product: product_id, category (the first steps of its path; "" if unknown)."""
    found = shelves(products, category_depth=category_depth).filter(products.product_id.notnull())
    return found.group_by("product_id").agg(category=found.category.max().fill_null(""))
