"""`aimwell load`: take files in, and show the books."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.intake.mapping.model import DateOrder
from aimwell.intake.model import FileReport, LoadReport
from aimwell.intake.reasons import REASONS
from aimwell.intake.service import Choice, Desk, load_files, read_rates
from aimwell.people.service import link_accounts
from aimwell.shop import Shop

__all__ = ["RATES_FILE", "desk_of", "register"]

RATES_FILE = "rates.csv"

_STATES = {
    "loaded": text("loaded"),
    "repeat": text("loaded before"),
    "ignored": text("not needed"),
    "tried": text("tried only"),
}
_COLUMNS = [
    Column("file", text("File")),
    Column("title", text("Recognised as")),
    Column("state", text("What was done")),
    Column("n_received", text("Received"), "number"),
    Column("n_stored", text("Stored"), "number"),
    Column("n_duplicate", text("Duplicate"), "number"),
    Column("n_quarantined", text("Quarantined"), "number"),
]


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command(
        "load",
        help=text("Load files: orders, lines, products, customers, events. Loading twice is harmless."),
    )(load)


def load(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(help=text("CSV, TSV, JSONL, Parquet or XLSX; plain, gz or zip."))
    ],
    preset: Annotated[
        str | None, typer.Option(help=text("Read the files as this export, whatever their header."))
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help=text("Read the files by this mapping (TOML, see `aimwell inspect`)."))
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help=text("Scope of order and account numbers, such as the shop's platform.")),
    ] = None,
    dates: Annotated[
        str | None, typer.Option(help=text("Order of day and month in dates like 1/2/2024: dmy, mdy or ymd."))
    ] = None,
    rates: Annotated[
        Path | None,
        typer.Option(help=text("Exchange rates (date, currency, rate); rates.csv of the shop if not given.")),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=text("Show the books without writing anything."))
    ] = False,
) -> None:
    face = face_of(ctx)
    choice = Choice(preset=preset, mapping=mapping, source=source, dates=_dates(dates))
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        desk = desk_of(shop, progress=progress, rates=rates)
        report = load_files(files, desk=desk, choice=choice, is_trial=dry_run)
        if not dry_run:
            link_accounts(lake=shop.lake, database=shop.database, vault=shop.vault, now=shop.clock.now())
    _show(report, face)


def desk_of(shop: Shop, *, progress: Progress | None = None, rates: Path | None = None) -> Desk:
    """Return the desk of an open shop; its rates are those given, else those in its folder."""
    path = rates or shop.folder / RATES_FILE
    return Desk(
        lake=shop.lake,
        database=shop.database,
        vault=shop.vault,
        clock=shop.clock,
        scratch=shop.folder / "tmp",
        currency=shop.settings.currency,
        zone=shop.settings.time_zone,
        rates=read_rates(path) if rates or path.exists() else None,
        progress=progress or Silent(),
    )


def _dates(stated: str | None) -> DateOrder | None:
    allowed: dict[str | None, DateOrder | None] = {None: None, "dmy": "dmy", "mdy": "mdy", "ymd": "ymd"}
    if stated not in allowed:
        raise typer.BadParameter("dmy, mdy, ymd", param_hint="--dates")
    return allowed[stated]


def _show(report: LoadReport, face: Face) -> None:
    if face.output == "json":
        face.show_json({"books": report.books, "files": report.files})
        return
    face.show_rows([_row(file, face) for file in report.files], _COLUMNS, title=text("Books of this load"))
    for file in report.files:
        if file.reasons:
            reasons = ", ".join(
                f"{reason} {face.words.number(n)} ({face.words.say(REASONS[reason])})"
                for reason, n in file.reasons.items()
            )
            face.say(
                text("{file}: in quarantine: {reasons}. See: aimwell quarantine list"),
                file=file.file,
                reasons=reasons,
            )
        if file.first_loaded_at is not None:
            face.say(
                text("{file}: the same content was loaded on {day}; nothing was done."),
                file=file.file,
                day=face.words.day(file.first_loaded_at),
            )


def _row(file: FileReport, face: Face) -> dict[str, Any]:
    return {
        "file": file.file,
        "title": file.title or file.mapping,
        "state": face.words.say(_STATES[file.state]) if face.output == "table" else file.state,
        **vars(file.books),
    }
