"""Profit as dated rows: what orders brought, what refunds took back, what contacts and incentives cost.

All amounts in thousandths of a minor unit (`_milli`, int64): the cost of one contact is often below a cent.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from aimwell.people.model import Facts
from aimwell.portraits.tables.moments import before, days_between
from aimwell.promote.measure.model import Measured
from aimwell.promote.plan.model import MILLI
from aimwell.storage.engines import plain_timestamps

__all__ = ["REACHED", "contacts", "earlier", "flows", "returned", "sales", "terms_table", "uses"]

REACHED = ("treatment", "random", "business_as_usual", "explore")
"""Arms whose people are contacted; an offer beside another arm is no contact."""

_TERMS = pa.schema(
    [
        ("campaign_id", pa.string()),
        ("offer_id", pa.string()),
        ("contact_milli", pa.int64()),
        ("incentive_minor", pa.int64()),
        ("coupon_code", pa.string()),
        ("horizon_days", pa.int64()),
    ]
)


def terms_table(campaigns: Sequence[Measured]) -> ir.Table:
    """Return the terms of campaigns, one row per campaign and offer: the columns of `OfferTerms`, campaign_id, horizon_days."""
    rows = [
        {
            "campaign_id": campaign.campaign_id,
            "offer_id": one.offer_id,
            "contact_milli": one.contact_milli,
            "incentive_minor": one.incentive_minor,
            "coupon_code": one.coupon_code,
            "horizon_days": campaign.horizon_days,
        }
        for campaign in campaigns
        for one in campaign.terms
    ]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=_TERMS))


def sales(facts: Facts, people: ir.Table, *, as_of: datetime, margin_rate: float) -> ir.Table:
    """Return the orders of some people and their margin before refunds.

    Margin of a line is net sales less cost, or net sales times `margin_rate` where the cost is unknown. Orders without lines count
    by `items_minor`. Fees bring none; cancelled orders are left out.

    Parameters
    ----------
    facts
        The shop's facts.
    people
        person_id; only their orders are returned.
    as_of
        Only orders before this moment.
    margin_rate
        Share of net sales, 0..1.

    Returns
    -------
    Table
        One row per order: source, order_id, person_id, ordered_at, coupon_code, net_minor, margin_milli.
    """
    who = people.select("person_id").distinct()
    orders = before(facts.orders, "ordered_at", as_of)
    cancelled = orders.filter(orders.status == "cancelled").select("source", "order_id")
    orders = orders.semi_join(who, "person_id").anti_join(cancelled, ["source", "order_id"])
    lines = before(facts.order_lines, "ordered_at", as_of).semi_join(who, "person_id")
    goods = lines.filter(lines.is_fee.isnull() | ~lines.is_fee).anti_join(cancelled, ["source", "order_id"])
    by_rate = _milli(goods.net_minor.fill_null(0) * margin_rate)
    margin = ibis.ifelse(goods.cost_minor.notnull(), (goods.net_minor - goods.cost_minor) * MILLI, by_rate)
    of_lines = goods.group_by("source", "order_id").agg(
        person_id=goods.person_id.min(),
        ordered_at=goods.ordered_at.min(),
        coupon_code=goods.coupon_code.min(),
        net_minor=goods.net_minor.sum().cast("int64"),
        margin_milli=margin.sum().cast("int64"),
    )
    lineless = orders.filter(orders.n_lines.fill_null(0) == 0)
    items = lineless.items_minor.fill_null(0)
    of_orders = lineless.select(
        "source",
        "order_id",
        "person_id",
        "ordered_at",
        "coupon_code",
        net_minor=items.cast("int64"),
        margin_milli=_milli(items * margin_rate),
    )
    return ibis.union(*(_plain(rows) for rows in (of_lines, of_orders)))


def returned(
    facts: Facts, people: ir.Table, *, sold: ir.Table, as_of: datetime, margin_rate: float
) -> ir.Table:
    """Return what refunds took back of the margin: goods come back, their margin is lost.

    A refund takes back its amount times the margin rate of its order, or times `margin_rate` where the order is not known; such a
    refund counts as if ordered when it was refunded.

    Parameters
    ----------
    facts, people, as_of, margin_rate
        As in `sales`; refunds before `as_of` count.
    sold
        Result of `sales` for the same people.

    Returns
    -------
    Table
        One row per refund of those people: person_id, ordered_at, refunded_at, lost_milli.
    """
    refunds = before(facts.refunds, "refunded_at", as_of)
    cancelled = facts.orders.filter(facts.orders.status == "cancelled").select("source", "order_id")
    kept = ("source", "order_id", "person_id", "refunded_at", "amount_minor")
    refunds = refunds.anti_join(cancelled, ["source", "order_id"]).select(*kept)
    orders = sold.select(
        "source", "order_id", "net_minor", "margin_milli", buyer="person_id", bought_at="ordered_at"
    )
    both = refunds.left_join(orders, ["source", "order_id"])
    rate = (both.margin_milli / (both.net_minor * MILLI).nullif(0)).fill_null(margin_rate)
    found = both.select(
        person_id=both.buyer.fill_null(both.person_id),
        ordered_at=both.bought_at.fill_null(both.refunded_at),
        refunded_at=both.refunded_at,
        lost_milli=_milli(both.amount_minor * rate),
    )
    known = _plain(found.filter(found.person_id.notnull()))
    return known.semi_join(people.select("person_id").distinct(), "person_id")


def contacts(touches: ir.Table, terms: ir.Table, *, as_of: datetime) -> ir.Table:
    """Return the contacts made and what they cost.

    Parameters
    ----------
    touches
        Columns of `TOUCHES`.
    terms
        Result of `terms_table`.
    as_of
        Only decisions before this moment.

    Returns
    -------
    Table
        One row per touch with an offer in an arm that is contacted: campaign_id, person_id, offer_id, decided_at, and of the
        terms contact_milli (null: no terms), incentive_minor, coupon_code, horizon_days.
    """
    past = before(touches, "decided_at", as_of)
    made = past.filter(past.offer_id.notnull(), past.arm.isin(REACHED), past.person_id.notnull())
    made = made.select("campaign_id", "person_id", "offer_id", "decided_at")
    joined = made.left_join(terms, ["campaign_id", "offer_id"])
    return _plain(
        joined.select(*made.columns, "contact_milli", "incentive_minor", "coupon_code", "horizon_days")
    )


def uses(made: ir.Table, sold: ir.Table) -> ir.Table:
    """Return the first use, within the campaign's horizon, of each offer that costs something beside the order.

    Parameters
    ----------
    made
        Result of `contacts`.
    sold
        Result of `sales`.

    Returns
    -------
    Table
        One row per campaign, person and offer that was used: person_id, used_at, incentive_milli.
    """
    given = made.filter(made.incentive_minor > 0)
    orders = sold.select("person_id", "ordered_at", used_code="coupon_code")
    both = given.inner_join(orders, "person_id")
    both = both.filter(
        both.ordered_at >= both.decided_at,
        days_between(both.decided_at, both.ordered_at) <= both.horizon_days,
        both.coupon_code.isnull() | (both.used_code == both.coupon_code),
    )
    first = both.group_by("campaign_id", "person_id", "offer_id").agg(
        used_at=both.ordered_at.min(), incentive_milli=(both.incentive_minor.max() * MILLI).cast("int64")
    )
    return first.select("person_id", "used_at", "incentive_milli")


def flows(entries: ir.Table, *, sold: ir.Table, back: ir.Table, made: ir.Table, used: ir.Table) -> ir.Table:
    """Return everything that counts for the profit of the people who were dealt out.

    Orders count in [entered_at, until_at), refunds of these orders whenever they come, contacts and uses in [entered_at, until_at).

    Parameters
    ----------
    entries
        person_id (unique), entered_at, until_at.
    sold, back, made, used
        Results of `sales`, `returned`, `contacts`, `uses`.

    Returns
    -------
    Table
        One row per order, refund, contact and use: person_id, happened_at, profit_milli, is_order.
    """

    def inside(
        rows: ir.Table, counts_at: str, happened_at: str, profit: ir.Value, *, is_order: bool
    ) -> ir.Table:
        dated = rows.select(
            "person_id",
            counts_at=rows[counts_at],
            happened_at=rows[happened_at],
            profit_milli=profit.cast("int64"),
        )
        both = dated.inner_join(entries.select("person_id", "entered_at", "until_at"), "person_id")
        both = both.filter(both.counts_at >= both.entered_at, both.counts_at < both.until_at)
        return both.select(
            "person_id", "happened_at", "profit_milli", is_order=ibis.literal(is_order, "boolean")
        )

    return ibis.union(
        inside(sold, "ordered_at", "ordered_at", sold.margin_milli, is_order=True),
        inside(back, "ordered_at", "refunded_at", -back.lost_milli, is_order=False),
        inside(made, "decided_at", "decided_at", -made.contact_milli, is_order=False),
        inside(used, "used_at", "used_at", -used.incentive_milli, is_order=False),
    )


def earlier(entries: ir.Table, *, sold: ir.Table, back: ir.Table, windows_days: Sequence[int]) -> ir.Table:
    """Add what people brought before they were dealt out: `before_1`, `before_2`, ... (int64, milli).

    Parameters
    ----------
    entries
        person_id (unique), drawn_at, and any other columns.
    sold, back
        Results of `sales` and `returned`.
    windows_days
        Column k holds the orders in the so many days before `drawn_at`, less their refunds before it.
    """
    amounts = ibis.union(
        sold.select("person_id", "ordered_at", happened_at=sold.ordered_at, milli=sold.margin_milli),
        back.select("person_id", "ordered_at", happened_at=back.refunded_at, milli=-back.lost_milli),
    )
    both = amounts.inner_join(entries.select("person_id", "drawn_at"), "person_id")
    both = both.filter(both.happened_at < both.drawn_at)
    names = [f"before_{k}" for k in range(1, len(windows_days) + 1)]
    sums = both.group_by("person_id").agg(
        **{
            name: both.milli.sum(where=both.ordered_at >= both.drawn_at - ibis.interval(days=days)).cast(
                "int64"
            )
            for name, days in zip(names, windows_days, strict=True)
        }
    )
    joined = entries.left_join(sums, "person_id")
    return joined.select(*entries.columns, **{name: joined[name].fill_null(0) for name in names})


def _plain(rows: ir.Table) -> ir.Table:
    """Return the rows with timestamps of one type: those of a table never written have a scale, and Ibis would not unite them."""
    return rows.cast(plain_timestamps(rows.schema()))


def _milli(minor: ir.NumericValue) -> ir.IntegerValue:
    """Return minor units as whole thousandths."""
    return (minor * MILLI).round().cast("int64")
