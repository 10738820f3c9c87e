"""Gathers facts into the bounded summaries of one moment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from aimwell.base.clock import local_time
from aimwell.people.model import Facts
from aimwell.predict.value.cells import Array, Cells, MarginCells
from aimwell.predict.value.tables.histories import (
    CELL_KEYS,
    histogram,
    histories,
    margin_histogram,
)
from aimwell.predict.value.tables.spending import margins, outcomes, purchase_days
from aimwell.storage.engines import Engine

__all__ = ["MAX_CELLS", "Source", "Summary", "cell_table", "last_day", "summarise"]

MAX_CELLS = 50_000  # fits every form within seconds, whatever the number of people
GRAINS_DAYS = (1, 7, 28, 91)
MARGIN_STEPS = (0.01, 0.05, 0.25)
Grain = TypeVar("Grain", int, float)


def last_day(end: datetime, *, time_zone: str) -> date:
    """Return the local day of the last moment before `end` (naive UTC)."""
    return local_time(end - timedelta(microseconds=1), time_zone).date()


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the data of one piece of work come from.

    Attributes
    ----------
    facts, engine
        The shop's facts, and what runs their expressions.
    time_zone
        IANA name of the shop's zone; days are local days.
    margin_rate
        Share of net sales that is margin where a cost is unknown.
    """

    facts: Facts
    engine: Engine
    time_zone: str
    margin_rate: float

    @contextmanager
    def people(self, end: datetime) -> Iterator[ir.Table]:
        """Hold the histories of all people up to `end`, computed once."""
        days = purchase_days(self.facts, start=None, end=end)
        earned = margins(self.facts, start=None, end=end, margin_rate=self.margin_rate)
        last_on = last_day(end, time_zone=self.time_zone)
        with self.engine.stage(histories(days, earned, last_on=last_on)) as staged:
            yield staged

    @contextmanager
    def outcomes(self, start: datetime, end: datetime) -> Iterator[ir.Table]:
        """Hold what people did in a window, computed once."""
        days = purchase_days(self.facts, start=start, end=end)
        earned = margins(self.facts, start=start, end=end, margin_rate=self.margin_rate)
        with self.engine.stage(outcomes(days, earned)) as staged:
            yield staged


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The bounded summary of one moment.

    Attributes
    ----------
    keys
        CELL_KEYS of every cell, in the order of `cells`.
    cells, margins
        Histories and margins with counts.
    grain_days
        Days of recency and age that count as one: the finest of 1, 7, 28, 91 with at most `MAX_CELLS` cells.
    """

    keys: pa.Table
    cells: Cells
    margins: MarginCells
    grain_days: int

    @property
    def data_hash(self) -> str:
        """SHA-256 of all numbers in the summary."""
        digest = hashlib.sha256()
        parts = (*(self.keys[k].to_numpy() for k in CELL_KEYS), self.cells.count)
        for part in (*parts, self.margins.n_orders, self.margins.mean_minor, self.margins.count):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()


def summarise(people: ir.Table, *, engine: Engine) -> Summary:
    """Boil histories down to cells, at the finest grain that keeps them bounded."""
    grain_days = _finest(
        [(grain, histogram(people, grain_days=grain)) for grain in GRAINS_DAYS], engine=engine
    )
    rows = engine.arrow(histogram(people, grain_days=grain_days).order_by(CELL_KEYS))
    step = _finest([(step, margin_histogram(people, step=step)) for step in MARGIN_STEPS], engine=engine)
    margin_rows = engine.arrow(margin_histogram(people, step=step).order_by("n_orders", "margin_bin"))
    return Summary(
        keys=rows.select(CELL_KEYS), cells=_cells(rows), margins=_margins(margin_rows), grain_days=grain_days
    )


def _finest(tables: list[tuple[Grain, ir.Table]], *, engine: Engine) -> Grain:
    for grain, table in tables[:-1]:
        if engine.rows(table.count().name("n_cells").as_table())[0]["n_cells"] <= MAX_CELLS:
            return grain
    return tables[-1][0]


def _cells(rows: pa.Table) -> Cells:
    count = _numbers(rows, "n_people")
    return Cells.from_days(
        frequency=_numbers(rows, "frequency"),
        recency_days=_numbers(rows, "recency_sum_days") / count,
        age_days=_numbers(rows, "age_sum_days") / count,
        count=count,
        recent=_numbers(rows, "recent"),
    )


def _margins(rows: pa.Table) -> MarginCells:
    count, n_orders = _numbers(rows, "n_people"), _numbers(rows, "n_orders")
    mean_minor = _numbers(rows, "margin_sum_minor") / (count * n_orders)
    return MarginCells(n_orders=n_orders, mean_minor=mean_minor, count=count)


def _numbers(rows: pa.Table, column: str) -> Array:
    return np.asarray(rows[column].to_numpy(), dtype=float)


def cell_table(keys: pa.Table, columns: Mapping[str, Array]) -> ir.Table:
    """Return values per cell as a table, its keys beside them."""
    table = keys
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return ibis.memtable(table)
