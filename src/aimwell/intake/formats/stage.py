"""Open any file as a raw table in the engine: cells as text beside their line number, and the lines that are broken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from aimwell.base.progress import Progress
from aimwell.base.words import text
from aimwell.intake.errors import FileEmpty, NotReadableAs
from aimwell.intake.formats.careful import Read, csv_rows, json_rows, spaced_rows
from aimwell.intake.formats.encoding import Decoding, detect_encoding, text_lines
from aimwell.intake.formats.layout import column_names, text_wire
from aimwell.intake.formats.model import LINE, Broken, Encoding, Plain, RawFile, Wire
from aimwell.intake.formats.sheets import sheet_rows, sheet_wire
from aimwell.storage.engines import CsvNotClean, Engine

__all__ = ["Layout", "layout_of", "raw_file"]

_BATCH_ROWS = 50_000
_PARQUET_MAGIC = b"PAR1"
_WORKBOOK_MAGICS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a file is written, and how its bytes become text; None where it is no text."""

    wire: Wire
    decoding: Decoding | None = None


def layout_of(plain: Plain, *, encoding: Encoding | None = None, delimiter: str | None = None) -> Layout:
    """Return how a file is written; for text, what is stated goes before what its bytes suggest.

    Raises
    ------
    FileEmpty, TooManyColumns, WrongEncoding, NotText, NotReadableAs
    """
    if plain.n_bytes == 0:
        raise FileEmpty(path=plain.name)
    with plain.path.open("rb") as file:
        magic = file.read(4)
    if magic == _PARQUET_MAGIC:
        return Layout(wire=_parquet_wire(plain))
    if magic in _WORKBOOK_MAGICS:
        return Layout(wire=sheet_wire(plain))
    decoding = detect_encoding(plain, stated=encoding)
    return Layout(wire=text_wire(plain, decoding, delimiter=delimiter), decoding=decoding)


@contextmanager
def raw_file(
    plain: Plain, layout: Layout, *, engine: Engine, scratch: Path, progress: Progress
) -> Iterator[RawFile]:
    """Keep a file's rows in the engine until the block ends.

    A clean UTF-8 CSV is read by the engine itself. Everything else, and a CSV in which some line is not one row, is
    read carefully, row by row, into a Parquet file under `scratch`.
    """
    wire = layout.wire
    if wire.kind == "parquet":
        yield RawFile(plain=plain, wire=wire, rows=_parquet_rows(plain, wire, engine=engine), broken=())
        return
    progress.start(text("Reading"), total=max(wire.n_lines - wire.header_lines, 0) or None)
    with ExitStack() as stack:
        rows = _clean_rows(plain, layout, engine=engine, stack=stack)
        broken: tuple[Broken, ...] = ()
        if rows is None:
            path = scratch / f"{plain.sha256[:16]}.parquet"
            stack.callback(path.unlink)
            broken = _written(_reads(plain, layout), wire, path=path, progress=progress)
            schema = ibis.schema({LINE: "int64"} | dict.fromkeys(wire.columns, "string"))
            rows = engine.take_parquet(path, schema=schema)
        progress.done()
        yield RawFile(plain=plain, wire=wire, rows=rows, broken=broken)


def _clean_rows(plain: Plain, layout: Layout, *, engine: Engine, stack: ExitStack) -> ir.Table | None:
    """Let the engine read the file, if every line of it is one row."""
    wire, decoding = layout.wire, layout.decoding
    is_utf8 = decoding is not None and decoding.encoding == "utf-8" and decoding.is_strict
    if wire.kind != "csv" or not is_utf8 or wire.header_lines != 1:
        return None
    try:
        return stack.enter_context(
            engine.stage_csv(
                plain.path,
                columns=wire.columns,
                delimiter=wire.delimiter,
                line_no=LINE,
                n_rows=wire.n_lines - 1,
            )
        )
    except CsvNotClean:
        return None


def _parquet_wire(plain: Plain) -> Wire:
    try:
        names = pq.read_schema(plain.path).names
    except (pa.ArrowInvalid, OSError) as exc:
        raise NotReadableAs(path=plain.name, kind="Parquet", detail=exc) from exc
    return Wire(kind="parquet", columns=column_names(names, file=plain.name), header_lines=0)


def _parquet_rows(plain: Plain, wire: Wire, *, engine: Engine) -> ir.Table:
    """Return the rows with their types; instants become naive UTC, nested values and the like become text."""
    found = engine.numbered_parquet(plain.path, line_no=LINE)
    given = [name for name in found.columns if name != LINE]
    return found.select(
        LINE, **{name: _plain_cell(found[old]) for name, old in zip(wire.columns, given, strict=True)}
    )


def _plain_cell(cell: ir.Value) -> ir.Value:
    dtype = cell.type()
    if dtype.is_timestamp() and dtype.timezone:
        return cell.cast("timestamp('UTC')").cast("timestamp")
    if dtype.is_string() or dtype.is_numeric() or dtype.is_timestamp() or dtype.is_date():
        return cell
    return cell.cast("string")


def _reads(plain: Plain, layout: Layout) -> Iterator[Read]:
    if layout.decoding is None:
        return sheet_rows(plain, layout.wire)
    readers = {"csv": csv_rows, "spaces": spaced_rows, "jsonl": json_rows}
    return readers[layout.wire.kind](text_lines(plain.path, layout.decoding), layout.wire)


def _written(reads: Iterator[Read], wire: Wire, *, path: Path, progress: Progress) -> tuple[Broken, ...]:
    """Write the rows as Parquet and return the broken lines."""
    schema = pa.schema([(LINE, pa.int64()), *((name, pa.string()) for name in wire.columns)])
    broken: list[Broken] = []
    with pq.ParquetWriter(path, schema, compression="snappy") as writer:
        while batch := list(islice(reads, _BATCH_ROWS)):
            rows = [read for read in batch if not isinstance(read, Broken)]
            broken += [read for read in batch if isinstance(read, Broken)]
            columns = list(zip(*(cells for _, cells in rows), strict=True)) or [()] * len(wire.columns)
            arrays = [
                pa.array([line for line, _ in rows], pa.int64()),
                *(pa.array(c, pa.string()) for c in columns),
            ]
            writer.write_table(pa.table(arrays, schema=schema))
            progress.advance(len(batch))
    return tuple(broken)
