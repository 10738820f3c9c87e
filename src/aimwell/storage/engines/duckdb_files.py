"""How DuckDB reads files that come from outside: clean CSV at full speed, and Parquet with its row numbers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from aimwell.storage.engines import CsvNotClean, plain_timestamps

__all__ = ["numbered_parquet", "staged_csv"]

_ROW = "file_row_number"


@contextmanager
def staged_csv(
    backend: Backend, path: Path, *, columns: Sequence[str], delimiter: str, line_no: str, n_rows: int
) -> Iterator[ir.Table]:
    """Keep the rows of a UTF-8 CSV file, all cells text (empty: null), beside their line number, until the block ends.

    Parameters
    ----------
    backend
        The connection.
    path
        A file whose first line is its header.
    columns
        What to call its columns.
    delimiter
        Between its cells.
    line_no
        Name of the column for line numbers; the first row is on line 2.
    n_rows
        Rows it must have if every line is one row.

    Raises
    ------
    CsvNotClean
        If it has any other number of rows, or a row that does not fit.
    """
    name = f"csv_{uuid.uuid4().hex}"
    try:
        found = backend.read_csv(
            path,
            table_name=f"{name}_file",
            header=True,
            auto_detect=False,
            columns={f"c{i}": "VARCHAR" for i in range(len(columns))},
            delim=delimiter,
            quote='"',
            escape='"',
            nullstr="",
            encoding="utf-8",
            strict_mode=True,
        )
        backend.create_table(name, found, temp=True)
    except (duckdb.InvalidInputException, duckdb.ConversionException) as exc:
        raise CsvNotClean from exc
    finally:
        backend.drop_view(f"{name}_file", force=True)
    try:
        rows = backend.table(name)
        if backend.execute(rows.count()) != n_rows:
            raise CsvNotClean
        cells = {column: rows[f"c{i}"] for i, column in enumerate(columns)}
        yield rows.select(**{line_no: rows.rowid() + 2}, **cells)
    finally:
        backend.drop_table(name, force=True)


def numbered_parquet(backend: Backend, path: Path, *, line_no: str) -> ir.Table:
    """Return the rows of a Parquet file with their number in the file, from 1.

    Raises
    ------
    duckdb.InvalidInputException
        If it is no Parquet file.
    """
    found = backend.read_parquet([str(path)], file_row_number=True)
    numbered = found.mutate(**{line_no: found[_ROW] + 1}).drop(_ROW)
    return numbered.cast(plain_timestamps(numbered.schema()))
