"""Typed cells to orders and order lines. An order is stored whole or not at all.

All input rows with one order id are a *unit*: if one of them is unusable, the others wait with it in quarantine, so that
no total is ever half an order's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
from babel.numbers import list_currencies

from aimwell.base.money import minor_units
from aimwell.intake.mapping.model import Mapping
from aimwell.intake.tables.numbers import NUMBER
from aimwell.intake.tables.scrub import scrubbed

__all__ = [
    "Terms",
    "completed_orders",
    "known_units",
    "named_units",
    "order_lines",
    "orders",
    "unit_orders",
]

_WIDE = "decimal(38, 8)"
_AMOUNTS = ("items", "discount", "shipping", "tax", "total")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a shop counts in.

    Attributes
    ----------
    currency
        ISO code of all amounts in the lake.
    file_currency
        Of amounts that carry none.
    zone
        The shop's wall clock.
    to_local
        Turns UTC into wall-clock time of a zone.
    rates
        One row per currency and span: currency, since_on and until_on (half-open), rate (shop currency per unit);
        None: the shop keeps none.
    """

    currency: str
    file_currency: str
    zone: str
    to_local: Callable[[ir.TimestampValue, str], ir.TimestampValue]
    rates: ir.Table | None = None

    def minor(self, amount: ir.DecimalValue, rate: ir.DecimalValue) -> ir.IntegerValue:
        """Return an amount in minor units of the shop's currency, rounded half away from zero."""
        converted = amount if self.rates is None else amount.cast(_WIDE) * rate.cast(_WIDE)
        return (converted * minor_units(self.currency)).round().cast("int64")


def unit_orders(cells: ir.Table, mapping: Mapping, *, terms: Terms) -> ir.Table:
    """Gather the rows of each order: one row per unit_id.

    Columns: unit_id, account_key, account_key_kind, ordered_at, those of the order (amounts still decimals),
    n_lines (rows that are no returns), refund_amount and the like where they are the order's, rate, first_line, is_test,
    reason (null where the unit can be stored).
    """
    rows = cells.filter(~cells.is_repeat & cells.unit_id.notnull())
    rule, is_line = mapping.orders, ~rows.is_return
    texts = ("status", "channel", "device", "coupon_code", "seller_id")
    found = rows.group_by("unit_id").agg(
        first_line=rows.line_no.min(),
        n_lines=is_line.sum(),
        n_bad=rows.reason.notnull().sum(),
        ordered_at=rows.ordered_at.min() if rule.ordered_at else ibis.null("timestamp"),
        account_key=_first(rows, "account_key") if mapping.who.account else ibis.null("string"),
        account_key_kind=rows.account_key_kind.max(),
        currency=_first(rows, "order_currency") if rule.currency else ibis.null("string"),
        is_cancelled=rows.is_cancelled.any(),
        is_test=rows.is_test.any(),
        stated_lines=_first(rows, "n_lines") if rule.n_lines else ibis.null(NUMBER),
        **{name: _first(rows, name) if getattr(rule, name) else ibis.null("string") for name in texts},
        **_amounts(rows, mapping, is_line=is_line),
        **_order_refund(rows, mapping),
    )
    priced = _rated(found.mutate(currency=found.currency.fill_null(terms.file_currency)), terms=terms)
    return priced.mutate(reason=_unit_reason(priced, mapping))


def _first(rows: ir.Table, name: str) -> ir.Scalar:
    """Return the first value of a unit's rows that is not empty."""
    return rows[name].argmin(rows.line_no, where=rows[name].notnull())


def _amounts(rows: ir.Table, mapping: Mapping, *, is_line: ir.BooleanColumn) -> dict[str, ir.Scalar]:
    """Return what the order states, and where it states nothing what its lines add up to."""
    rule, lines = mapping.orders, mapping.lines
    stated = {n: _first(rows, n) if getattr(rule, n) else ibis.null(NUMBER) for n in _AMOUNTS}
    if lines is None:
        return stated
    sums = {
        "items": rows.net.sum(where=is_line & ~rows.is_fee),
        "fees": rows.net.sum(where=is_line & rows.is_fee),
        "discount": rows.line_discount.sum(where=is_line) if lines.discount else None,
        "shipping": rows.line_shipping.sum(where=is_line) if lines.shipping else None,
        "tax": rows.line_tax.sum(where=is_line) if lines.tax else None,
    }
    known = {n: ibis.coalesce(stated.get(n, ibis.null(NUMBER)), v) for n, v in sums.items() if v is not None}
    return stated | known | {"lines_net": sums["items"]}


def _order_refund(rows: ir.Table, mapping: Mapping) -> dict[str, ir.Scalar]:
    if mapping.refunds is None or mapping.refunds.per == "row":
        return {}
    return {name: _first(rows, name) for name in ("refund_amount", "refunded_at", "refund_reason")}


def _rated(units: ir.Table, *, terms: Terms) -> ir.Table:
    """Add the rate into the shop's currency on the day of the order; null where none is known."""
    one = ibis.literal(1).cast("decimal(18, 8)")
    if terms.rates is None:
        return units.mutate(
            rate=ibis.ifelse(units.currency == terms.currency, one, ibis.null("decimal(18, 8)"))
        )
    rates = terms.rates.rename(rate_currency="currency", found_rate="rate")
    day = units.ordered_at.date()
    joined = units.left_join(
        rates,
        [units.currency == rates.rate_currency, day >= rates.since_on, day < rates.until_on],
    ).drop("rate_currency", "since_on", "until_on")
    rate = ibis.ifelse(joined.currency == terms.currency, one, joined.found_rate.cast("decimal(18, 8)"))
    return joined.mutate(rate=rate).drop("found_rate")


def _unit_reason(units: ir.Table, mapping: Mapping) -> ir.StringValue:
    is_known = units.currency.isin(sorted(list_currencies()))
    reasons = [
        (units.n_bad > 0, "order_incomplete"),
        (~is_known, "unknown_currency"),
        (units.rate.isnull(), "no_rate"),
    ]
    if mapping.orders.ordered_at is not None:
        reasons.insert(1, (units.ordered_at.isnull(), "missing_date"))
    return ibis.cases(*reasons)


def known_units(units: ir.Table, stored: ir.Table) -> ir.Table:
    """Give units of a file that has lines only what their stored order knows: who and when.

    Parameters
    ----------
    units
        As of `unit_orders`.
    stored
        The source's orders that hold: order_id, account_id, person_id, ordered_at, is_test.
    """
    known = stored.select(
        "account_id", "person_id", known_id="order_id", known_at_utc="ordered_at", known_test="is_test"
    )
    joined = units.left_join(known, units.unit_id == known.known_id)
    return joined.mutate(
        order_id=joined.unit_id,
        ordered_at=joined.known_at_utc,
        is_test=joined.known_test.fill_null(ibis.literal(value=False)),
        reason=ibis.cases(
            (joined.reason.notnull(), joined.reason),
            (joined.known_id.isnull(), ibis.literal("unknown_order")),
        ),
    ).drop("known_id", "known_at_utc", "known_test")


def named_units(units: ir.Table, who: ir.Table, *, mapping: Mapping) -> ir.Table:
    """Add account_id, person_id and order_id; an order without an id is named by account, moment and place in the file.

    Parameters
    ----------
    units
        As of `unit_orders`.
    who
        account_key, account_key_kind, account_id, person_id: one row per account.
    """
    joined = units.left_join(who, ["account_key", "account_key_kind"])
    joined = joined.select(*units.columns, "account_id", "person_id")
    if mapping.orders.order_id is not None:
        return joined.mutate(order_id=joined.unit_id)
    account = joined.account_id.fill_null("anonymous")
    moment = joined.ordered_at.strftime("%Y%m%d%H%M%S")
    place = ibis.row_number().over(
        group_by=[account, joined.ordered_at], order_by=[joined.total, joined.first_line]
    )
    return joined.mutate(order_id=account + "-" + moment + "-" + (place + 1).cast("string"))


def orders(units: ir.Table, *, terms: Terms) -> ir.Table:
    """Return the orders of usable units that are more than returns: columns of `facts.ORDERS` but the provenance."""
    rows = units.filter(units.reason.isnull() & (units.n_lines > 0))
    minor = {name: terms.minor(rows[name], rows.rate) for name in _AMOUNTS}
    total = minor["total"]
    if "fees" in rows.columns:
        fees = terms.minor(rows.fees, rows.rate)
        parts = [minor["items"], fees, minor["shipping"], minor["tax"]]
        total = ibis.coalesce(total, _added(parts))
        n_lines: ir.IntegerValue = rows.n_lines.cast("int64")
    else:
        n_lines = rows.stated_lines.round().cast("int64")
        goods = total - minor["shipping"].fill_null(0) - minor["tax"].fill_null(0)
        minor["items"] = ibis.coalesce(minor["items"], goods)
    return rows.select(
        "order_id",
        "account_id",
        "person_id",
        "ordered_at",
        local_at=terms.to_local(rows.ordered_at, terms.zone),
        status=ibis.ifelse(rows.is_cancelled, "cancelled", rows.status.fill_null("placed")),
        channel=scrubbed(rows.channel),
        device=rows.device,
        n_lines=n_lines,
        items_minor=minor["items"],
        discount_minor=minor["discount"].abs(),
        shipping_minor=minor["shipping"],
        tax_minor=minor["tax"],
        total_minor=total,
        currency=ibis.literal(terms.currency),
        coupon_code=scrubbed(rows.coupon_code),
        seller_id=scrubbed(rows.seller_id),
        is_test=rows.is_test,
    )


def _added(parts: list[ir.IntegerValue]) -> ir.IntegerValue:
    """Add amounts, empty ones as nothing; null where all are empty."""
    total = parts[0].fill_null(0)
    for part in parts[1:]:
        total = total + part.fill_null(0)
    return ibis.ifelse(ibis.coalesce(*parts).notnull(), total, ibis.null("int64"))


def completed_orders(units: ir.Table, stored: ir.Table, *, terms: Terms) -> ir.Table:
    """Return stored orders of which a file of lines tells what they lacked: columns as `orders`.

    Parameters
    ----------
    units
        Usable units of the lines, as of `known_units`.
    stored
        The source's orders that hold.
    """
    told = units.filter(units.reason.isnull())
    told = told.select(
        "order_id",
        told_lines=told.n_lines.cast("int64"),
        told_items=terms.minor(told["items"], told.rate),
        told_shipping=terms.minor(told.shipping, told.rate),
        told_tax=terms.minor(told.tax, told.rate),
        told_seller=told.seller_id,
    )
    both = stored.inner_join(told, "order_id")
    items = ibis.coalesce(both.items_minor, both.told_items)
    shipping = ibis.coalesce(both.shipping_minor, both.told_shipping)
    tax = ibis.coalesce(both.tax_minor, both.told_tax)
    return both.mutate(
        n_lines=ibis.coalesce(both.n_lines, both.told_lines),
        items_minor=items,
        shipping_minor=shipping,
        tax_minor=tax,
        total_minor=ibis.coalesce(both.total_minor, _added([items, shipping, tax])),
        seller_id=ibis.coalesce(both.seller_id, both.told_seller),
    ).select(*stored.columns)


def order_lines(cells: ir.Table, units: ir.Table, mapping: Mapping, *, terms: Terms) -> ir.Table:
    """Return the lines of usable units: columns of `facts.ORDER_LINES` but the provenance.

    What was taken off the whole order is spread over its lines, so that they add up to the order's `items_minor`.
    """
    both = _lines_of(cells, units)
    place = ibis.row_number().over(group_by=both.order_id, order_by=[both.line_id, both.line_no])
    lines = both.mutate(
        place=(place + 1).cast("int64"),
        net_minor=terms.minor(both.net, both.rate),
        discount_minor=terms.minor(both.line_discount, both.rate),
        items_minor=terms.minor(both["items"], both.rate),
    )
    if mapping.orders.items is not None and mapping.orders.ordered_at is not None:
        lines = _spread(lines)
    return lines.select(
        "order_id",
        "account_id",
        "person_id",
        "ordered_at",
        "product_id",
        "net_minor",
        "discount_minor",
        "is_fee",
        "is_test",
        line_no="place",
        local_at=terms.to_local(lines.ordered_at, terms.zone),
        quantity=lines.quantity.cast("decimal(18, 3)"),
        cost_minor=terms.minor(lines.cost, lines.rate),
        currency=ibis.literal(terms.currency),
        coupon_code=scrubbed(ibis.coalesce(lines.line_coupon, lines.coupon_code)),
    )


def _lines_of(cells: ir.Table, units: ir.Table) -> ir.Table:
    """Return the lines of usable units with what they have from their order: who, when, rate and the like."""
    rows = cells.filter(~cells.is_repeat & ~cells.is_return).select(
        "unit_id",
        "line_no",
        "line_id",
        "product_id",
        "quantity",
        "net",
        "line_discount",
        "cost",
        "line_coupon",
        "is_fee",
    )
    whose = units.filter(units.reason.isnull()).select(
        "unit_id",
        "order_id",
        "account_id",
        "person_id",
        "ordered_at",
        "rate",
        "is_test",
        "items",
        "coupon_code",
    )
    return rows.inner_join(whose, "unit_id")


def _spread(lines: ir.Table) -> ir.Table:
    """Scale the lines of an order down to what the order states, by running totals, so that no cent is lost."""
    goods = ibis.ifelse(lines.is_fee | (lines.net_minor < 0), 0, lines.net_minor).fill_null(0)
    summed = lines.mutate(goods=goods)
    up_to = ibis.window(group_by=summed.order_id, order_by=summed.place, following=0)
    summed = summed.mutate(
        so_far=summed.goods.sum().over(up_to), goods_sum=summed.goods.sum().over(group_by=summed.order_id)
    )
    applies = (summed.items_minor < summed.goods_sum) & (summed.items_minor >= 0) & (summed.goods > 0)
    share = (summed.so_far * summed.items_minor // summed.goods_sum) - (
        (summed.so_far - summed.goods) * summed.items_minor // summed.goods_sum
    )
    net = ibis.ifelse(applies, share.cast("int64"), summed.net_minor)
    taken = summed.discount_minor.fill_null(0) + summed.net_minor - net
    return summed.mutate(net_minor=net, discount_minor=ibis.ifelse(applies, taken, summed.discount_minor))
