"""`aimwell report`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.moments import day_began
from aimwell.report.model import Written
from aimwell.report.service import report_moment, write_report

__all__ = ["register"]

FILE_NAME = "report.html"


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command(
        "report",
        help=text("Write the report: one HTML file that opens offline and prints well."),
    )(report)


def report(
    ctx: typer.Context,
    out: Annotated[
        Path | None, typer.Option(help=text("File to write; report.html in the shop's folder if not given."))
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help=text(
                "First day that is left out; the day of the newest portraits if not given, else today."
            ),
        ),
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, face.progress() as progress:
        written = write_report(
            lake=shop.lake,
            database=shop.database,
            settings=shop.settings,
            words=face.words,
            as_of=day_began(as_of, shop) if as_of else report_moment(lake=shop.lake, now=shop.clock.now()),
            out=out or shop.folder / FILE_NAME,
            progress=progress,
        )
    _show(written, face)


def _show(written: Written, face: Face) -> None:
    if face.output == "table":
        face.say(
            text("Wrote the report to {path} ({kilobytes} kB). Open it in a browser."),
            path=written.path,
            kilobytes=face.words.number(written.n_bytes / 1000),
        )
        return
    face.show_rows(
        [{"path": str(written.path), "n_bytes": written.n_bytes, "as_of": written.as_of}],
        [
            Column("path", text("File")),
            Column("n_bytes", text("Bytes"), "number"),
            Column("as_of", text("As of"), "day"),
        ],
    )
