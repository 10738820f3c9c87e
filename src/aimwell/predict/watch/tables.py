"""The lake table of profiles, and what came of predictions, as expressions."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.people.model import Facts
from aimwell.predict.value.tables.spending import purchase_days
from aimwell.storage.lake.model import TableSpec

__all__ = ["SCORE_PROFILES", "orders_that_came", "people_who_came"]

# One row per scoring of a watched family; `edges` and `counts` are JSON arrays.
SCORE_PROFILES = TableSpec(
    name="score_profiles",
    schema=ibis.schema(
        {
            "family": "string",
            "model_id": "string",
            "as_of": "timestamp",
            "horizon_days": "int64",
            "n_people": "int64",
            "foretold": "float64",
            "edges": "string",
            "counts": "string",
        }
    ),
)


def orders_that_came(facts: Facts, *, start: datetime, end: datetime) -> ir.Table:
    """Return one row, `came`: days with a purchase between two moments, of people who had bought before the first."""
    days = _of_known(facts, start=start, end=end)
    return days.agg(came=days.count())


def people_who_came(facts: Facts, *, start: datetime, end: datetime) -> ir.Table:
    """Return one row, `came`: people with a purchase between two moments who had bought before the first."""
    days = _of_known(facts, start=start, end=end)
    return days.agg(came=days.person_id.nunique())


def _of_known(facts: Facts, *, start: datetime, end: datetime) -> ir.Table:
    known = purchase_days(facts, start=None, end=start).select("person_id").distinct()
    return purchase_days(facts, start=start, end=end).semi_join(known, "person_id")
