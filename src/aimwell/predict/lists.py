"""Predicted lists of products, as messages take them: read by name, so that no learner is loaded."""

from __future__ import annotations

from datetime import datetime

import ibis.expr.types as ir

from aimwell.storage.lake.lake import Lake

__all__ = ["predicted_at", "product_lists"]

_AFFINITY = "affinity_scores"


def product_lists(*, lake: Lake, as_of: datetime) -> ir.Table | None:
    """Return everybody's list of products as it was last predicted: person_id, product_id, rank (from 1).

    Parameters
    ----------
    lake
        The shop's scores.
    as_of
        Lists that were made as of a later moment are not looked at; naive UTC.

    Returns
    -------
    Table or None
        None: there are none of that moment or before.
    """
    found = predicted_at(lake, _AFFINITY)
    if found is None or found > as_of:
        return None
    return lake.table(_AFFINITY).select("person_id", "product_id", "rank")


def predicted_at(lake: Lake, table: str) -> datetime | None:
    """Return the moment as of which the predictions in a table were made, which holds those of one moment; None: none."""
    if not lake.has_table(table):
        return None
    rows = lake.table(table)
    found: datetime | None = lake.engine.rows(rows.agg(as_of=rows.as_of.max()))[0]["as_of"]
    return found
