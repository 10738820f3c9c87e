"""The shop's own sales by local year."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.people.model import Facts

__all__ = ["sales_by_year"]


def sales_by_year(facts: Facts, *, as_of: datetime) -> ir.Table:
    """Return what was sold in each year of the shop's own clock.

    Parameters
    ----------
    facts
        Orders; cancelled ones are left out, anonymous ones count.
    as_of
        Only orders before this moment; naive UTC.

    Returns
    -------
    Table
        One row per year, ascending: year, sales_minor (goods after discounts), first_on and last_on (days of the first and last order).
    """
    orders = facts.orders
    kept = orders.filter(
        orders.ordered_at < ibis.literal(as_of).cast("timestamp"), orders.status.fill_null("") != "cancelled"
    )
    rows = kept.select(
        year=kept.local_at.year().cast("int64"),
        items_minor=kept.items_minor.fill_null(0).cast("int64"),
        on=kept.local_at.cast("date"),
    )
    sums = rows.group_by("year").agg(
        sales_minor=rows.items_minor.sum().cast("int64"), first_on=rows.on.min(), last_on=rows.on.max()
    )
    return sums.order_by("year")
