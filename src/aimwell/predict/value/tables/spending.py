"""What people bought in a window, and the net margin it brought."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.people.model import Facts

__all__ = ["margin_amounts", "margins", "outcomes", "purchase_days"]


def purchase_days(facts: Facts, *, start: datetime | None, end: datetime) -> ir.Table:
    """Return the days on which each known person ordered: several orders of a day are one purchase.

    Parameters
    ----------
    facts
        Orders. Anonymous (null `person_id`) and cancelled orders are left out; an unknown (null) status
        counts.
    start, end
        Naive UTC, half-open; `start` None: since ever.

    Returns
    -------
    Table
        One row per (person_id, bought_on); `bought_on` is the shop's local day.
    """
    orders = _within(facts.orders, "ordered_at", start=start, end=end)
    kept = orders.filter(orders.status.fill_null("") != "cancelled")
    return kept.select("person_id", bought_on=kept.local_at.date()).distinct()


def margins(facts: Facts, *, start: datetime | None, end: datetime, margin_rate: float) -> ir.Table:
    """Return the net margin that each known person brought.

    The margin of a line is net sales less cost, or net sales times `margin_rate` where the cost is unknown.
    Orders without lines count by their `items_minor`. A refund takes back its amount times `margin_rate`, at
    the time of the refund: the goods come back, the margin is lost. Fees and cancelled orders bring none.

    Parameters
    ----------
    facts
        Orders, order lines and refunds.
    start, end
        Naive UTC, half-open; `start` None: since ever.
    margin_rate
        Share of net sales, 0..1.

    Returns
    -------
    Table
        One row per person with an order or refund in the window: person_id, margin_minor (int64, may be
        negative). Amounts are summed as integers, and rounded once.
    """
    amounts = margin_amounts(facts, start=start, end=end)
    sums = amounts.group_by("person_id").agg(
        known_minor=amounts.known_minor.sum(), rated_minor=amounts.rated_minor.sum()
    )
    by_rate = (sums.rated_minor * margin_rate).round().cast("int64")
    return sums.select("person_id", margin_minor=(sums.known_minor + by_rate).cast("int64"))


def margin_amounts(facts: Facts, *, start: datetime | None, end: datetime) -> ir.Table:
    """Return what `margins` adds up, moment by moment.

    Parameters
    ----------
    facts, start, end
        As for `margins`.

    Returns
    -------
    Table
        One row per order line, order without lines, and refund: person_id, at (timestamp), known_minor (its margin where the cost
        is known) and rated_minor (what the margin rate is to be taken of), both int64.
    """
    cancelled = facts.orders.filter(facts.orders.status == "cancelled").select("source", "order_id")
    orders, lines, refunds = (
        _within(table, at, start=start, end=end).anti_join(cancelled, ["source", "order_id"])
        for table, at in (
            (facts.orders, "ordered_at"),
            (facts.order_lines, "ordered_at"),
            (facts.refunds, "refunded_at"),
        )
    )
    return ibis.union(_of_lines(lines), _of_lineless(orders), _of_refunds(refunds))


def outcomes(days: ir.Table, margins: ir.Table) -> ir.Table:
    """Return what a window brought, person by person.

    Parameters
    ----------
    days, margins
        Results of `purchase_days` and `margins` over the same window.

    Returns
    -------
    Table
        One row per person with an order or refund: person_id, n_orders (purchase days), margin_minor.
    """
    counts = days.group_by("person_id").agg(n_orders=days.count())
    joined = counts.outer_join(margins, "person_id")
    return joined.select(
        person_id=ibis.coalesce(joined.person_id, joined.person_id_right),
        n_orders=joined.n_orders.fill_null(0),
        margin_minor=joined.margin_minor.fill_null(0),
    )


def _within(rows: ir.Table, at: str, *, start: datetime | None, end: datetime) -> ir.Table:
    inside = rows.filter(rows.person_id.notnull(), rows[at] < ibis.literal(end).cast("timestamp"))
    return inside if start is None else inside.filter(inside[at] >= ibis.literal(start).cast("timestamp"))


def _of_lines(lines: ir.Table) -> ir.Table:
    goods = lines.filter(lines.is_fee.isnull() | ~lines.is_fee)
    has_cost = goods.cost_minor.notnull()
    return goods.select(
        "person_id",
        at=goods.ordered_at.cast("timestamp"),
        known_minor=ibis.ifelse(has_cost, goods.net_minor - goods.cost_minor, 0).cast("int64"),
        rated_minor=ibis.ifelse(has_cost, 0, goods.net_minor).cast("int64"),
    )


def _of_lineless(orders: ir.Table) -> ir.Table:
    lineless = orders.filter(orders.n_lines.fill_null(0) == 0)
    return _rated(lineless, lineless.items_minor.fill_null(0), at=lineless.ordered_at)


def _of_refunds(refunds: ir.Table) -> ir.Table:
    return _rated(refunds, -refunds.amount_minor, at=refunds.refunded_at)


def _rated(rows: ir.Table, amount_minor: ir.IntegerValue, *, at: ir.TimestampValue) -> ir.Table:
    return rows.select(
        "person_id",
        at=at.cast("timestamp"),
        known_minor=ibis.literal(0).cast("int64"),
        rated_minor=amount_minor.cast("int64"),
    )
