"""Training rows: features of a day beside what followed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import ibis
import ibis.expr.types as ir

from aimwell.predict.repeat.errors import UndatedFeature

__all__ = ["TOTAL_DAYS", "outcomes", "seen_column", "training_rows"]

TOTAL_DAYS = (30, 60, 91)  # windows in which orders and spend are summed
_KEYS = ["person_id", "cut_on"]


def outcomes(baskets: ir.Table, *, cuts: Sequence[date]) -> ir.Table:
    """Return what followed each day.

    Parameters
    ----------
    baskets
        Result of `baskets`.
    cuts
        The days.

    Returns
    -------
    Table
        One row per (person_id, cut_on) with a purchase on the day or later: next_days (1: on the day itself), and for each
        d of `TOTAL_DAYS` orders_<d>d (purchase days) and spend_<d>d_after (minor units) in the d days from it.
    """
    days = ibis.memtable({"cut_on": list(cuts)}, schema=ibis.schema({"cut_on": "date"}))
    later = baskets.cross_join(days)
    later = later.filter(later.bought_on >= later.cut_on)
    later = later.mutate(after=later.bought_on.delta(later.cut_on, unit="day").cast("int64") + 1)
    sums = {f"orders_{d}d": later.count(where=later.after <= d) for d in TOTAL_DAYS}
    spend = {
        f"spend_{d}d_after": later.spend_minor.sum(where=later.after <= d).fill_null(0).cast("int64")
        for d in TOTAL_DAYS
    }
    return later.group_by(*_KEYS).agg(next_days=later.after.min(), **sums, **spend)


def training_rows(features: Mapping[str, ir.Table], outcomes: ir.Table) -> ir.Table:
    """Lay features of any origin beside what followed.

    Parameters
    ----------
    features
        Tables by name; each has one row per (person_id, cut_on) and a column `seen_on`: the newest day of the rows that it was
        made from. The first one says who is in.
    outcomes
        Result of `outcomes`.

    Returns
    -------
    Table
        One row per row of the first table: all columns of all tables, `seen_on` as `seen_on_<name>`; outcomes of who never came
        are null.

    Raises
    ------
    UndatedFeature
        When a table does not say until when it has looked.
    """
    rows: ir.Table | None = None
    for name, table in features.items():
        if "seen_on" not in table.columns:
            raise UndatedFeature(features=name)
        dated = table.rename({seen_column(name): "seen_on"})
        rows = dated if rows is None else rows.left_join(dated, _KEYS).drop("person_id_right", "cut_on_right")
    if rows is None:
        raise UndatedFeature(features="")
    return rows.left_join(outcomes, _KEYS).drop("person_id_right", "cut_on_right")


def seen_column(name: str) -> str:
    """Return the column that says until when these features have looked."""
    return f"seen_on_{name}"
