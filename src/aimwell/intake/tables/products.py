"""Products, from a catalogue or from the lines of orders and events that name them."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from aimwell.intake.mapping.model import Mapping
from aimwell.intake.tables.orders import Terms
from aimwell.intake.tables.people import attributes
from aimwell.intake.tables.scrub import scrubbed

__all__ = ["products"]

_TEXTS, _AMOUNTS = ("name", "category", "brand"), ("price", "cost")


def products(cells: ir.Table, mapping: Mapping, *, terms: Terms) -> ir.Table:
    """Return the products of usable rows: columns of `facts.PRODUCTS` but the provenance; the last row that says it counts.

    Amounts need to be in the shop's currency: those of rows in another stay null.
    """
    rule = mapping.products
    if rule is None:
        raise ValueError("a mapping of products is needed")
    traits = {key: f"p_attribute_{key}" for key in rule.attributes}
    given = [n for n in (*_TEXTS, *_AMOUNTS) if getattr(rule, n) is not None]
    rows = cells.filter(cells.p_product_id.notnull())
    for flag in {"is_return", "is_fee"} & set(rows.columns):
        rows = rows.filter(~rows[flag])
    columns = [f"p_{name}" for name in given] + list(traits.values())
    last = {name: rows[name].argmax(rows.line_no, where=rows[name].notnull()) for name in columns}
    found = rows.group_by("p_product_id").agg(first_line=rows.line_no.min(), **last)
    is_own = terms.file_currency == terms.currency and mapping.orders.currency is None
    one = ibis.literal(1).cast("decimal(18, 8)")
    none = ibis.null("string")
    return found.select(
        product_id=found.p_product_id,
        **{name: scrubbed(found[f"p_{name}"]) if name in given else none for name in _TEXTS},
        **{
            f"{name}_minor": terms.minor(found[f"p_{name}"], one)
            if name in given and is_own
            else ibis.null("int64")
            for name in _AMOUNTS
        },
        currency=ibis.literal(terms.currency),
        attributes=attributes({key: found[column] for key, column in traits.items()}),
    )
