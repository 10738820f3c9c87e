"""DuckDB, embedded in this process: the default engine."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from aimwell.storage.engines import LAKE_FILES, QUERY_RESULT, STAGED, plain_timestamps
from aimwell.storage.engines.duckdb_files import numbered_parquet, staged_csv
from aimwell.storage.engines.fractions import DoubleLiterals
from aimwell.storage.engines.memory import memory_bytes
from aimwell.storage.errors import DiskFull, OutOfMemory
from aimwell.storage.stores import filesystem, is_url, store_error

__all__ = ["DuckDBEngine"]

# Sized for scans of a few columns over many people: one row group is one thread's unit of work.
_ROW_GROUP_ROWS = 122_880
# A row in a grouping of a hundred columns: 25 million took less than 8 GB in benchmarks/portraits.py.
_BYTES_OF_ROW = 340


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp"), "timestamp('UTC')"))
def _at_zone(zone, local_at):  # type: ignore[no-untyped-def]  # the signature is above
    """Read naive wall-clock time as an instant."""


@ibis.udf.scalar.builtin(name="timezone", signature=(("string", "timestamp('UTC')"), "timestamp"))
def _in_zone(zone, at):  # type: ignore[no-untyped-def]  # the signature is above
    """Show an instant as naive wall-clock time."""


class _Compiler(DoubleLiterals, DuckDBCompiler):
    pass


class _Backend(Backend):
    compiler = _Compiler()


class DuckDBEngine:
    """Runs expressions in an in-process DuckDB with a memory limit; what does not fit spills to `temp_folder`.

    Extensions are never downloaded: files behind a URL are read and written through fsspec, opened with
    `storage_options`. One engine serves one thread at a time.
    """

    name = "duckdb"

    def __init__(
        self,
        *,
        memory_limit: str,
        temp_folder: Path,
        threads: int | None = None,
        storage_options: Mapping[str, str] | None = None,
    ) -> None:
        self.memory_limit = memory_limit
        self.rows_at_once: int | None = memory_bytes(memory_limit) // _BYTES_OF_ROW
        self.temp_folder = temp_folder
        self._storage_options = storage_options or {}
        self._stores: dict[str, str] = {}  # scheme -> the bucket or name node that was registered for it
        config: dict[str, Any] = {
            "memory_limit": memory_limit,
            "temp_directory": str(temp_folder / "spill"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        if threads is not None:
            config["threads"] = threads
        self.backend: Backend = _Backend().connect(**config)
        self.backend.raw_sql("SET enable_progress_bar = false")  # no option of the connection itself

    def close(self) -> None:
        """Give memory back and delete spilled files."""
        self.backend.disconnect()
        shutil.rmtree(self.temp_folder / "spill", ignore_errors=True)

    @contextmanager
    def translated(self, what: object) -> Iterator[None]:
        """Turn the driver's errors into ours, once; `what` names the work in the message."""
        try:
            yield
        except duckdb.OutOfMemoryException as exc:
            if "No space left" in str(exc) or "max_temp_directory_size" in str(exc):
                raise DiskFull(what=what) from exc
            raise OutOfMemory(limit=self.memory_limit) from exc
        except duckdb.IOException as exc:
            if re.search("No space left|Could not write", str(exc)):
                raise DiskFull(what=what) from exc
            self._raise_of_store(exc)
            raise
        except duckdb.Error as exc:  # what fsspec raised inside DuckDB has no other type
            self._raise_of_store(exc)
            raise

    def _raise_of_store(self, exc: duckdb.Error) -> None:
        for store in self._stores.values():
            problem = store_error(exc, url=store)
            if problem is not None:
                raise problem from exc

    def _reach(self, path: str) -> None:
        """Teach the connection to open the URLs of this store."""
        scheme, _, rest = path.partition("://")
        if is_url(path) and scheme not in self._stores:
            self.backend.con.register_filesystem(filesystem(path, options=self._storage_options))
            self._stores[scheme] = f"{scheme}://{rest.partition('/')[0]}"

    def arrow(self, expr: ir.Table) -> pa.Table:
        """Run and return the rows as one Arrow table; for bounded results."""
        with self.translated(QUERY_RESULT):
            return self.backend.to_pyarrow(expr)

    def rows(self, expr: ir.Table) -> list[dict[str, Any]]:
        """Run and return the rows as plain dictionaries; for small results."""
        return list(self.arrow(expr).to_pylist())

    def batches(self, expr: ir.Table, *, size: int = 100_000) -> Iterator[pa.RecordBatch]:
        """Run and stream the rows, so many at a time; for files of any length."""
        with self.translated(QUERY_RESULT):
            yield from self.backend.to_pyarrow_batches(expr, chunk_size=size)

    def read_parquet(self, paths: Sequence[str], *, schema: ibis.Schema) -> ir.Table:
        """Return the rows of these files as an expression; columns that a file lacks are null."""
        if not paths:
            return ibis.memtable(schema.to_pyarrow().empty_table(), schema=schema)
        self._reach(paths[0])
        with self.translated(LAKE_FILES):
            found = self._files_view(paths, by_name=False)
            if not set(schema).issubset(found.columns):
                found = self._files_view(paths, by_name=True)
        return found.select(
            **{
                name: (found[name] if name in found.columns else ibis.null(dtype)).cast(dtype)
                for name, dtype in schema.items()
            }
        )

    def _files_view(self, paths: Sequence[str], *, by_name: bool) -> ir.Table:
        name = f"files_{uuid.uuid4().hex}"
        files = self.backend.con.read_parquet(list(paths), hive_partitioning=False, union_by_name=by_name)
        files.create_view(name)  # not by Ibis, which fetches DuckDB's own S3 extension for an s3:// path
        return self.backend.table(name)

    def take_parquet(self, path: Path, *, schema: ibis.Schema) -> ir.Table:
        """Return the rows of a Parquet file that this process wrote or was given."""
        return self.read_parquet([str(path)], schema=schema)

    def numbered_parquet(self, path: Path, *, line_no: str) -> ir.Table:
        """Return the rows of a foreign Parquet file, and in the column `line_no` their number from 1."""
        return numbered_parquet(self.backend, path, line_no=line_no)

    @contextmanager
    def stage_csv(
        self, path: Path, *, columns: Sequence[str], delimiter: str, line_no: str, n_rows: int
    ) -> Iterator[ir.Table]:
        """Keep the rows of a clean UTF-8 CSV file, all text, until the block ends; else raise `CsvNotClean`."""
        with (
            self.translated(str(path)),
            staged_csv(
                self.backend, path, columns=columns, delimiter=delimiter, line_no=line_no, n_rows=n_rows
            ) as rows,
        ):
            yield rows

    def write_parquet(
        self, rows: ir.Table, folder: str, *, month_of: str | None, cluster_by: Sequence[str]
    ) -> list[str]:
        """Write rows as files somewhere under `folder`, each sorted; return their paths or URLs.

        A global sort of everything would spill; so rows are first dealt out by month, then sorted month by month.
        """
        self._reach(folder)
        if month_of is None:
            return [self._write_sorted(rows, folder, cluster_by=cluster_by)]
        dealt = self.temp_folder / f"deal-{uuid.uuid4().hex}"
        dealt.mkdir(parents=True)
        try:
            by_month = rows.mutate(month=rows[month_of].strftime("%Y-%m"))
            with self.translated(folder):
                self.backend.to_parquet(by_month, dealt, partition_by="month", compression="snappy")
            written = []
            for month in sorted(dealt.iterdir()):
                part = self.read_parquet([str(f) for f in sorted(month.iterdir())], schema=rows.schema())
                written.append(self._write_sorted(part, f"{folder}/{month.name}", cluster_by=cluster_by))
                shutil.rmtree(month)
            return written
        finally:
            shutil.rmtree(dealt, ignore_errors=True)

    def _write_sorted(self, rows: ir.Table, folder: str, *, cluster_by: Sequence[str]) -> str:
        path = f"{folder}/part-{uuid.uuid4().hex}.parquet"
        if not is_url(folder):
            Path(folder).mkdir(parents=True, exist_ok=True)
        ordered = rows.order_by(list(cluster_by)) if cluster_by else rows
        with self.translated(path):
            self.backend.to_parquet(ordered, path, compression="zstd", row_group_size=_ROW_GROUP_ROWS)
        return path

    def together(self, rows: ir.Table, *, by: str) -> ir.Table:  # noqa: ARG002  # one machine: nothing moves
        """Return the rows as they are."""
        return rows

    @contextmanager
    def stage(self, expr: ir.Table) -> Iterator[ir.Table]:
        """Run once and keep the rows until the block ends, so that several readers share one pass."""
        name = f"stage_{uuid.uuid4().hex}"
        with self.translated(STAGED):
            staged = self.backend.create_table(name, expr, temp=True)
        try:
            yield staged.cast(plain_timestamps(staged.schema()))
        finally:
            self.backend.drop_table(name, force=True)

    def to_utc(self, local_at: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        """Turn wall-clock time of an IANA zone into UTC; both naive. A time in a DST gap moves forward with the clock."""
        return _in_zone("UTC", _at_zone(zone, local_at))

    def to_local(self, at: ir.TimestampValue, zone: str) -> ir.TimestampValue:
        """Turn UTC into wall-clock time of an IANA zone; both naive."""
        return _in_zone(zone, _at_zone("UTC", at))
