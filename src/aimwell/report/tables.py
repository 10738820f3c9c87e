"""What the report gathers from facts: orders in, a bounded number of rows out, whatever the number of customers.

Sums are of whole numbers; rates are derived from them afterwards.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import ibis
import ibis.expr.types as ir

__all__ = [
    "CURVE_STEPS",
    "buying_hours",
    "cohort_cells",
    "concentration_steps",
    "counted_orders",
    "coverage_of_lines",
    "coverage_of_orders",
    "example_people",
    "monthly_sales",
    "offer_totals",
    "order_ends",
    "refund_totals",
    "segment_shares",
    "totals",
    "value_deciles",
]

CURVE_STEPS = 200  # steps of the concentration curve: the first is the best half per cent


def counted_orders(orders: ir.Table, *, as_of: datetime) -> ir.Table:
    """Return the orders that count as sales before a moment.

    Parameters
    ----------
    orders
        Columns of `aimwell.intake.facts.ORDERS`.
    as_of
        Orders at or after this moment (naive UTC) are left out.

    Returns
    -------
    Table
        One row per order that was not cancelled: order_id, person_id (null: anonymous), ordered_at, local_at,
        sales_minor (goods after discounts), order_no (1 is the person's first; null: anonymous).
    """
    placed = orders.filter(
        orders.ordered_at < _moment(as_of), orders.status.isnull() | (orders.status != "cancelled")
    )
    turn = ibis.window(group_by="person_id", order_by=["ordered_at", "source", "order_id"])
    return placed.select(
        "order_id",
        "person_id",
        "ordered_at",
        "local_at",
        sales_minor=placed.items_minor.fill_null(0),
        order_no=ibis.ifelse(placed.person_id.isnull(), ibis.null("int64"), ibis.row_number().over(turn) + 1),
    )


def totals(counted: ir.Table, *, as_of: datetime) -> ir.Table:
    """Return the shop in one row: the columns of `Totals`.

    Parameters
    ----------
    counted
        As `counted_orders` returns.
    as_of
        The recent 90 days are [as_of - 90 days, as_of), the earlier ones the 90 before.
    """
    recent = counted.ordered_at >= _moment(as_of - timedelta(days=90))
    earlier = (counted.ordered_at >= _moment(as_of - timedelta(days=180))) & ~recent
    return counted.aggregate(
        n_orders=counted.count(),
        n_people=counted.count(where=counted.order_no == 1),
        n_repeat_people=counted.count(where=counted.order_no == 2),
        n_anonymous_orders=counted.count(where=counted.person_id.isnull()),
        sales_minor=_sum(counted.sales_minor),
        recent_sales_minor=_sum(counted.sales_minor, where=recent),
        earlier_sales_minor=_sum(counted.sales_minor, where=earlier),
        n_recent_people=counted.person_id.nunique(where=recent),
        first_ordered_at=counted.ordered_at.min(),
        last_ordered_at=counted.ordered_at.max(),
    )


def monthly_sales(counted: ir.Table) -> ir.Table:
    """Return one row per month of the shop's wall clock with an order: the columns of `Month`, oldest first."""
    month_on = counted.local_at.truncate("M").cast("date")
    is_known = counted.person_id.notnull()
    return (
        counted.group_by(month_on=month_on)
        .agg(
            n_orders=counted.count(),
            first_minor=_sum(counted.sales_minor, where=counted.order_no == 1),
            repeat_minor=_sum(counted.sales_minor, where=counted.order_no > 1),
            anonymous_minor=_sum(counted.sales_minor, where=~is_known),
        )
        .order_by("month_on")
    )


def buying_hours(counted: ir.Table) -> ir.Table:
    """Return one row per weekday (0 is Monday) and hour of the shop's wall clock with an order: n_orders."""
    at = counted.local_at
    return (
        counted.group_by(weekday=at.day_of_week.index().cast("int64"), hour=at.hour().cast("int64"))
        .agg(n_orders=counted.count())
        .order_by("weekday", "hour")
    )


def cohort_cells(counted: ir.Table, *, months: Literal[1, 3, 12], until: datetime) -> ir.Table:
    """Return how many people of each cohort ordered so many periods after their first order.

    Parameters
    ----------
    counted
        As `counted_orders` returns; anonymous orders are left out.
    months
        Length of a period: a month, a quarter or a year of the shop's wall clock.
    until
        Begin of the period that is not complete yet (wall clock); orders from here on are left out.

    Returns
    -------
    Table
        One row per cohort and age with an active person: cohort_no and age in periods (period 0 begins in year 0), n_active.
        Age 0 counts the whole cohort.
    """
    known = counted.filter(counted.person_id.notnull(), counted.local_at < _moment(until))
    period_no = ((known.local_at.year() * 12 + known.local_at.month() - 1) // months).cast("int64")
    active = known.select("person_id", period_no=period_no).distinct()
    cohort_no = active.period_no.min().over(ibis.window(group_by="person_id"))
    placed = active.mutate(cohort_no=cohort_no)
    return (
        placed.group_by("cohort_no", age=placed.period_no - placed.cohort_no)
        .agg(n_active=placed.count())
        .order_by("cohort_no", "age")
    )


def concentration_steps(counted: ir.Table) -> ir.Table:
    """Return people in steps from the one with the highest sales to the one with the lowest.

    Parameters
    ----------
    counted
        As `counted_orders` returns; anonymous orders are left out.

    Returns
    -------
    Table
        At most `CURVE_STEPS` rows, best first: step, n_people, sales_minor of these people together.
    """
    known = counted.filter(counted.person_id.notnull())
    people = known.group_by("person_id").agg(sales_minor=_sum(known.sales_minor))
    best_first = ibis.window(order_by=[ibis.desc("sales_minor"), ibis.asc("person_id")])
    everybody = people.count().over(ibis.window())
    ranked = people.mutate(
        step=((ibis.row_number().over(best_first) * CURVE_STEPS) // everybody).cast("int64")
    )
    return (
        ranked.group_by("step")
        .agg(n_people=ranked.count(), sales_minor=_sum(ranked.sales_minor))
        .order_by("step")
    )


def value_deciles(scores: ir.Table, earned: ir.Table) -> ir.Table:
    """Return predicted and realised margins of people in tenths by prediction, the best first.

    Parameters
    ----------
    scores
        person_id (unique), expected_margin_minor.
    earned
        What people then brought: person_id (unique), margin_minor; nobody's row is left out for lack of one.

    Returns
    -------
    Table
        At most ten rows: decile (1 is best), n_people, predicted_minor and realised_minor of these people together.
    """
    then = earned.select("person_id", realised_minor=earned.margin_minor)
    people = scores.select("person_id", predicted_minor=scores.expected_margin_minor.fill_null(0))
    both = people.left_join(then, "person_id").drop("person_id_right")
    best_first = ibis.window(order_by=[ibis.desc("predicted_minor"), ibis.asc("person_id")])
    everybody = both.count().over(ibis.window())
    ranked = both.mutate(decile=((ibis.row_number().over(best_first) * 10) // everybody).cast("int64") + 1)
    return (
        ranked.group_by("decile")
        .agg(
            n_people=ranked.count(),
            predicted_minor=_sum(ranked.predicted_minor),
            realised_minor=_sum(ranked.realised_minor),
        )
        .order_by("decile")
    )


def segment_shares(portraits: ir.Table, *, segment: str, spend: str, scores: ir.Table | None) -> ir.Table:
    """Return the people of each segment with their spend and their expected margin.

    Parameters
    ----------
    portraits
        One row per person: person_id, and the two columns named below.
    segment, spend
        Names of the column of the segment (null: none) and of spend in minor units (null counts as 0).
    scores
        person_id, expected_margin_minor; None: no value model.

    Returns
    -------
    Table
        One row per segment: name, n_people, sales_minor, value_minor (null without scores).
    """
    people = portraits.select("person_id", name=portraits[segment], sales_minor=portraits[spend])
    if scores is None:
        both = people.mutate(value_minor=ibis.null("int64"))
    else:
        valued = scores.select("person_id", value_minor="expected_margin_minor")
        both = people.left_join(valued, "person_id").drop("person_id_right")
    named = both.filter(both.name.notnull())
    return (
        named.group_by("name")
        .agg(
            n_people=named.count(),
            sales_minor=_sum(named.sales_minor),
            value_minor=named.value_minor.sum().cast("int64"),
        )
        .order_by(ibis.desc("sales_minor"), "name")
    )


def example_people(portraits: ir.Table, *, segments: tuple[str, ...], columns: tuple[str, ...]) -> ir.Table:
    """Return one person of each of these segments: the one with the highest spend of 365 days.

    Parameters
    ----------
    portraits
        person_id, rfm_segment, spend_365d_minor and the columns named below.
    segments
        Values of rfm_segment.
    columns
        What else is wanted of each person.

    Returns
    -------
    Table
        At most one row per segment: person_id, rfm_segment and the columns.
    """
    chosen = portraits.filter(portraits.rfm_segment.isin(segments))
    best_first = ibis.window(
        group_by="rfm_segment", order_by=[ibis.desc("spend_365d_minor"), ibis.asc("person_id")]
    )
    ranked = chosen.select("person_id", "rfm_segment", *columns, place=ibis.row_number().over(best_first))
    return ranked.filter(ranked.place == 0).drop("place").order_by("rfm_segment")


def offer_totals(assignments: ir.Table) -> ir.Table:
    """Return what a plan does with each offer, the held-out people left out.

    Parameters
    ----------
    assignments
        offer_id, channel, arm (treatment or holdout), value_milli, cost_milli.

    Returns
    -------
    Table
        One row per offer and channel, the most profitable first: offer_id, channel, n_people, value_milli, cost_milli.
    """
    treated = assignments.filter(assignments.arm == "treatment")
    return (
        treated.group_by("offer_id", "channel")
        .agg(
            n_people=treated.count(),
            value_milli=_sum(treated.value_milli),
            cost_milli=_sum(treated.cost_milli),
        )
        .order_by(ibis.desc("value_milli"), "offer_id")
    )


def coverage_of_orders(orders: ir.Table, *, as_of: datetime) -> ir.Table:
    """Return in one row how complete orders are: n_orders, n_anonymous_orders, n_cancelled_orders before `as_of`.

    Cancelled orders are counted apart, not in the first two.
    """
    seen = orders.filter(orders.ordered_at < _moment(as_of))
    is_kept = seen.status.isnull() | (seen.status != "cancelled")
    return seen.aggregate(
        n_orders=seen.count(where=is_kept),
        n_anonymous_orders=seen.count(where=is_kept & seen.person_id.isnull()),
        n_cancelled_orders=seen.count(where=~is_kept),
    )


def coverage_of_lines(lines: ir.Table, *, orders: ir.Table, products: ir.Table, as_of: datetime) -> ir.Table:
    """Return in one row how complete order lines are before `as_of`.

    Parameters
    ----------
    lines, orders, products
        Columns of `aimwell.intake.facts`. Fees and lines of cancelled orders are left out.
    as_of
        Lines at or after this moment are left out.

    Returns
    -------
    Table
        n_lines, n_costed_lines (cost known), n_known_product_lines (product with a category), sales_minor and
        costed_sales_minor (sales of lines with a known cost).
    """
    cancelled = orders.filter(orders.status == "cancelled").select("source", "order_id")
    goods = lines.filter(lines.ordered_at < _moment(as_of), lines.is_fee.isnull() | ~lines.is_fee)
    sold = goods.anti_join(cancelled, ["source", "order_id"])
    by_product = sold.group_by("product_id").agg(
        n_lines=sold.count(),
        n_costed_lines=sold.count(where=sold.cost_minor.notnull()),
        sales_minor=_sum(sold.net_minor),
        costed_sales_minor=_sum(sold.net_minor, where=sold.cost_minor.notnull()),
    )
    shelved = products.filter(products.category.nullif("").notnull()).select(shelf_id="product_id").distinct()
    both = by_product.left_join(shelved, by_product.product_id == shelved.shelf_id)
    return both.aggregate(
        n_lines=_sum(both.n_lines),
        n_costed_lines=_sum(both.n_costed_lines),
        n_known_product_lines=_sum(both.n_lines, where=both.shelf_id.notnull()),
        sales_minor=_sum(both.sales_minor),
        costed_sales_minor=_sum(both.costed_sales_minor),
    )


def refund_totals(refunds: ir.Table, *, as_of: datetime) -> ir.Table:
    """Return in one row the refunds before `as_of`: n_refunds, refunded_minor."""
    seen = refunds.filter(refunds.refunded_at < _moment(as_of))
    return seen.aggregate(n_refunds=seen.count(), refunded_minor=_sum(seen.amount_minor))


def order_ends(orders: ir.Table) -> ir.Table:
    """Return in one row when orders begin and end: first_ordered_at, last_ordered_at, last_local_at; null without orders."""
    return orders.aggregate(
        first_ordered_at=orders.ordered_at.min(),
        last_ordered_at=orders.ordered_at.max(),
        last_local_at=orders.local_at.max(),
    )


def _moment(at: datetime) -> ir.TimestampScalar:
    return ibis.literal(at).cast("timestamp")


def _sum(values: Any, *, where: Any = None) -> Any:
    """Return an integer sum, 0 over nothing."""
    return values.sum(where=where).fill_null(0).cast("int64")
