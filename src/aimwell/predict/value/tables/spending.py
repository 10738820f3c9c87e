"""What people bought in a window, with its net margin."""

from __future__ import annotations

from datetime import date, datetime

import ibis
import ibis.expr.types as ir

from aimwell.people.model import Facts

__all__ = ["spending"]


def spending(
    facts: Facts, *, start: datetime | None, end: datetime, margin_rate: float, recent_from: date | None = None
) -> ir.Table:
    """Return what each known person bought in a window.

    Parameters
    ----------
    facts
        Orders, order lines and refunds. Anonymous (null `person_id`) and cancelled orders are left out.
    start, end
        Naive UTC, half-open; `start` None: since ever.
    margin_rate
        Share (0..1) of net sales that is margin where a line's cost is unknown, and of a refund that is lost
        margin.

    Returns
    -------
    Table
        One row per person with an order in the window: person_id, n_days (distinct local days with an order),
        first_on, last_on (shop's local days), margin_minor (int64: net sales less cost, less the margin of
        what was refunded in the window; may be negative). Fees are no margin.
    """
    orders = _within(facts.orders, "ordered_at", start=start, end=end)
    is_cancelled = orders.status.fill_null("") == "cancelled"
    cancelled = facts.orders.filter(facts.orders.status == "cancelled").select("source", "order_id")
    kept = orders.filter(~is_cancelled)
    bought_on = kept.local_at.date()
    days = kept.group_by("person_id").agg(
        n_days=bought_on.nunique(), first_on=bought_on.min(), last_on=bought_on.max()
    )
    lines = _within(facts.order_lines, "ordered_at", start=start, end=end).anti_join(
        cancelled, ["source", "order_id"]
    )
    refunds = _within(facts.refunds, "refunded_at", start=start, end=end).anti_join(
        cancelled, ["source", "order_id"]
    )
    amounts = ibis.union(_line_margins(lines), _lineless_margins(kept), _refund_margins(refunds))
    margins = amounts.group_by("person_id").agg(
        known_minor=amounts.known_minor.sum(), rated_minor=amounts.rated_minor.sum()
    )
    joined = days.left_join(margins, "person_id")
    by_rate = (joined.rated_minor.fill_null(0) * margin_rate).round().cast("int64")
    return joined.select(
        "person_id",
        "n_days",
        "first_on",
        "last_on",
        margin_minor=(joined.known_minor.fill_null(0) + by_rate).cast("int64"),
    )


def _within(rows: ir.Table, at: str, *, start: datetime | None, end: datetime) -> ir.Table:
    inside = rows.filter(rows.person_id.notnull(), rows[at] < ibis.literal(end).cast("timestamp"))
    return inside if start is None else inside.filter(inside[at] >= ibis.literal(start).cast("timestamp"))


def _line_margins(lines: ir.Table) -> ir.Table:
    goods = lines.filter(~lines.is_fee.fill_null(False))  # noqa: FBT003  # Ibis takes the value so
    return goods.select(
        "person_id",
        known_minor=ibis.ifelse(goods.cost_minor.isnull(), 0, goods.net_minor - goods.cost_minor).cast(
            "int64"
        ),
        rated_minor=ibis.ifelse(goods.cost_minor.isnull(), goods.net_minor, 0).cast("int64"),
    )


def _lineless_margins(orders: ir.Table) -> ir.Table:
    lineless = orders.filter(orders.n_lines.fill_null(0) == 0)
    return lineless.select(
        "person_id",
        known_minor=ibis.literal(0).cast("int64"),
        rated_minor=lineless.items_minor.fill_null(0).cast("int64"),
    )


def _refund_margins(refunds: ir.Table) -> ir.Table:
    return refunds.select(
        "person_id",
        known_minor=ibis.literal(0).cast("int64"),
        rated_minor=(-refunds.amount_minor).cast("int64"),
    )
