"""From Arrow tables of choices to arrays, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from aimwell.base.lottery import LOTS
from aimwell.promote.plan.model import Problem
from aimwell.promote.plan.prospects import Prospects

__all__ = ["assigned", "prospects", "taken"]


def prospects(choices: pa.Table, *, problem: Problem) -> Prospects:
    """Return people as arrays, in random order (tie lot, then id); each stands for LOTS / `drawn_below` people."""
    ordered = choices.sort_by([("tie_lot", "ascending"), ("person_id", "ascending")])
    n_offers = len(problem.offers)
    values = [ordered[f"value_{k}"] for k in range(n_offers)]
    members = [_numbers(ordered[f"member_{k}"], dtype="bool") for k in range(len(problem.segments))]
    return Prospects(
        person_id=_numbers(ordered["person_id"], dtype="int64"),
        value=_wide([_numbers(column, dtype="float64") for column in values], len(ordered)),
        cost=_wide([_numbers(ordered[f"cost_{k}"], dtype="float64") for k in range(n_offers)], len(ordered)),
        eligible=_wide([pc.is_valid(column).to_numpy().astype(bool) for column in values], len(ordered)),
        member=_wide(members, len(ordered)).astype(bool),
        draw=_numbers(ordered["tie_lot"], dtype="float64") / LOTS,
        weight=LOTS / _numbers(ordered["drawn_below"], dtype="float64"),
    )


def taken(choices: pa.Table, *, problem: Problem) -> NDArray[np.bool_]:
    """Return (people, offers): what the columns `take_r` say each person takes; people ordered as by `prospects`."""
    ordered = choices.sort_by([("tie_lot", "ascending"), ("person_id", "ascending")])
    result = np.zeros((len(ordered), len(problem.offers)), dtype=bool)
    for r in range(1, min(problem.contacts_per_person, len(problem.offers)) + 1):
        column = ordered[f"take_{r}"]
        rows = np.nonzero(pc.is_valid(column).to_numpy())[0]
        result[rows, _numbers(column, dtype="int64")[rows]] = True
    return result


def assigned(people: Prospects, chosen: NDArray[np.bool_], *, problem: Problem) -> pa.Table:
    """Return a choice as rows: person_id, is_held_out (always false), members, offer, value_milli, cost_milli."""
    who, what = np.nonzero(chosen)
    members = {f"member_{k}": people.member[who, k] for k in range(len(problem.segments))}
    return pa.table(
        {
            "person_id": pa.array(people.person_id[who], pa.int64()),
            "is_held_out": pa.array(np.zeros(len(who), dtype=bool)),
            **members,
            "offer": pa.array(what, pa.int64()),
            "value_milli": pa.array(people.value[who, what].astype(np.int64)),
            "cost_milli": pa.array(people.cost[who, what].astype(np.int64)),
        }
    )


def _numbers(column: pa.ChunkedArray, *, dtype: str) -> NDArray[Any]:
    """Return a column without nulls: they become 0."""
    numbers: NDArray[Any] = pc.fill_null(column, False if dtype == "bool" else 0).to_numpy().astype(dtype)
    return numbers


def _wide(columns: list[NDArray[Any]], n_rows: int) -> NDArray[Any]:
    return np.column_stack(columns) if columns else np.zeros((n_rows, 0))
