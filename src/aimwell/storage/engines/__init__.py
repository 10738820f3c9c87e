"""Engines run expressions. DuckDB is built in; every engine offers the same few verbs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from aimwell.base.words import Sentence, text

__all__ = ["LAKE_FILES", "QUERY_RESULT", "STAGED", "CsvNotClean", "Engine", "plain_timestamps"]

# What an engine was at when it failed.
QUERY_RESULT = Sentence(text("a query result"))
STAGED = Sentence(text("an intermediate result"))
LAKE_FILES = Sentence(text("the files of the lake"))


class CsvNotClean(Exception):
    """A CSV file is not one row per line under its header; a careful reader must take it."""


def plain_timestamps(schema: ibis.Schema) -> ibis.Schema:
    """Return the schema with every naive timestamp as plain `timestamp`.

    Engines and files report a scale (`timestamp(6)`), and Ibis refuses to union columns that differ in it only.
    """
    return ibis.schema(
        {n: "timestamp" if t.is_timestamp() and not t.timezone else t for n, t in schema.items()}
    )


class Engine(Protocol):
    """Runs Ibis expressions; Python sees bounded results only.

    Attributes
    ----------
    name
        As the setting names it.
    rows_at_once
        How many rows one wide grouping should read; of more, it is better done part by part. None: any number.
    """

    name: str
    rows_at_once: int | None

    def arrow(self, expr: ir.Table) -> pa.Table:
        """Run and return the rows as one Arrow table; for bounded results."""
        ...

    def rows(self, expr: ir.Table) -> list[dict[str, Any]]:
        """Run and return the rows as plain dictionaries; for small results."""
        ...

    def batches(self, expr: ir.Table, *, size: int = 100_000) -> Iterator[pa.RecordBatch]:
        """Run and stream the rows, so many at a time; for files of any length."""
        ...

    def read_parquet(self, paths: Sequence[str], *, schema: ibis.Schema) -> ir.Table:
        """Return the rows of these files as an expression; columns that a file lacks are null."""
        ...

    def take_parquet(self, path: Path, *, schema: ibis.Schema) -> ir.Table:
        """Return the rows of a Parquet file that this process wrote or was given; workers need not see the file."""
        ...

    def numbered_parquet(self, path: Path, *, line_no: str) -> ir.Table:
        """Return the rows of a foreign Parquet file, and in the column `line_no` their number from 1."""
        ...

    def stage_csv(
        self, path: Path, *, columns: Sequence[str], delimiter: str, line_no: str, n_rows: int
    ) -> AbstractContextManager[ir.Table]:
        """Keep the rows of a clean UTF-8 CSV file, all text, until the block ends; else raise `CsvNotClean`."""
        ...

    def write_parquet(
        self, rows: ir.Table, folder: str, *, month_of: str | None, cluster_by: Sequence[str]
    ) -> list[str]:
        """Write rows as files somewhere under `folder`, each sorted; return their paths or URLs.

        If `month_of` is given, a file holds rows of one month and lies in a folder `month=YYYY-MM`.
        """
        ...

    def together(self, rows: ir.Table, *, by: str) -> ir.Table:
        """Return the rows such that what is grouped or joined by this column, and by others beside it, moves only once."""
        ...

    def stage(self, expr: ir.Table) -> AbstractContextManager[ir.Table]:
        """Run once and keep the rows until the block ends, so that several readers share one pass."""
        ...

    def to_utc(self, local_at: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        """Turn wall-clock time of an IANA zone into UTC; both naive."""
        ...

    def to_local(self, at: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        """Turn UTC into wall-clock time of an IANA zone; both naive."""
        ...
