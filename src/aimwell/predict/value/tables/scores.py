"""Scores of histories, brought back to people."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from aimwell.predict.value.tables.histories import CELL_KEYS, binned
from aimwell.storage.lake.model import TableSpec

__all__ = ["VALUE_SCORES", "scored"]

# One row per person with a purchase before `as_of`: the newest scores. Margins are net, over `horizon_days`.
VALUE_SCORES = TableSpec(
    name="value_scores",
    schema=ibis.schema(
        {
            "person_id": "int64",
            "as_of": "timestamp",
            "model_id": "string",
            "horizon_days": "int64",
            "alive_prob": "float64",
            "expected_orders": "float64",
            "orders_low": "int64",  # the 80 % interval, inclusive
            "orders_high": "int64",
            "expected_margin_minor": "int64",
            "margin_low_minor": "int64",
            "margin_high_minor": "int64",
        }
    ),
    cluster_by=("person_id",),
)


def scored(people: ir.Table, cell_scores: ir.Table, *, grain_days: int, margin_base_minor: float) -> ir.Table:
    """Bring the scores of histories back to people.

    Parameters
    ----------
    people
        Result of `histories`.
    cell_scores
        One row per (frequency, recent, recency_bin, age_bin): alive_prob, orders, orders_low, orders_high and
        the margin factors margin, margin_low, margin_high.
    grain_days
        The grain of these cells.
    margin_base_minor
        `v` of Gamma-Gamma; plus a person's own margin it is what the factors multiply.

    Returns
    -------
    Table
        One row per person: the score columns of `VALUE_SCORES`.
    """
    joined = binned(people, grain_days=grain_days).inner_join(cell_scores, CELL_KEYS)
    base = joined.margin_minor + margin_base_minor

    def minor(factor: ir.FloatingValue) -> ir.IntegerValue:
        return (base * factor).round().cast("int64")

    low, high = minor(joined.margin_low), minor(joined.margin_high)
    return joined.select(
        "person_id",
        alive_prob=joined.alive_prob,
        expected_orders=joined.orders,
        orders_low=joined.orders_low.cast("int64"),
        orders_high=joined.orders_high.cast("int64"),
        expected_margin_minor=minor(joined.margin),
        margin_low_minor=ibis.least(low, high),  # a customer at a loss turns the interval round
        margin_high_minor=ibis.greatest(low, high),
    )
