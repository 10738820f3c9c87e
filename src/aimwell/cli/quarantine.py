"""`aimwell quarantine list | show | replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, face_of
from aimwell.cli.load import desk_of
from aimwell.intake.reasons import REASONS
from aimwell.intake.service import quarantine_list, quarantine_replay, quarantine_show

__all__ = ["register"]

_Source = Annotated[str | None, typer.Option(help=text("Only rows of this source."))]
_Reason = Annotated[str | None, typer.Option(help=text("Only rows held for this reason, such as no_rate."))]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    quarantine = typer.Typer(
        help=text("Rows that could not be stored: what waits, why, and trying it again."),
        no_args_is_help=True,
    )
    quarantine.command("list", help=text("Count the waiting rows by file and reason."))(list_)
    quarantine.command("show", help=text("Show waiting rows as they stood in their file."))(show)
    quarantine.command("replay", help=text("Try waiting rows again, after a rate or an order was added."))(
        replay
    )
    app.add_typer(quarantine, name="quarantine")


def list_(ctx: typer.Context, source: _Source = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        found = quarantine_list(database=shop.database, source=source)
    rows = [row | {"meaning": face.words.say(REASONS[row["reason"]])} for row in found]
    face.show_rows(
        rows,
        [
            Column("source", text("Source")),
            Column("file_name", text("File")),
            Column("reason", text("Reason")),
            Column("detail", text("Column")),
            Column("n_rows", text("Rows"), "number"),
            Column("first_line_no", text("First line"), "number"),
            Column("meaning", text("What it means")),
        ],
    )


def show(
    ctx: typer.Context,
    number: Annotated[int | None, typer.Argument(help=text("Number of one row."))] = None,
    reason: _Reason = None,
    limit: Annotated[int, typer.Option(min=1, help=text("So many rows at most."))] = 20,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        found = quarantine_show(
            database=shop.database, vault=shop.vault, quarantine_id=number, reason=reason, limit=limit
        )
    rows = [
        vars(row)
        | {"original": row.text or "; ".join(f"{k}={v}" for k, v in row.cells.items() if v is not None)}
        for row in found
    ]
    face.show_rows(
        rows,
        [
            Column("quarantine_id", text("Number")),
            Column("file", text("File")),
            Column("line_no", text("Line"), "number"),
            Column("reason", text("Reason")),
            Column("detail", text("Column")),
            Column("original", text("Original")),
        ],
    )


def replay(
    ctx: typer.Context,
    source: _Source = None,
    reason: _Reason = None,
    rates: Annotated[
        Path | None,
        typer.Option(help=text("Exchange rates (date, currency, rate); rates.csv of the shop if not given.")),
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        result = quarantine_replay(
            desk=desk_of(shop, progress=progress, rates=rates), source=source, reason=reason
        )
    face.show_rows(
        [vars(result)],
        [
            Column("n_tried", text("Tried"), "number"),
            Column("n_stored", text("Stored"), "number"),
            Column("n_duplicate", text("Duplicate"), "number"),
            Column("n_still_quarantined", text("Still waiting"), "number"),
            Column("n_broken", text("Broken lines"), "number"),
        ],
    )
