"""Spark: the engine of a cluster. Executors read and write the files; this process sees bounded results only."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.formats.pyarrow import PyArrowData
from pyspark.sql import DataFrame, SparkSession

from aimwell.storage.engines import QUERY_RESULT, Engine, plain_timestamps
from aimwell.storage.engines.spark_dialect import SparkBackend, counted, spark_schema
from aimwell.storage.engines.spark_failures import translated
from aimwell.storage.errors import PathNotShared
from aimwell.storage.places import place_at

__all__ = ["SparkEngine"]

_GLOB = re.compile(r"([\[\]{}*?\\])")  # what Hadoop would take for a pattern
_LATER_HOURS = 3  # no clock was ever set back by more


@ibis.udf.scalar.builtin(name="convert_timezone", signature=(("string", "string", "timestamp"), "timestamp"))
def _between_zones(old_zone, new_zone, at):  # type: ignore[no-untyped-def]  # the signature is above
    """Turn naive wall-clock time of one zone into that of another."""


class SparkEngine:
    """Runs expressions on a Spark cluster; results that Python sees are bounded, files are written by the executors.

    Intermediate tables are Parquet files under `scratch`, not cached blocks: a lost executor loses none of them.

    Parameters
    ----------
    session
        Where to run (`spark_session.spark_session`); it stays its opener's.
    scratch
        Folder for intermediate files; a path or URL that this process and all executors see alike.
    door
        Opens files from outside, in this process.
    storage_options
        How to reach the store of `scratch` and the lake, as for `places.place_at`.

    Attributes
    ----------
    collected_bytes
        Bytes of results that came into this process at once so far, as Arrow in memory.
    """

    name = "spark"
    rows_at_once: int | None = None  # executors share them, and each spills what it cannot hold

    def __init__(
        self,
        session: SparkSession,
        *,
        scratch: str,
        door: Engine,
        storage_options: Mapping[str, str] | None = None,
    ) -> None:
        self.collected_bytes = 0
        self.session = session
        self.backend = SparkBackend()
        self.backend.do_connect(session)
        self._door = door
        self._options = storage_options
        self._scratch = place_at(f"{scratch}/spark-{uuid.uuid4().hex}", options=storage_options)

    def close(self) -> None:
        """Delete intermediate files."""
        self._scratch.delete(self._scratch.url)

    # -- results ------------------------------------------------------------------------------------------------

    def arrow(self, expr: ir.Table) -> pa.Table:
        """Run and return the rows as one Arrow table; for bounded results."""
        with translated(QUERY_RESULT):
            rows = PyArrowData.convert_table(self.backend.frame(expr).toArrow(), expr.schema())
        self.collected_bytes += rows.nbytes
        return rows

    def rows(self, expr: ir.Table) -> list[dict[str, Any]]:
        """Run and return the rows as plain dictionaries; for small results."""
        return list(self.arrow(expr).to_pylist())

    def batches(self, expr: ir.Table, *, size: int = 100_000) -> Iterator[pa.RecordBatch]:
        """Run and stream the rows, so many at a time; for files of any length."""
        folder = self._new_folder("stream")
        try:
            for path in self._written(self.backend.frame(expr), folder):
                with self._scratch.open(path) as handle, pq.ParquetFile(handle) as file:
                    for batch in file.iter_batches(batch_size=size):
                        rows = PyArrowData.convert_table(pa.Table.from_batches([batch]), expr.schema())
                        yield from rows.to_batches()
        finally:
            self._scratch.delete(folder)

    # -- files --------------------------------------------------------------------------------------------------

    def read_parquet(self, paths: Sequence[str], *, schema: ibis.Schema) -> ir.Table:
        """Return the rows of these files as an expression; columns that a file lacks are null."""
        if not paths:
            return ibis.memtable(schema.to_pyarrow().empty_table(), schema=schema)
        reader = self.session.read.schema(spark_schema(schema)).option("recursiveFileLookup", value=True)
        with translated(_place_of(paths)):
            files = reader.parquet(*(_GLOB.sub(r"\\\1", _hadoop(path)) for path in paths))
            return self._viewed(files, schema)

    def take_parquet(self, path: Path, *, schema: ibis.Schema) -> ir.Table:
        """Return the rows of a Parquet file that this process wrote or was given; workers need not see the file."""
        return self._carried(self._door.take_parquet(path, schema=schema))

    def numbered_parquet(self, path: Path, *, line_no: str) -> ir.Table:
        """Return the rows of a foreign Parquet file, and in the column `line_no` their number from 1."""
        return self._carried(self._door.numbered_parquet(path, line_no=line_no))

    @contextmanager
    def stage_csv(
        self, path: Path, *, columns: Sequence[str], delimiter: str, line_no: str, n_rows: int
    ) -> Iterator[ir.Table]:
        """Keep the rows of a clean UTF-8 CSV file, all text, until the block ends; else raise `CsvNotClean`."""
        with self._door.stage_csv(
            path, columns=columns, delimiter=delimiter, line_no=line_no, n_rows=n_rows
        ) as rows:
            yield self._carried(rows)

    def write_parquet(
        self, rows: ir.Table, folder: str, *, month_of: str | None, cluster_by: Sequence[str]
    ) -> list[str]:
        """Write rows as files somewhere under `folder`, each sorted; return their paths or URLs.

        If `month_of` is given, a file holds rows of one month and lies in a folder `month=YYYY-MM`. Rows are dealt to
        tasks by ranges of month and cluster key, found from a sample: a month of many rows, or a person, is shared
        among tasks.
        """
        keys = list(cluster_by)
        if keys and not isinstance(rows.op(), ops.PhysicalTable):
            with self.stage(rows) as kept:  # the sample of ranges would work everything out a second time
                return self.write_parquet(kept, folder, month_of=month_of, cluster_by=cluster_by)
        frame = self.backend.frame(rows)
        if month_of is not None:
            frame = frame.selectExpr("*", f"date_format(`{month_of}`, 'yyyy-MM') AS month")
            keys = ["month", *keys]
        # Without a key, "rebalance": else each small file that is read becomes one that is written.
        dealt = (
            frame.repartitionByRange(*keys).sortWithinPartitions(*keys) if keys else frame.hint("rebalance")
        )
        return self._written(dealt, f"{folder}/write-{uuid.uuid4().hex}", by_month=month_of is not None)

    def together(self, rows: ir.Table, *, by: str) -> ir.Table:
        """Return the rows dealt to tasks by a hash of this column, once: Spark then groups by it, and joins, in place."""
        return self._viewed(self.backend.frame(rows).repartition(by), rows.schema())

    @contextmanager
    def stage(self, expr: ir.Table) -> Iterator[ir.Table]:
        """Run once and keep the rows until the block ends, so that several readers share one pass."""
        folder = self._new_folder("stage")
        try:
            paths = self._written(self.backend.frame(expr), folder)
            yield self.read_parquet(paths, schema=plain_timestamps(expr.schema()))
        finally:
            self._scratch.delete(folder)

    # -- time ---------------------------------------------------------------------------------------------------

    def to_utc(self, local_at: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        """Turn wall-clock time of an IANA zone into UTC; both naive.

        A time in a DST gap moves forward with the clock; of a time that comes twice, the second is meant.
        """
        later = ibis.interval(hours=_LATER_HOURS)
        second = _between_zones(zone, "UTC", local_at + later) - later
        first = _between_zones(zone, "UTC", local_at)
        return ibis.ifelse(_between_zones("UTC", zone, second) == local_at, second, first)

    def to_local(self, at: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        """Turn UTC into wall-clock time of an IANA zone; both naive."""
        return _between_zones("UTC", zone, at)

    # -- inside -------------------------------------------------------------------------------------------------

    def _viewed(self, frame: DataFrame, schema: ibis.Schema) -> ir.Table:
        """Return a frame as an expression: under a name that nothing else has."""
        name = f"frame_{uuid.uuid4().hex}"
        frame.createOrReplaceTempView(name)
        return ops.DatabaseTable(name=name, schema=schema, source=self.backend).to_expr()

    def _new_folder(self, what: str) -> str:
        return f"{self._scratch.url}/{what}-{uuid.uuid4().hex}"

    def _carried(self, rows: ir.Table) -> ir.Table:
        """Carry rows of the engine at the door over to where the executors see them."""
        paths = self._door.write_parquet(rows, self._new_folder("carried"), month_of=None, cluster_by=())
        return self.read_parquet(paths, schema=plain_timestamps(rows.schema()))

    def _written(self, frame: DataFrame, folder: str, *, by_month: bool = False) -> list[str]:
        """Let the executors write `folder`; return its files in the order of the rows.

        Raises
        ------
        PathNotShared
            If not all of their rows can be seen from here.
        """
        frame, seen = counted(frame)
        with translated(folder):
            (frame.write.partitionBy("month") if by_month else frame.write).parquet(_hadoop(folder))
            n_rows = seen.get["n_rows"]
        place = place_at(folder, options=self._options)
        files = place.files(folder)
        for path in files:
            if path.endswith(".crc"):  # a checksum, which Hadoop puts beside a local file; nobody reads it
                place.delete(path)
        paths = [path for path in files if path.endswith(".parquet")]
        found = sum(facts.n_rows for facts in place.described(paths))
        if found != n_rows:
            raise PathNotShared(path=folder, detail=f"{found} of {n_rows} rows")
        return paths


def _hadoop(path: str) -> str:
    """Return a path as Hadoop's file systems name it."""
    if path.startswith("s3://"):
        return "s3a" + path.removeprefix("s3")
    return path if "://" in path else f"file://{path}"


def _place_of(paths: Sequence[str]) -> str:
    return paths[0].rpartition("/")[0]
