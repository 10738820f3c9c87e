"""A small table that the storage tests write: spec and literal rows."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.storage.lake.model import TableSpec

SPEC = TableSpec(
    name="parcels",
    schema=ibis.schema(
        {"parcel_id": "string", "person_id": "int64", "sent_at": "timestamp", "superseded_at": "timestamp"}
    ),
    month_of="sent_at",
    cluster_by=("person_id", "sent_at"),
)


def parcels(*rows: tuple[str, int, str]) -> ir.Table:
    """Return (parcel_id, person_id, sent_at) rows as a table."""
    return ibis.memtable(
        [
            {"parcel_id": k, "person_id": p, "sent_at": datetime.fromisoformat(at), "superseded_at": None}
            for k, p, at in rows
        ],
        schema=SPEC.schema,
    )
