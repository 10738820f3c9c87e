"""Comparing snapshots: bins of a trait, people per bin, and the way from stage to stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import ibis.selectors as s

__all__ = ["bin_counts", "means", "numbered", "stage_moves", "tenths"]

_TENTHS = [i / 10 for i in range(1, 10)]


def tenths(portraits: ir.Table, traits: Sequence[str]) -> ir.Table:
    """Return one row: for each trait the nine numbers that split its values into tenths (an array; null: no values)."""
    return portraits.agg(**{name: portraits[name].cast("float64").quantile(_TENTHS) for name in traits})


def bin_counts(
    portraits: ir.Table, *, edges: Mapping[str, Sequence[float]], named: Sequence[str]
) -> ir.Table:
    """Return people per bin of each trait.

    Parameters
    ----------
    portraits
        One row per person.
    edges
        Numeric traits and the ascending edges between their bins; bin i holds values above i of them.
    named
        Traits whose values are bins themselves.

    Returns
    -------
    Table
        One row per trait and bin: trait, label (null: no value), n_people.
    """
    labels = {name: _bin(portraits[name], edges[name]) for name in edges}
    labels |= {name: portraits[name].cast("string") for name in named}
    long = portraits.select(**labels).pivot_longer(s.all(), names_to="trait", values_to="label")
    return long.group_by("trait", "label").agg(n_people=long.count())


def stage_moves(before: ir.Table, after: ir.Table, *, stage: str) -> ir.Table:
    """Return how many people went from which stage to which.

    Returns
    -------
    Table
        One row per pair: before (null: not known yet), after (null: gone, because a link or an erasure took the person
        away), n_people.
    """
    old = before.select("person_id", before=before[stage])
    new = after.select("person_id", after=after[stage])
    both = old.outer_join(new, "person_id")
    return both.group_by("before", "after").agg(n_people=both.count())


def numbered(portraits: ir.Table) -> ir.Table:
    """Return the portraits with `place`, their number from 0 in order of person_id."""
    return portraits.mutate(place=ibis.row_number().over(order_by="person_id"))


def means(portraits: ir.Table, columns: Sequence[str]) -> ir.Table:
    """Return one row: the mean of each numeric or boolean column over the people who have a value."""
    return portraits.agg(**{name: portraits[name].cast("float64").mean() for name in columns})


def _bin(values: Any, edges: Sequence[float]) -> Any:
    above = sum((ibis.ifelse(values > edge, 1, 0) for edge in edges), start=ibis.literal(0))
    return ibis.ifelse(values.isnull(), ibis.null("string"), above.cast("string"))
