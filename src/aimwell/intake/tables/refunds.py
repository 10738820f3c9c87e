"""Typed cells to refunds: returned rows, and amounts that orders and lines tell were given back."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from aimwell.intake.mapping.model import Mapping
from aimwell.intake.tables.numbers import NUMBER
from aimwell.intake.tables.orders import Terms
from aimwell.intake.tables.scrub import scrubbed

__all__ = ["refunds"]

_WHOSE = ("unit_id", "order_id", "account_id", "person_id", "ordered_at", "rate", "n_lines")


def refunds(cells: ir.Table, units: ir.Table, mapping: Mapping, *, terms: Terms) -> ir.Table:
    """Return the refunds of usable units: columns of `facts.REFUNDS` but the provenance, and unit_id.

    A returned row names its order only where that order has other lines too.
    """
    usable = units.filter(units.reason.isnull())
    parts = [_returned(cells, usable, mapping, terms=terms)]
    if mapping.refunds is not None and mapping.refunds.per == "order":
        parts.append(_refunded_orders(usable, terms=terms))
    elif mapping.refunds is not None:
        parts.append(_refunded_rows(cells, usable, mapping, terms=terms))
    return parts[0] if len(parts) == 1 else ibis.union(*parts)


def _returned(cells: ir.Table, usable: ir.Table, mapping: Mapping, *, terms: Terms) -> ir.Table:
    amount = "net" if mapping.lines else "total"
    rows = cells.filter(~cells.is_repeat & cells.is_return)
    rows = rows.select(
        "unit_id",
        "line_no",
        amount=rows[amount],
        product_id=rows.product_id if mapping.lines else ibis.null("string"),
        quantity=rows.quantity if mapping.lines else ibis.null(NUMBER),
    )
    both = rows.inner_join(usable.select(*_WHOSE), "unit_id")
    place = ibis.row_number().over(group_by=both.unit_id, order_by=both.line_no)
    return both.select(
        refund_id=both.order_id + "-" + (place + 1).cast("string"),
        order_id=ibis.ifelse(both.n_lines > 0, both.order_id, ibis.null("string")),
        line_no=ibis.null("int64"),
        product_id=both.product_id,
        account_id=both.account_id,
        person_id=both.person_id,
        refunded_at=both.ordered_at,
        quantity=both.quantity.abs().cast("decimal(18, 3)"),
        amount_minor=terms.minor(both["amount"].abs(), both.rate),
        currency=ibis.literal(terms.currency),
        reason=ibis.literal("return"),
        unit_id=both.unit_id,
    )


def _refunded_rows(cells: ir.Table, usable: ir.Table, mapping: Mapping, *, terms: Terms) -> ir.Table:
    rows = cells.filter(~cells.is_repeat & ~cells.is_return & (cells.refund_amount > 0))
    rows = rows.select(
        "unit_id",
        "line_no",
        "refund_amount",
        "refunded_at",
        "refund_reason",
        product_id=rows.product_id if mapping.lines else ibis.null("string"),
    )
    both = rows.inner_join(usable.select(*_WHOSE), "unit_id")
    place = ibis.row_number().over(group_by=both.unit_id, order_by=both.line_no)
    return _told(both, terms=terms, mark="-r" + (place + 1).cast("string"))


def _refunded_orders(usable: ir.Table, *, terms: Terms) -> ir.Table:
    rows = usable.filter(usable.refund_amount > 0)
    return _told(rows.mutate(product_id=ibis.null("string")), terms=terms, mark=ibis.literal("-r"))


def _told(rows: ir.Table, *, terms: Terms, mark: ir.StringValue) -> ir.Table:
    return rows.select(
        refund_id=rows.order_id + mark,
        order_id=rows.order_id,
        line_no=ibis.null("int64"),
        product_id=rows.product_id,
        account_id=rows.account_id,
        person_id=rows.person_id,
        refunded_at=ibis.coalesce(rows.refunded_at, rows.ordered_at),
        quantity=ibis.null("decimal(18, 3)"),
        amount_minor=terms.minor(rows.refund_amount, rows.rate),
        currency=ibis.literal(terms.currency),
        reason=scrubbed(rows.refund_reason),
        unit_id=rows.unit_id,
    )
