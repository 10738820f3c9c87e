"""Contacts and verdicts as Arrow batches, for whole plans."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from aimwell.promote.gate.model import Contact, Verdict

__all__ = ["ANSWERS", "ASKED", "answers", "contacts_in"]

# One row per contact that a plan thinks of. Nullable columns may be missing.
ASKED = pa.schema(
    [
        pa.field("person_id", pa.int64(), nullable=False),
        pa.field("contact_point", pa.string(), nullable=False),
        pa.field("channel", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("purpose", pa.string(), nullable=False),
        pa.field("time_zone", pa.string()),
        pa.field("region", pa.string()),
        pa.field("birth_year", pa.int64()),
        pa.field("others", pa.list_(pa.int64())),
    ]
)

# One row per contact, in the same order. `reasons` are codes joined by commas, "" if it may go.
ANSWERS = pa.schema(
    [
        pa.field("person_id", pa.int64(), nullable=False),
        pa.field("channel", pa.string(), nullable=False),
        pa.field("is_eligible", pa.bool_(), nullable=False),
        pa.field("reasons", pa.string(), nullable=False),
        pa.field("retry_at", pa.timestamp("us")),
    ]
)


def contacts_in(batch: pa.RecordBatch) -> list[Contact]:
    """Return the rows of a batch of `ASKED` as contacts of no campaign yet."""
    return [
        Contact(
            person_id=row["person_id"],
            contact_point=row["contact_point"],
            channel=row["channel"],
            kind=row["kind"],
            purpose=row["purpose"],
            campaign_id="",
            message_id="",
            time_zone=row.get("time_zone"),
            region=row.get("region"),
            birth_year=row.get("birth_year"),
            others=tuple(row.get("others") or ()),
        )
        for row in batch.to_pylist()
    ]


def answers(batch: pa.RecordBatch, verdicts: Sequence[Verdict]) -> pa.RecordBatch:
    """Return the verdicts about a batch of `ASKED` as a batch of `ANSWERS`."""
    columns = [
        batch["person_id"],
        batch["channel"],
        pa.array([verdict.may for verdict in verdicts], pa.bool_()),
        pa.array([",".join(verdict.reasons) for verdict in verdicts], pa.string()),
        pa.array([verdict.retry_at for verdict in verdicts], pa.timestamp("us")),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=ANSWERS)
