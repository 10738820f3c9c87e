"""`aimwell inspect`: what a file is, how it would be read, and a mapping to correct."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import ibis.expr.types as ir

from aimwell.base.progress import Silent
from aimwell.intake.errors import AmbiguousDates
from aimwell.intake.formats.model import LINE, Plain, RawFile
from aimwell.intake.formats.stage import layout_of, raw_file
from aimwell.intake.formats.unpack import unpacked
from aimwell.intake.mapping.draft import draft
from aimwell.intake.mapping.model import Mapping
from aimwell.intake.mapping.presets import bound, preset_text, read_mapping, recognised
from aimwell.intake.model import Inspection
from aimwell.intake.service.desk import Desk, scratch_folder
from aimwell.intake.service.take import Job, cells_of

__all__ = ["inspect_file"]

_SAMPLE_ROWS = 2_000
_SHOWN_ROWS = 5
_HIDDEN = "(vault)"


def inspect_file(path: Path, *, desk: Desk, n_rows: int = _SHOWN_ROWS) -> list[Inspection]:
    """Return how a file, or each file of an archive, would be read; nothing is written.

    Identifiers are not shown: each stands as `(vault)`.

    Parameters
    ----------
    path
        The file.
    desk
        The shop.
    n_rows
        So many rows are shown.

    Raises
    ------
    FileMissing, FileNotReadable, PackedFileBroken, FileEmpty, HeaderOnly, TooManyColumns, WrongEncoding, NotText,
    NotReadableAs
    """
    with scratch_folder(desk.scratch) as scratch:
        return [
            _inspected(plain, desk=desk, scratch=scratch, n_rows=n_rows)
            for plain in unpacked(path, scratch=scratch)
        ]


def _inspected(plain: Plain, *, desk: Desk, scratch: Path, n_rows: int) -> Inspection:
    layout = layout_of(plain)
    wire = layout.wire
    known = recognised(wire)
    with raw_file(plain, layout, engine=desk.engine, scratch=scratch, progress=Silent()) as raw:
        first = desk.engine.rows(raw.rows.order_by(LINE).limit(_SAMPLE_ROWS))
        samples = [{n: None if row[n] is None else str(row[n]) for n in wire.columns} for row in first]
        toml, missing, mapping = _mapping(known, plain, raw, samples)
        rows, problems = _shown(raw, mapping, desk=desk, scratch=scratch, n_rows=n_rows)
    return Inspection(
        file=plain.name,
        kind=wire.kind,
        encoding=wire.encoding,
        delimiter=wire.delimiter,
        columns=wire.columns,
        preset=known.name if known else None,
        title=known.title if known else "",
        mapping=toml,
        missing=(*missing, *problems),
        rows=tuple(rows),
        raw_rows=tuple(samples[:n_rows]),
    )


def _mapping(
    known: Mapping | None, plain: Plain, raw: RawFile, samples: list[dict[str, str | None]]
) -> tuple[str, tuple[str, ...], Mapping | None]:
    if known is not None:
        return preset_text(known.name), (), bound(known, raw.wire, path=plain.name)
    drafted = draft(raw.wire.columns, samples)
    if drafted.missing:
        return drafted.toml, drafted.missing, None
    return drafted.toml, (), bound(read_mapping(drafted.toml, name="draft"), raw.wire, path=plain.name)


def _shown(
    raw: RawFile, mapping: Mapping | None, *, desk: Desk, scratch: Path, n_rows: int
) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Return the first rows as they would be understood, and what keeps them from it."""
    if mapping is None or mapping.grain == "ignored":
        return [], ()
    with ExitStack() as stack:
        job = Job(raw=raw, mapping=mapping, source=mapping.source, sha256=raw.plain.sha256, scratch=scratch)
        try:
            cells = cells_of(job, desk=desk, stack=stack)
        except AmbiguousDates:
            return [], ("reading.dates",)
        rows = desk.engine.rows(_readable(cells).order_by(LINE).limit(n_rows))
    return [{name: value for name, value in row.items() if value is not None} for row in rows], ()


def _readable(cells: ir.Table) -> ir.Table:
    hidden = [name for name in cells.columns if name == "account_key" or name.startswith("id_")]
    shown = cells.mutate(**{name: cells[name].notnull().ifelse(_HIDDEN, None) for name in hidden})
    technical = {"account_key_kind", "is_repeat"} & set(cells.columns)
    return shown.drop(*technical).rename(
        {name.removeprefix("id_"): name for name in hidden if name.startswith("id_")}
    )
