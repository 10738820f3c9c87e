"""Functions over whole columns: both engines hand over batches, not single rows, and put each answer beside its own list."""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt
import numpy as np
import pyarrow as pa
import pytest

from aimwell.predict.functions import over_lists, over_rows

pytestmark = pytest.mark.both_engines(part="small")

N = 5_000
ROWS = ibis.memtable(pa.table({"at": np.arange(N), "half": np.arange(N) / 2}))


def test_rows_come_in_batches_and_answers_stay_beside_them(engine) -> None:
    sums = over_rows(
        lambda rows: np.column_stack([rows.sum(axis=1), np.full(len(rows), len(rows))]),
        name="sums",
        equal="at and half, and how many came at once",
    )
    told = ROWS.mutate(told=sums(ibis.array([ROWS["at"].cast("float64"), ROWS.half])))
    found = engine.arrow(told.select("at", total=told.told[0], n_at_once=told.told[1]).order_by("at"))
    assert found["total"].to_pylist() == [k + k / 2 for k in range(N)]
    assert min(found["n_at_once"].to_pylist()) > 100  # the last batch may be small, single rows it is not


def test_lists_of_any_length_get_lists_of_any_length(engine) -> None:
    lists = ibis.memtable(
        {"who": [1, 2, 3, 4], "given": [[5, 1, 3], [], [2], [7, 7]]},
        schema={"who": "int64", "given": "array<int64>"},
    )

    def all_but_one(values: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first = np.r_[0, np.cumsum(lengths)[:-1]][lengths > 0]
        return np.delete(values, first).astype(float), np.maximum(lengths - 1, 0)

    rest = over_lists(all_but_one, name="rest", of=dt.int64, equal="rest")
    found = engine.arrow(lists.select("who", rest=rest(lists.given)).order_by("who"))
    assert found["rest"].to_pylist() == [[1.0, 3.0], [], [], [7.0]]


def test_other_work_has_another_name(engine) -> None:
    # Engines know functions by name: with one name for both, the second answer would be the first once more.
    one, two = (
        over_rows(lambda rows, by=by: rows * by, name="times", equal=f"times {by}") for by in (1.0, 2.0)
    )
    few = ROWS.filter(ROWS["at"] == 3)
    both = few.select(one=one(ibis.array([few.half]))[0], two=two(ibis.array([few.half]))[0])
    assert engine.rows(both) == [{"one": 1.5, "two": 3.0}]
