"""Picking people: segments counted, listed and written to files."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import ibis.expr.types as ir
import pyarrow.parquet as pq

from aimwell.people.service import read_facts
from aimwell.portraits.model import Beside, TraitBook
from aimwell.portraits.segments import (
    BUILT_IN_SEGMENTS,
    Segment,
    SegmentBook,
    members,
    membership,
    read_segments,
    traits_of,
)
from aimwell.portraits.service.snapshots import laid_beside, snapshot_at
from aimwell.storage.lake.lake import Lake

__all__ = [
    "segment_count",
    "segment_export",
    "segment_list",
    "segment_members",
    "shop_segments",
    "write_people",
]

ExportFormat = Literal["csv", "jsonl", "parquet"]


def shop_segments(*, folder: Path, book: TraitBook) -> SegmentBook:
    """Return the built-in segments and the shop's own from `segments.toml` in its folder."""
    return BUILT_IN_SEGMENTS.extended(read_segments(folder / "segments.toml", book=book))


def segment_members(
    *,
    lake: Lake,
    segment: Segment,
    as_of: datetime | None = None,
    columns: Sequence[str] = (),
    beside: Beside | None = None,
) -> ir.Table:
    """Return the portraits of a segment's people in a snapshot (None: the newest): one row per person.

    Parameters
    ----------
    lake
        The shop's lake.
    segment
        Who.
    as_of
        Moment of the snapshot.
    columns
        Traits that must be there besides those of the snapshot.
    beside
        Lays traits of other wings beside the snapshot.

    Raises
    ------
    NoPortraits, SnapshotUnknown
        If the snapshot was never built.
    TraitNotThere
        If the rule or `columns` need a trait that is nowhere.
    """
    snapshot = snapshot_at(lake=lake, as_of=as_of)
    facts = read_facts(lake=lake, known_at=snapshot.known_at)
    needed = traits_of([segment]) | set(columns)
    portraits = laid_beside(lake.table(snapshot.table_name), snapshot, needed=needed, beside=beside)
    return members(portraits, facts, segment.rule, as_of=snapshot.as_of)


def segment_count(
    *, lake: Lake, segment: Segment, as_of: datetime | None = None, beside: Beside | None = None
) -> int:
    """Return how many people are in a segment."""
    found = segment_members(lake=lake, segment=segment, as_of=as_of, beside=beside)
    return int(lake.engine.rows(found.agg(n=found.count()))[0]["n"])


def segment_list(
    *, lake: Lake, book: SegmentBook, as_of: datetime | None = None, beside: Beside | None = None
) -> list[dict[str, Any]]:
    """Return every segment with its size: name, meaning, n_people, share (0..1); one pass over the people."""
    snapshot = snapshot_at(lake=lake, as_of=as_of)
    facts = read_facts(lake=lake, known_at=snapshot.known_at)
    segments = tuple(book)
    rows = lake.table(snapshot.table_name)
    portraits = laid_beside(rows, snapshot, needed=traits_of(segments), beside=beside)
    who = membership(portraits, facts, segments, as_of=snapshot.as_of)
    counts = lake.engine.rows(who.agg(**{one.name: who.count(where=who[one.name]) for one in segments}))[0]
    return [
        {
            "name": one.name,
            "meaning": one.meaning,
            "n_people": counts[one.name],
            "share": counts[one.name] / snapshot.n_people if snapshot.n_people else 0.0,
        }
        for one in segments
    ]


def segment_export(
    *,
    lake: Lake,
    segment: Segment,
    path: Path,
    file_format: ExportFormat = "csv",
    columns: Sequence[str] = (),
    as_of: datetime | None = None,
    beside: Beside | None = None,
) -> int:
    """Write a segment's people to a file, in order of their id; returns how many.

    Parameters
    ----------
    lake
        The shop's lake.
    segment
        Who.
    path
        File to write; it appears whole or not at all.
    file_format
        csv, jsonl or parquet; lists become JSON in csv.
    columns
        Traits to write beside person_id; none: all.
    as_of
        Moment of the snapshot; None: the newest.
    beside
        Lays traits of other wings beside the snapshot.
    """
    found = segment_members(lake=lake, segment=segment, as_of=as_of, columns=columns, beside=beside)
    wanted = found.select("person_id", *[c for c in columns if c != "person_id"]) if columns else found
    return write_people(wanted.order_by("person_id"), path, lake=lake, file_format=file_format)


def write_people(rows: ir.Table, path: Path, *, lake: Lake, file_format: ExportFormat) -> int:
    """Write rows, one per person, to a file that appears whole or not at all; returns how many."""
    unfinished = path.with_name(path.name + ".part")
    n_people = _written(lake, rows, unfinished, file_format=file_format)
    unfinished.replace(path)
    return n_people


def _written(lake: Lake, rows: ir.Table, path: Path, *, file_format: ExportFormat) -> int:
    n_rows = 0
    batches = lake.engine.batches(rows, size=50_000)
    if file_format == "parquet":
        with pq.ParquetWriter(path, rows.schema().to_pyarrow()) as file:
            for batch in batches:
                file.write_batch(batch.cast(rows.schema().to_pyarrow()))
                n_rows += batch.num_rows
        return n_rows
    with path.open("w", encoding="utf-8", newline="") as text_file:
        table = csv.writer(text_file)
        if file_format == "csv":
            table.writerow(rows.columns)
        for batch in batches:
            n_rows += batch.num_rows
            for row in batch.to_pylist():
                if file_format == "csv":
                    table.writerow([_cell(value) for value in row.values()])
                else:
                    text_file.write(json.dumps(row, default=str, ensure_ascii=False) + "\n")
    return n_rows


def _cell(value: Any) -> Any:
    """Return a value for a CSV cell; text that a spreadsheet would run as a formula gets a quote in front."""
    if isinstance(value, list):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value
