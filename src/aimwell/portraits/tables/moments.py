"""Moments and days in expressions, alike on every engine."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir

__all__ = ["at", "before", "days_between", "within"]


def at(moment: datetime) -> ir.TimestampScalar:
    """Return a naive UTC moment as an expression."""
    return ibis.literal(moment).cast("timestamp")


def days_between(start: ir.TimestampValue, end: ir.TimestampValue) -> ir.IntegerValue:
    """Return calendar days from one moment's date to another's; null if either is null.

    Dates, not moments: engines disagree on whether 23 hours across midnight are a day.
    """
    return end.cast("date").delta(start.cast("date"), unit="day")


def before(rows: ir.Table, column: str, moment: datetime) -> ir.Table:
    """Return the rows that happened before a moment; rows without a time never happened."""
    return rows.filter(rows[column] < at(moment))


def within(column: ir.TimestampValue, *, days: int, as_of: datetime) -> ir.BooleanValue:
    """Say of each moment whether it lies in the `days` before `as_of`: [as_of - days, as_of)."""
    return (column >= at(as_of - timedelta(days=days))) & (column < at(as_of))
