"""Facts from literal rows: a test names the columns that matter, the rest have quiet defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa
import pytest

from aimwell.intake.facts import FACTS
from aimwell.people.model import Facts

Row = Mapping[str, Any]
AS_OF = datetime(2025, 1, 1)
_KNOWN = datetime(2020, 1, 1)
_DEFAULTS: dict[str, dict[str, Any]] = {
    "orders": {
        "status": "completed",
        "n_lines": 1,
        "items_minor": 1000,
        "discount_minor": 0,
        "shipping_minor": 0,
    },
    "order_lines": {"quantity": 1, "net_minor": 1000, "discount_minor": 0, "is_fee": False},
    "refunds": {"quantity": 1, "amount_minor": 0},
    "touches": {"arm": "treatment", "offer_id": "offer", "propensity": 1.0},
}


@pytest.fixture(scope="session")
def unbound() -> Facts:
    return Facts(**{name: ibis.table(spec.schema, name=name) for name, spec in FACTS.items()})


def filled(name: str, row: Row) -> dict[str, Any]:
    """Return a whole row of a fact table: `local_at` follows the time, the rest is null."""
    whole = {"known_at": _KNOWN, **_DEFAULTS.get(name, {}), **row}
    time = FACTS[name].month_of
    if time and time in whole:
        whole.setdefault("local_at", whole[time])
    return {column: whole.get(column) for column in FACTS[name].schema}


def rows_of(name: str, rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist([filled(name, row) for row in rows], schema=FACTS[name].schema.to_pyarrow())


@pytest.fixture(scope="session")
def fact_rows() -> Callable[[str, list[Row]], pa.Table]:
    """Return what makes whole rows of a fact table from the columns that matter."""
    return rows_of


@pytest.fixture(scope="session")
def facts() -> Callable[..., Facts]:
    """Make facts: `facts(orders=[{...}], events=[{...}])`; tables that are not named are empty."""

    def make(**tables: list[Row]) -> Facts:
        return Facts(
            **{
                name: ibis.memtable(rows_of(name, tables.get(name, [])), schema=spec.schema)
                for name, spec in FACTS.items()
            }
        )

    return make


@pytest.fixture(scope="session")
def as_of() -> datetime:
    return AS_OF
