"""Training frames: the people of one day as arrays, with what they had done and what they then did.

A frame is made only of features that looked at nothing from its day on; each row proves it with the day until which it has
looked, and a row that cannot is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aimwell.predict.repeat.errors import LeakyFeature
from aimwell.predict.repeat.process import Process, View, cells_of, fit_process
from aimwell.predict.repeat.tables.features import FEATURES, HISTORY
from aimwell.predict.repeat.tables.training import TOTAL_DAYS, seen_column
from aimwell.predict.value.cells import Array, Cells

__all__ = ["Frame", "frames_of", "refuse_leaks"]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The people of one day.

    Attributes
    ----------
    cut_on
        The day; features know what was before, outcomes are from it on.
    cells, spend_minor
        Histories, one each, and spend so far.
    features
        (n, len(FEATURES)).
    next_days
        Days to the next purchase day, 1: the day itself; inf where none was seen.
    orders, spend
        By days of `TOTAL_DAYS`: purchase days and minor units that followed; true only if so many days were seen.
    process
        The purchase process fitted on these histories alone.
    """

    cut_on: date
    cells: Cells
    spend_minor: Array
    features: Array
    next_days: Array
    orders: dict[int, Array]
    spend: dict[int, Array]
    process: Process
    _said: dict[tuple[str, int, float], Array] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.next_days)

    def is_seen(self, days: int, *, until: date) -> bool:
        """Return whether so many days from the frame's own are over before the day `until`."""
        return self.cut_on + timedelta(days=days) <= until

    def came(self, days: int) -> Array:
        """Return 1 for who purchased within so many days, else 0."""
        return (self.next_days <= days).astype(float)

    def view(self, *, memory: float, within_days: Sequence[int], orders_days: Sequence[int]) -> View:
        """Return what the frame's own process, fitted on the past alone, expects of its people; each number is computed once."""
        return View(
            alive=self._kept("alive", 0, memory),
            within={days: self._kept("within", days, memory) for days in within_days},
            orders={days: self._kept("orders", days, memory) for days in orders_days},
            per_day_minor=self._kept("per_day", 0, memory),
        )

    def _kept(self, what: str, days: int, memory: float) -> Array:
        key = (what, days, memory)
        if key not in self._said:
            self._said[key] = self._ask(what, days, memory)
        return self._said[key]

    def _ask(self, what: str, days: int, memory: float) -> Array:
        if what == "alive":
            return self.process.alive(self.cells)
        if what == "per_day":
            return self.process.per_day_minor(self.cells.frequency + 1, self.spend_minor)
        ask = self.process.within if what == "within" else self.process.orders
        return ask(self.cells, days=days, memory=memory)


def refuse_leaks(rows: pa.Table, *, tables: Sequence[str]) -> None:
    """Refuse training rows with a feature that knows what happened on their day or later.

    Parameters
    ----------
    rows
        cut_on, and per table of features its `seen_on_<name>` (null: it saw nothing of this person).
    tables
        Their names.

    Raises
    ------
    LeakyFeature
        When there is one; it names the worst.
    """
    for name in tables:
        is_late = pc.greater_equal(rows[seen_column(name)], rows["cut_on"])  # null: it saw nothing
        late = rows.filter(is_late)
        if late.num_rows:
            worst = late.sort_by([(seen_column(name), "descending")]).slice(0, 1).to_pylist()[0]
            raise LeakyFeature(
                features=name,
                n_rows=late.num_rows,
                seen_on=worst[seen_column(name)],
                cut_on=worst["cut_on"],
            )


def frames_of(rows: pa.Table, *, tables: Sequence[str], min_people: int) -> list[Frame]:
    """Lay training rows out by day, the newest first.

    Parameters
    ----------
    rows
        Result of `training_rows`, fetched.
    tables
        Names of the tables of features in it.
    min_people
        Days with fewer people are left out, as are those on which the process cannot be fitted.

    Raises
    ------
    LeakyFeature
        When a feature looked at the day itself or later.
    """
    refuse_leaks(rows, tables=tables)
    found = []
    for cut_on in sorted(set(rows["cut_on"].to_pylist()), reverse=True):
        mine = rows.filter(pc.equal(rows["cut_on"], pa.scalar(cut_on))).sort_by("person_id")
        if mine.num_rows >= min_people:
            frame = _frame(mine, cut_on=cut_on)
            found += [] if frame is None else [frame]
    return found


def _frame(rows: pa.Table, *, cut_on: date) -> Frame | None:
    history = {name: _numbers(rows, name) for name in HISTORY}
    cells = cells_of(history)
    process = fit_process(cells, history["spend_minor"])
    if not isinstance(process, Process):
        return None
    return Frame(
        cut_on=cut_on,
        cells=cells,
        spend_minor=history["spend_minor"],
        features=np.column_stack([_numbers(rows, name) for name in FEATURES]),
        next_days=_numbers(rows, "next_days", missing=np.inf),
        orders={days: _numbers(rows, f"orders_{days}d") for days in TOTAL_DAYS},
        spend={days: _numbers(rows, f"spend_{days}d_after") for days in TOTAL_DAYS},
        process=process,
    )


def _numbers(rows: pa.Table, name: str, *, missing: float = 0.0) -> Array:
    column = rows[name].cast(pa.float64()).fill_null(missing)
    return np.asarray(column.to_numpy(), dtype=np.float64)
