"""Last-touch attribution: a diagnostic to be shown beside the result, never as the result."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

__all__ = ["last_touch"]


def last_touch(made: ir.Table, sold: ir.Table, *, campaign_id: str, horizon_days: int) -> ir.Table:
    """Return what was bought within the horizon of a contact, by the offer that came last before the order.

    Parameters
    ----------
    made, sold
        Results of `profit.contacts` and `profit.sales`.
    campaign_id
        Only its contacts.
    horizon_days
        Orders in [decided_at, decided_at + horizon_days).

    Returns
    -------
    Table
        One row per offer, sorted: offer_id, n_contacted (people), n_orders, profit_minor (margin before refunds and costs).
    """
    mine = made.filter(made.campaign_id == campaign_id)
    orders = sold.select("source", "order_id", "person_id", "ordered_at", "margin_milli")
    both = mine.inner_join(orders, "person_id")
    both = both.filter(
        both.ordered_at >= both.decided_at,
        both.ordered_at < both.decided_at + ibis.interval(days=horizon_days),
    )
    latest = ibis.window(group_by=["source", "order_id"], order_by=[ibis.desc("decided_at"), "offer_id"])
    ranked = both.mutate(place=ibis.row_number().over(latest))
    credited = ranked.filter(ranked.place == 0)
    sums = credited.group_by("offer_id").agg(n_orders=credited.count(), milli=credited.margin_milli.sum())
    reached = mine.group_by("offer_id").agg(n_contacted=mine.person_id.nunique())
    joined = reached.left_join(sums, "offer_id")
    return joined.select(
        *reached.columns,
        n_orders=joined.n_orders.fill_null(0),
        profit_minor=(joined.milli.fill_null(0) / 1000.0).round().cast("int64"),
    ).order_by("offer_id")
