"""A lake whose facts a test writes down row by row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa
import pytest

from aimwell.intake.facts import FACTS
from aimwell.storage.lake.lake import Lake

Rows = Callable[..., None]


@pytest.fixture
def write(lake: Lake) -> Rows:
    """Return what appends rows to a fact table; what a row leaves out is null, and known since it happened."""

    def append(name: str, *rows: dict[str, Any]) -> None:
        spec = FACTS[name]
        happened = {"orders": "ordered_at", "order_lines": "ordered_at", "refunds": "refunded_at"}
        clock = happened.get(name, "decided_at")
        full = [
            dict.fromkeys(spec.schema) | {"source": "till", "load_id": "1", "known_at": row.get(clock)} | row
            for row in rows
        ]
        lake.append(spec, ibis.memtable(pa.Table.from_pylist(full, schema=spec.schema.to_pyarrow())))

    return append


def order(order_id: str, person_id: int, at: datetime, **given: Any) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "person_id": person_id,
        "ordered_at": at,
        "n_lines": 0,
        "status": "paid",
    } | given


def line(order_id: str, person_id: int, at: datetime, net_minor: int, **given: Any) -> dict[str, Any]:
    row = {
        "order_id": order_id,
        "line_no": 1,
        "person_id": person_id,
        "ordered_at": at,
        "net_minor": net_minor,
    }
    return row | given


def touch(person_id: int, arm: str, at: datetime, **given: Any) -> dict[str, Any]:
    propensity = {"treatment": 0.5, "holdout": 0.5}.get(arm, 0.25)
    row = {
        "campaign_id": "spring",
        "person_id": person_id,
        "arm": arm,
        "propensity": propensity,
        "decided_at": at,
    }
    return row | given
