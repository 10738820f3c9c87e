"""Measures as expressions: one scan per fact table, however many measures there are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir

from aimwell.intake.facts import FACTS
from aimwell.people.model import Facts
from aimwell.portraits.measures import FACT_NAMES, Condition, FactName, Measure, result_type
from aimwell.portraits.tables.moments import at, within
from aimwell.portraits.tables.state import placed, shelves, sold

__all__ = ["holds", "measured"]

_WHOLE_PATH = 100  # steps; no category path is deeper


def measured(facts: Facts, measures: Mapping[str, Measure], *, as_of: datetime) -> tuple[ir.Table, ...]:
    """Return per fact table one table of person_id and a column per measure.

    Counts and sums are 0 and other measures null for people with no matching row, as far as they are in the table at all.

    Parameters
    ----------
    facts
        Rows that hold, one `person_id` per person.
    measures
        Column names and what they measure.
    as_of
        The moment.
    """
    tables = []
    for name in FACT_NAMES:
        wanted = {column: m for column, m in measures.items() if m.facts == name}
        if wanted:
            rows = _rows(facts, name, wanted, as_of=as_of)
            columns = {column: _aggregate(rows, m, as_of=as_of) for column, m in wanted.items()}
            tables.append(rows.group_by("person_id").agg(**columns))
    return tuple(tables)


def holds(column: Any, condition: Condition) -> ir.BooleanValue:
    """Return whether a comparison holds; a null column meets only `is_null`."""
    op, value = condition.op, condition.value
    if op == "is_null":
        return column.isnull() if value else column.notnull()
    if op == "between":
        found = (column >= value[0]) & (column <= value[1])
    elif op == "in":
        found = column.isin(value)
    elif op == "contains":
        found = column.contains(value)
    else:
        compared = {
            "eq": column == value,
            "ne": column != value,
            "lt": column < value,
            "le": column <= value,
            "gt": column > value,
            "ge": column >= value,
        }
        found = compared[op]
    return found.fill_null(False)  # noqa: FBT003


def _rows(facts: Facts, name: FactName, measures: Mapping[str, Measure], *, as_of: datetime) -> ir.Table:
    """Return the rows that any of the measures may need, with the product's shelf if one asks for it."""
    rows: ir.Table = getattr(facts, name)
    time = _time(name)
    if name == "orders":
        rows = placed(rows)
    elif name == "order_lines":
        rows = sold(rows, facts.orders)
    in_any = ibis.or_(*[_in_window(rows[time], m, as_of=as_of) for m in measures.values()])
    rows = rows.filter(rows.person_id.notnull(), in_any)
    if any(c in ("category", "brand") for m in measures.values() for c in _named(m)):
        shelf = shelves(facts.products, category_depth=_WHOLE_PATH)
        rows = rows.left_join(shelf, "product_id").drop("product_id_right")
    return rows


def _aggregate(rows: ir.Table, measure: Measure, *, as_of: datetime) -> Any:
    in_window = _in_window(rows[_time(measure.facts)], measure, as_of=as_of)
    meets = ibis.and_(in_window, *[holds(rows[c.column], c) for c in measure.where])
    if measure.aggregate == "count":
        return rows.count(where=meets)
    column = rows[measure.column] if measure.column else ibis.literal(1)
    if measure.aggregate == "sum":
        value = column.sum(where=meets).fill_null(0)
    elif measure.aggregate == "share":
        value = column.sum(where=meets).fill_null(0).cast("float64") / column.sum(where=in_window).nullif(0)
    elif measure.aggregate == "mean":
        value = column.sum(where=meets).cast("float64") / column.count(where=meets).nullif(0)
    elif measure.aggregate == "last":
        latest = ibis.struct({"at": rows[_time(measure.facts)], "value": column})
        value = latest.max(where=meets & column.notnull())["value"]  # of one moment the greatest
    else:
        value = getattr(column, measure.aggregate)(where=meets)
    return value.cast(result_type(measure))


def _named(measure: Measure) -> set[str]:
    return {c.column for c in measure.where} | ({measure.column} if measure.column else set())


def _in_window(time: Any, measure: Measure, *, as_of: datetime) -> Any:
    if measure.within_days is None:
        return time < at(as_of)
    return within(time, days=measure.within_days, as_of=as_of)


def _time(facts: FactName) -> str:
    return FACTS[facts].month_of or ""
