"""Raw rows to typed cells: one row per input row, with the columns that its grain needs and what is wrong with it.

Amounts stay decimals of major units in the row's own currency here; an order is turned to minor units as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from aimwell.intake.formats.model import LINE
from aimwell.intake.mapping.model import Cell, LineMap, Mapping, OrderMap, RefundMap
from aimwell.intake.tables.numbers import NUMBER
from aimwell.intake.tables.reader import Fault, Reader, whole_id
from aimwell.intake.tables.scrub import scrubbed

__all__ = ["IDENTIFIERS", "customer_cells", "event_cells", "order_cells", "product_cells"]

IDENTIFIERS = ("email", "phone", "name", "address", "device")
_ROUNDED_ID = r"^\d(\.\d+)?[eE]\+\d+$"  # what Excel leaves of a long order number


def order_cells(reader: Reader, mapping: Mapping) -> ir.Table:
    """Return the cells of order lines, or of whole orders: one row per input row.

    Columns: line_no; unit_id (the order's id in the file, or the line where orders have none); the account; those of the
    order, of the line (`grain = "line"`), of a refund the row tells of, of its product and of its customer; is_return,
    is_fee; is_repeat (a later row of the file has the same key); reason and detail, null in a usable row.
    """
    orders, lines, refunds = mapping.orders, mapping.lines, mapping.refunds
    columns: dict[str, ir.Value] = _who(reader, mapping) | _order(reader, orders)
    faults = _order_faults(reader, orders, columns)
    if lines is not None:
        columns |= _line(reader, lines)
        faults += _line_faults(reader, lines, columns)
    else:
        columns["is_return"] = ibis.coalesce(columns["total"] < 0, ibis.literal(value=False))
    columns |= _refund(reader, refunds)
    if refunds is not None:
        faults += reader.number_faults(refunds.amount) + reader.date_faults(refunds.refunded_at)
    columns |= _product(reader, mapping) | _customer(reader, mapping)
    key = ("unit_id",) if lines is None else ("unit_id", "line_id") if lines.line_id else ()
    return _with_repeats(_with_faults(reader, columns, faults), key=key)


def product_cells(reader: Reader, mapping: Mapping) -> ir.Table:
    """Return the cells of products: line_no, product_id, those of `_product`, reason, detail."""
    columns = _product(reader, mapping)
    rule = mapping.products
    columns |= {"currency": _currency(reader, None), "product_id": columns["p_product_id"]}
    faults = [Fault(holds=columns["product_id"].isnull(), reason="missing_product_id")]
    for cell in (rule.price, rule.cost) if rule else ():
        faults += reader.number_faults(cell)
    return _with_faults(reader, columns, faults)


def customer_cells(reader: Reader, mapping: Mapping) -> ir.Table:
    """Return the cells of customers, or of links: line_no, the account, link_key, created_at, traits, reason, detail."""
    columns = (
        _who(reader, mapping) | _customer(reader, mapping) | {"link_key": whole_id(reader.text(mapping.link))}
    )
    faults = [Fault(holds=columns["account_key"].isnull(), reason="missing_account")]
    if mapping.customers is not None:
        faults += reader.date_faults(mapping.customers.created_at)
    return _with_faults(reader, columns, faults)


def event_cells(reader: Reader, mapping: Mapping) -> ir.Table:
    """Return the cells of events: line_no, the account, those of the event, of its product, reason, detail."""
    rule = mapping.events
    if rule is None:
        raise ValueError("a mapping of events is needed")
    columns = _who(reader, mapping) | {
        "message_id": reader.text(rule.message_id),
        "event_name": reader.text(rule.name),
        "occurred_at": reader.moment(rule.occurred_at),
        "session_id": reader.text(rule.session_id),
        "product_id": whole_id(reader.text(rule.product_id)),
        "channel": reader.text(rule.channel),
        "device": reader.text(rule.device),
        "properties": _json({key: reader.text(cell) for key, cell in rule.properties.items()}),
        "currency": _currency(reader, None),
    }
    faults = [
        *reader.date_faults(rule.occurred_at),
        Fault(holds=columns["occurred_at"].isnull(), reason="missing_date", column=rule.occurred_at.named[0]),
        Fault(holds=columns["event_name"].isnull(), reason="missing_event_name"),
    ]
    return _with_faults(reader, columns | _product(reader, mapping), faults)


def _who(reader: Reader, mapping: Mapping) -> dict[str, ir.Value]:
    """Return the account's key, its kind as the vault knows kinds, and the identifiers beside it."""
    who = mapping.who
    key = whole_id(reader.text(who.account))
    kind: ir.StringValue = ibis.literal(who.account_kind)
    if who.account_kind == "email":  # an account without an e-mail may go by its phone
        kind = ibis.ifelse(key.contains("@"), "email", "phone")
    identifiers = {f"id_{kind}": reader.text(getattr(who, kind)) for kind in IDENTIFIERS}
    return {"account_key": key, "account_key_kind": kind} | identifiers


def _currency(reader: Reader, cell: Cell | None) -> ir.StringValue:
    """Return the row's currency code; null means the file's own."""
    found = reader.text(cell).upper()
    return found.substitute(
        {"RMB": "CNY", "人民币": "CNY", "元": "CNY", "美元": "USD", "￥": "CNY", "$": "USD"}
    )


def _order(reader: Reader, rule: OrderMap) -> dict[str, ir.Value]:
    amounts = ("items", "discount", "shipping", "tax", "total", "n_lines")
    texts = ("status", "channel", "device", "coupon_code", "seller_id")
    return {
        "unit_id": whole_id(reader.text(rule.order_id)) if rule.order_id else reader.raw[LINE].cast("string"),
        "ordered_at": reader.moment(rule.ordered_at),
        "order_currency": _currency(reader, rule.currency),
        "is_cancelled": reader.holds(rule.cancelled_when),
        "is_test": reader.holds(rule.test_when),
        **{name: reader.text(getattr(rule, name)) for name in texts},
        **{name: reader.number(getattr(rule, name)) for name in amounts},
    }


def _order_faults(reader: Reader, rule: OrderMap, columns: dict[str, ir.Value]) -> list[Fault]:
    faults: list[Fault] = []
    if rule.order_id is not None:
        name = rule.order_id.named[0]
        faults.append(Fault(holds=columns["unit_id"].isnull(), reason="missing_order_id", column=name))
        is_rounded = columns["unit_id"].re_search(_ROUNDED_ID)
        faults.append(Fault(holds=is_rounded, reason="id_rounded_by_excel", column=name))
    faults += reader.date_faults(rule.ordered_at)
    for cell in (rule.items, rule.discount, rule.shipping, rule.tax, rule.total, rule.n_lines):
        faults += reader.number_faults(cell)
    return faults


def _line(reader: Reader, rule: LineMap) -> dict[str, ir.Value]:
    price, quantity = reader.number(rule.price), reader.number(rule.quantity)
    gross = reader.number(rule.net) if rule.net else (price * quantity).try_cast(NUMBER)
    discount = reader.number(rule.discount).abs()
    zero = ibis.literal(0).cast(NUMBER)
    net = (gross - discount.fill_null(zero)).cast(NUMBER) if rule.is_priced_before_discount else gross
    return {
        "line_id": reader.text(rule.line_id),
        "product_id": whole_id(reader.text(rule.product_id)),
        "quantity": quantity,
        "net": net,
        "line_discount": discount,
        "cost": reader.number(rule.cost),
        "line_coupon": reader.text(rule.coupon_code),
        "line_shipping": reader.number(rule.shipping),
        "line_tax": reader.number(rule.tax),
        "is_fee": reader.holds(rule.fee_when),
        "is_return": reader.holds(rule.return_when),
    }


def _line_faults(reader: Reader, rule: LineMap, columns: dict[str, ir.Value]) -> list[Fault]:
    faults: list[Fault] = []
    for cell in (rule.quantity, rule.price, rule.net, rule.discount, rule.cost, rule.shipping, rule.tax):
        faults += reader.number_faults(cell)
    faults.append(_missing(columns["product_id"], "missing_product_id", rule.product_id))
    if rule.quantity is not None:
        faults.append(_missing(columns["quantity"], "missing_quantity", rule.quantity))
    priced = rule.net or rule.price
    if priced is not None and not priced.is_optional:
        faults.append(_missing(columns["net"], "missing_price", priced))
    if rule.price is not None:
        is_negative = (reader.number(rule.price) < 0) & ~columns["is_return"]
        faults.append(Fault(holds=is_negative, reason="negative_price", column=rule.price.named[0]))
    return faults


def _missing(value: ir.Value, reason: str, cell: Cell) -> Fault:
    return Fault(holds=value.isnull(), reason=reason, column=(*cell.named, "")[0])


def _refund(reader: Reader, rule: RefundMap | None) -> dict[str, ir.Value]:
    if rule is None:
        return {
            "refund_amount": ibis.null(NUMBER),
            "refunded_at": ibis.null("timestamp"),
            "refund_reason": ibis.null("string"),
        }
    amount = reader.number(rule.amount).abs()
    if rule.when:
        amount = ibis.ifelse(reader.holds(rule.when), amount, ibis.null(NUMBER))
    return {
        "refund_amount": amount,
        "refunded_at": reader.moment(rule.refunded_at),
        "refund_reason": reader.text(rule.reason),
    }


def _product(reader: Reader, mapping: Mapping) -> dict[str, ir.Value]:
    rule = mapping.products
    if rule is None:
        return {}
    return {
        "p_product_id": whole_id(reader.text(rule.product_id)),
        "p_name": reader.text(rule.name),
        "p_category": reader.text(rule.category),
        "p_brand": reader.text(rule.brand),
        "p_price": reader.number(rule.price),
        "p_cost": reader.number(rule.cost),
        **{f"p_attribute_{key}": reader.text(cell) for key, cell in rule.attributes.items()},
    }


def _customer(reader: Reader, mapping: Mapping) -> dict[str, ir.Value]:
    rule = mapping.customers
    if rule is None:
        return {}
    return {
        "created_at": reader.moment(rule.created_at),
        "region": reader.text(rule.region),
        "locale": reader.text(rule.locale),
        **{f"c_attribute_{key}": reader.text(cell) for key, cell in rule.attributes.items()},
    }


def _json(values: dict[str, ir.StringValue]) -> ir.StringValue:
    """Return texts as one JSON object; empty ones are left out, and an object of none is null."""
    members = [
        ibis.literal(f'"{key}": "')
        + scrubbed(value).replace("\\", "\\\\").replace('"', '\\"').re_replace(r"\s+", " ")
        + '"'
        for key, value in values.items()
    ]
    if not members:
        return ibis.null("string")
    return "{" + ibis.array(members).filter(lambda member: member.notnull()).join(", ").nullif("") + "}"


def _with_faults(reader: Reader, columns: dict[str, ir.Value], faults: Sequence[Fault]) -> ir.Table:
    """Return the columns with the first fault of each row as `reason` and `detail`."""
    reason = detail = ibis.null("string")
    if faults:
        first = ibis.cases(*((fault.holds, number) for number, fault in enumerate(faults)))
        reason = first.cases(*((number, fault.reason) for number, fault in enumerate(faults)))
        detail = first.cases(*((number, fault.column) for number, fault in enumerate(faults)))
    return reader.raw.select(LINE, **columns, reason=reason, detail=detail)


def _with_repeats(cells: ir.Table, *, key: Sequence[str]) -> ir.Table:
    """Mark usable rows that a later usable row with the same key overtakes."""
    if not key:
        return cells.mutate(is_repeat=ibis.literal(value=False))
    is_usable = cells.reason.isnull()
    later = ibis.row_number().over(
        group_by=[*(cells[name] for name in key), is_usable], order_by=cells[LINE].desc()
    )
    return cells.mutate(is_repeat=is_usable & (later > 0))
