"""`aimwell traits`."""

from __future__ import annotations

from typing import Annotated

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, face_of
from aimwell.portraits.model import GROUPS, UNITS
from aimwell.portraits.service import trait_dictionary
from aimwell.predict.traits import known_traits

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("traits", help=text("The dictionary of traits: meaning, unit, sources; the shop's own too."))(
        traits
    )


def traits(
    ctx: typer.Context,
    group: Annotated[
        str | None, typer.Option(help=text("Only this chapter, such as rhythm or tastes."))
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        book = known_traits(shop.folder)
    rows = [row for row in trait_dictionary(book=book) if group in (None, row["group"])]
    if face.output == "table":
        rows = [
            row
            | {
                "group": face.words.say(GROUPS[row["group"]]),  # type: ignore[index]  # made from these keys
                "unit": face.words.say(UNITS[row["unit"]]),  # type: ignore[index]
                "meaning": face.words.say(row["meaning"]),
            }
            for row in rows
        ]
    face.show_rows(
        rows,
        [
            Column("name", text("Trait")),
            Column("group", text("Group")),
            Column("meaning", text("Meaning")),
            Column("type", text("Type")),
            Column("unit", text("Unit")),
            Column("grain", text("Grain")),
            Column("sources", text("Made from")),
        ],
    )
