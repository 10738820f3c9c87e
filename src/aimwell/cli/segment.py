"""`aimwell segment list | count | export | lookalikes`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import ibis
import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, face_of
from aimwell.cli.moments import day_began
from aimwell.people.objections import objectors
from aimwell.portraits.segments import SegmentBook
from aimwell.portraits.service import (
    segment_count,
    segment_export,
    segment_list,
    segment_members,
    shop_segments,
    snapshot_at,
)
from aimwell.portraits.service.picking import ExportFormat, write_people
from aimwell.predict.affinity.service.lookalikes import lookalikes
from aimwell.predict.traits import beside_portraits, known_traits
from aimwell.shop import Shop

__all__ = ["register"]

_Name = Annotated[str, typer.Argument(help=text("Name of a segment, as `aimwell segment list` shows it."))]
_Day = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help=text("Day of the snapshot; the newest if not given.")),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    segment = typer.Typer(
        help=text("Groups of customers by rules: built-in ones and those of segments.toml."),
        no_args_is_help=True,
    )
    segment.command("list", help=text("List all segments with their sizes."))(list_)
    segment.command("count", help=text("Count the people in a segment."))(count)
    segment.command("export", help=text("Write a segment's people with their traits to a file."))(export)
    segment.command(
        "lookalikes", help=text("Write the people most like a segment's, who are not in it, to a file.")
    )(lookalikes_)
    app.add_typer(segment, name="segment")


def list_(ctx: typer.Context, as_of: _Day = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        rows = segment_list(
            lake=shop.lake,
            book=_book(shop),
            as_of=day_began(as_of, shop) if as_of else None,
            beside=beside_portraits(shop.lake),
        )
    face.show_rows(
        [row | {"meaning": face.words.say(row["meaning"])} for row in rows],
        [
            Column("name", text("Segment")),
            Column("meaning", text("Meaning")),
            Column("n_people", text("People"), "number"),
            Column("share", text("Share"), "percent"),
        ],
    )


def count(ctx: typer.Context, name: _Name, as_of: _Day = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        n_people = segment_count(
            lake=shop.lake,
            segment=_book(shop)[name],
            as_of=day_began(as_of, shop) if as_of else None,
            beside=beside_portraits(shop.lake),
        )
    face.show_rows(
        [{"name": name, "n_people": n_people}],
        [Column("name", text("Segment")), Column("n_people", text("People"), "number")],
    )


def export(
    ctx: typer.Context,
    name: _Name,
    path: Annotated[Path, typer.Argument(help=text("File to write; an old one is replaced."))],
    as_of: _Day = None,
    kind: Annotated[ExportFormat, typer.Option(help=text("Kind of the file."))] = "csv",
    trait: Annotated[
        list[str] | None,
        typer.Option(help=text("Only this trait beside the person's number; may be repeated.")),
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        n_people = segment_export(
            lake=shop.lake,
            segment=_book(shop)[name],
            path=path,
            file_format=kind,
            columns=trait or (),
            as_of=day_began(as_of, shop) if as_of else None,
            beside=beside_portraits(shop.lake),
        )
    face.say(text("Wrote {n} people to {path}."), n=face.words.number(n_people), path=path)


def lookalikes_(
    ctx: typer.Context,
    name: _Name,
    path: Annotated[Path, typer.Argument(help=text("File to write; an old one is replaced."))],
    k: Annotated[int, typer.Option("-k", min=1, help=text("How many people, at most."))] = 1_000,
    as_of: _Day = None,
    kind: Annotated[ExportFormat, typer.Option(help=text("Kind of the file."))] = "csv",
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        snapshot = snapshot_at(lake=shop.lake, as_of=day_began(as_of, shop) if as_of else None)
        group = segment_members(
            lake=shop.lake,
            segment=_book(shop)[name],
            as_of=snapshot.as_of,
            beside=beside_portraits(shop.lake),
        )
        with lookalikes(
            group,
            lake=shop.lake,
            k=k,
            as_of=snapshot.as_of,
            objectors=objectors(lake=shop.lake, database=shop.database),
            known_at=snapshot.known_at,
        ) as found:
            n_people = write_people(
                found.order_by(ibis.desc("score"), "person_id"), path, lake=shop.lake, file_format=kind
            )
    face.say(text("Wrote {n} people to {path}."), n=face.words.number(n_people), path=path)


def _book(shop: Shop) -> SegmentBook:
    traits = known_traits(shop.folder)
    return shop_segments(folder=shop.folder, book=traits)
