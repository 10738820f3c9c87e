"""Facts from literal rows: a test names the columns that matter, the rest have quiet defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from aimwell.intake.facts import FACTS
from aimwell.storage.engines import Engine

Row = Mapping[str, Any]
Rows = Callable[[ir.Table], list[dict[str, Any]]]
FactsOf = Callable[..., ir.Table]
_DEFAULTS: dict[str, dict[str, Any]] = {
    "orders": {"source": "shop", "status": "completed", "items_minor": 1000},
    "order_lines": {"source": "shop", "net_minor": 1000, "is_fee": False},
}


@pytest.fixture
def rows(one_engine: Engine) -> Rows:
    return one_engine.rows


@pytest.fixture
def table_of() -> FactsOf:
    """Return a maker of fact tables: `table_of("orders", {"order_id": "a", ...}, ...)`."""

    def made(name: str, *given: Row) -> ir.Table:
        schema = FACTS[name].schema
        filled = [_filled(name, row) for row in given]
        return ibis.memtable(pa.Table.from_pylist(filled, schema=schema.to_pyarrow()), schema=schema)

    return made


def _filled(name: str, row: Row) -> dict[str, Any]:
    whole = {"known_at": datetime(2020, 1, 1), **_DEFAULTS.get(name, {}), **row}
    time = FACTS[name].month_of
    if time and time in whole:
        whole.setdefault("local_at", whole[time])
    return {column: whole.get(column) for column in FACTS[name].schema}
