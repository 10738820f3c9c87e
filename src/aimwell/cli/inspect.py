"""`aimwell inspect`: what a file is, how it would be read, and a mapping to correct."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from aimwell.base.errors import InvalidInput
from aimwell.base.words import text
from aimwell.cli.face import Face, face_of
from aimwell.cli.load import desk_of
from aimwell.intake.model import Inspection
from aimwell.intake.service import inspect_file

__all__ = ["MappingFileTaken", "register"]


class MappingFileTaken(InvalidInput):
    """A mapping file that would be written over."""

    code = "mapping_file_taken"
    template = text(
        "{path} is there already and may hold corrections; nothing was written. Name another with --to."
    )


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command(
        "inspect", help=text("Show what a file is and how it would be read; draft a mapping for it.")
    )(inspect)


def inspect(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help=text("The file."))],
    to: Annotated[
        Path | None, typer.Option(help=text("Where to write the mapping; FILE.mapping.toml if not given."))
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        found = inspect_file(file, desk=desk_of(shop))
    if face.output == "json":
        face.show_json(found)
    for inspection in found if face.output != "json" else ():
        _show(inspection, face)
    drafts = [inspection for inspection in found if inspection.preset is None]
    if to is not None or drafts:
        _write((drafts or found)[0], to or file.with_name(f"{file.name}.mapping.toml"), face)


def _show(found: Inspection, face: Face) -> None:
    facts = {
        text("Format"): found.kind,
        text("Encoding"): found.encoding or "–",
        text("Delimiter"): repr(found.delimiter) if found.delimiter else "–",
        text("Columns"): ", ".join(found.columns),
        text("Recognised as"): found.title or face.words.say(text("unknown: a mapping is drafted")),
        text("Missing"): ", ".join(found.missing) or "–",
    }
    summary = Table(title=found.file, title_justify="left", show_header=False)
    for name, value in facts.items():
        summary.add_row(face.words.say(name), value)
    face.stdout.print(summary)
    rows = found.rows or found.raw_rows
    names = list(dict.fromkeys(name for row in rows for name in row))
    title = (
        text("The first rows, as they would be understood")
        if found.rows
        else text("The first rows of the file")
    )
    table = Table(title=face.words.say(title), title_justify="left")
    table.add_column(face.words.say(text("Column")))
    # rows stand side by side: files have more columns than a screen has room
    for number in range(1, len(rows) + 1):
        table.add_column(str(number), overflow="fold")
    for name in names:
        table.add_row(name, *[face.read(row.get(name), kind="text") for row in rows])
    face.stdout.print(table)


def _write(found: Inspection, path: Path, face: Face) -> None:
    if path.exists():
        raise MappingFileTaken(path=path)
    path.write_text(found.mapping, "utf-8")
    face.say(
        text("Wrote {path}. Correct it, then: aimwell load {file} --mapping {path}"),
        path=path,
        file=found.file,
    )
