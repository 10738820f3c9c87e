"""Scores of everyone, inside the engine: features as expressions, the model as a vectorised function over Arrow arrays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

import ibis
import ibis.expr.types as ir

from aimwell.predict.functions import over_rows
from aimwell.predict.repeat.model import RepeatModel
from aimwell.predict.repeat.process import View
from aimwell.predict.repeat.tables.features import FEATURES
from aimwell.predict.repeat.totals import VALUE_DAYS
from aimwell.predict.value.cells import Array, Cells
from aimwell.predict.value.tables.histories import CELL_KEYS, binned
from aimwell.storage.lake.model import TableSpec

__all__ = ["REPEAT_SCORES", "cell_columns", "scored"]

# One row per person with a purchase before `as_of`: the newest scores.
REPEAT_SCORES = TableSpec(
    name="repeat_scores",
    schema=ibis.schema(
        {
            "person_id": "int64",
            "as_of": "timestamp",
            "model_id": "string",
            "horizon_days": "int64",
            "p_order_14": "float64",
            "p_order_30": "float64",
            "p_order_horizon": "float64",
            "p_silent": "float64",  # never orders again
            "next_order_on": "date",  # as likely before as after; dates are null beyond the horizon
            "next_order_from": "date",  # the 80 % interval, inclusive
            "next_order_until": "date",
            "expected_orders": "float64",  # purchase days within 91 days
            "expected_spend_minor": "int64",  # goods after discounts, before refunds, within 91 days
        }
    ),
    cluster_by=("person_id",),
)
_DATES = {"next_order_on": 4, "next_order_from": 5, "next_order_until": 6}


def cell_columns(model: RepeatModel, cells: Cells) -> dict[str, Array]:
    """Return what the process says of distinct histories: columns to join to people; see `View`."""
    memory = model.memory
    columns = {"alive": model.process.alive(cells)}
    columns |= {
        f"within_{days}": model.process.within(cells, days=days, memory=memory) for days in model.within_days
    }
    return columns | {"orders": model.process.orders(cells, days=VALUE_DAYS, memory=memory)}


def scored(
    features: ir.Table, cell_scores: ir.Table, *, model: RepeatModel, grain_days: int, present_on: date
) -> ir.Table:
    """Return everyone's scores.

    Parameters
    ----------
    features
        Result of `features` for one day.
    cell_scores
        `CELL_KEYS` and the columns of `cell_columns`, one row per distinct history.
    model
        The model.
    grain_days
        The grain of these cells.
    present_on
        First local day of the future.

    Returns
    -------
    Table
        One row per person: the columns of `REPEAT_SCORES` but as_of, model_id and horizon_days.
    """
    joined = binned(features, grain_days=grain_days).inner_join(cell_scores, CELL_KEYS)
    said = ["alive", *(f"within_{days}" for days in model.within_days), "orders"]
    given: list[Any] = [joined[name].cast("float64") for name in (*FEATURES, "spend_minor", *said)]
    answers = joined.select(
        "person_id",
        told=over_rows(partial(_told, model), name="repeat", equal=repr(model))(ibis.array(given)),
    )
    told: Any = answers.told
    first = ibis.literal(present_on).cast("date")

    def day(at: int) -> ir.DateValue:
        ahead = told[at].cast("int64")
        shifted = first + (ahead - 1).as_interval("D")
        found: ir.DateValue = ibis.ifelse(ahead > 0, shifted.cast("date"), ibis.null("date"))
        return found

    return answers.select(
        "person_id",
        p_order_14=told[0],
        p_order_30=told[1],
        p_order_horizon=told[2],
        p_silent=told[3],
        **{name: day(at) for name, at in _DATES.items()},
        expected_orders=told[7],
        expected_spend_minor=told[8].round().cast("int64"),
    )


def _told(model: RepeatModel, given: Array) -> Array:
    features, rest = given[:, : len(FEATURES)], given[:, len(FEATURES) :]
    spend_minor, alive, orders = rest[:, 0], rest[:, 1], rest[:, -1]
    n_days = features[:, FEATURES.index("n_days")]
    view = View(
        alive=alive,
        within=_by_days(model.within_days, rest[:, 2:-1]),
        orders={VALUE_DAYS: orders},
        per_day_minor=model.process.per_day_minor(n_days, spend_minor),
    )
    return model.predict(features, view).columns()


def _by_days(days: Sequence[int], columns: Array) -> dict[int, Array]:
    return {one: columns[:, k] for k, one in enumerate(days)}
