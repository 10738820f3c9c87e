"""`aimwell init` and `aimwell status`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, face_of
from aimwell.shop import init_shop

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    app.command("init", help=text("Make a shop: a folder with its settings, tables, database and keys."))(
        init
    )
    app.command("status", help=text("Show what the shop holds: tables, rows, versions."))(status)


def init(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help=text("Empty or new folder."))],
    name: Annotated[str | None, typer.Option(help=text("The shop's name, as it stands on reports."))] = None,
    currency: Annotated[str | None, typer.Option(help=text("Currency of all amounts, ISO 4217."))] = None,
    time_zone: Annotated[str | None, typer.Option(help=text("The shop's own time zone, IANA name."))] = None,
    country: Annotated[
        str | None, typer.Option(help=text("Country of phone numbers without a prefix, ISO 3166."))
    ] = None,
) -> None:
    face = face_of(ctx)
    chosen = {"language": face.words.language, **face.flags}
    init_shop(folder, name=name, currency=currency, time_zone=time_zone, country=country, **chosen)
    face.say(
        text(
            "Made the shop {folder}. Keep a copy of {keys} in another place. Next: aimwell load FILE --shop {folder}"
        ),
        folder=folder,
        keys=folder / "keys",
    )


def status(ctx: typer.Context) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        rows = [
            {
                "table": name,
                "n_rows": shop.engine.rows(shop.lake.table(name).count().name("n").as_table())[0]["n"],
                "version": shop.lake.version(name),
            }
            for name in shop.lake.names()
        ]
    face.show_rows(
        rows,
        [
            Column("table", text("Table")),
            Column("n_rows", text("Rows"), "number"),
            Column("version", text("Version"), "number"),
        ],
    )
