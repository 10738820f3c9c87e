"""Dirt: rows that come twice, orders that come late, clocks that are wrong, test orders. All of it follows from the seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from aimwell.learn.simulator.model import Dirt
from aimwell.learn.simulator.randoms import Purpose, sparse

__all__ = ["Dirtied", "dirtied_events", "dirtied_lines"]

_TEST_ACCOUNT, _TEST_TAG = "tester", "test"
_WRONG_SECONDS = (-8 * 3600, 12 * 3600, -86_400, 365 * 86_400)  # a wrong zone, am for pm, a day, a year


@dataclass(frozen=True, kw_only=True)
class Dirtied:
    """A table with dirt: rows for the usual file, and rows that come later; `counts` says how many rows of each kind."""

    rows: pa.Table
    late: pa.Table
    counts: dict[str, int]


def dirtied_lines(lines: pa.Table, dirt: Dirt, *, seed: int) -> Dirtied:
    """Return order lines with dirt: orders as a whole are late, of a wrong clock, or copied as test orders."""
    order = lines["order"]
    keys = pc.cast(pc.utf8_slice_codeunits(order, 1), pa.int64()).to_numpy()
    test = lines.filter(pa.array(_chosen(keys, dirt.test_rate, seed=seed, nth=1)))
    n = test.num_rows
    test = _with(test, "order", pc.binary_join_element_wise("T", test["order"], ""))
    test = _with(test, "account", pa.array([_TEST_ACCOUNT] * n, pa.string()))
    test = _with(test, "tags", pa.array([_TEST_TAG] * n, pa.string()))
    is_wrong = _chosen(keys, dirt.clock_rate, seed=seed, nth=2)
    lines = _with(lines, "placed_at", _moved(lines["placed_at"], keys, is_wrong))
    is_late = _chosen(keys, dirt.late_rate, seed=seed, nth=3)
    usual = lines.filter(pa.array(~is_late))
    places = keys[~is_late] * 128 + usual["line"].to_numpy()
    twice = usual.filter(pa.array(_chosen(places, dirt.duplicate_rate, seed=seed, nth=4)))
    return Dirtied(
        rows=pa.concat_tables([usual, test, twice]),
        late=lines.filter(pa.array(is_late)),
        counts={
            "duplicates": twice.num_rows,
            "late": int(is_late.sum()),
            "clocks": int(is_wrong.sum()),
            "tests": n,
        },
    )


def dirtied_events(events: pa.Table, dirt: Dirt, *, seed: int) -> Dirtied:
    """Return events with dirt: some of a wrong clock, some twice, some late."""
    keys = pc.cast(pc.utf8_slice_codeunits(events["event_id"], 1), pa.int64()).to_numpy()
    is_wrong = _chosen(keys, dirt.clock_rate, seed=seed, nth=5)
    events = _with(events, "at", _moved(events["at"], keys, is_wrong))
    is_late = _chosen(keys, dirt.late_rate, seed=seed, nth=6)
    usual = events.filter(pa.array(~is_late))
    twice = usual.filter(pa.array(_chosen(keys[~is_late], dirt.duplicate_rate, seed=seed, nth=7)))
    return Dirtied(
        rows=pa.concat_tables([usual, twice]),
        late=events.filter(pa.array(is_late)),
        counts={
            "duplicates": twice.num_rows,
            "late": int(is_late.sum()),
            "clocks": int(is_wrong.sum()),
            "tests": 0,
        },
    )


def _chosen(keys: NDArray[np.int64], rate: float, *, seed: int, nth: int) -> NDArray[np.bool_]:
    """Say of each key whether it is one of the chosen."""
    if rate == 0.0:
        return np.zeros(keys.size, dtype=np.bool_)
    return sparse(seed, Purpose.DIRT, keys, nth=nth) < rate


def _moved(at: pa.ChunkedArray, keys: NDArray[np.int64], is_wrong: NDArray[np.bool_]) -> pa.Array:
    """Return the moments with some of them as a wrong clock shows them."""
    wrong = np.array(_WRONG_SECONDS)[keys % len(_WRONG_SECONDS)] * is_wrong
    return pa.array(at.to_numpy().astype("datetime64[s]") + wrong.astype("timedelta64[s]"))


def _with(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)
