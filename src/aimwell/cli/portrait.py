"""`aimwell portrait build | list | show | survey | drift | flow`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Annotated

import typer

from aimwell.base.words import Words, text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.moments import day_began, today_began
from aimwell.cli.people import person_named
from aimwell.cli.portrait_screen import show_person
from aimwell.cli.survey_chart import survey_bars, survey_chart, write_chart
from aimwell.portraits.drift import TraitDrift
from aimwell.portraits.segments import Segment
from aimwell.portraits.service import (
    build_portraits,
    drift,
    portrait_of,
    shop_segments,
    shop_traits,
    snapshots,
    stage_flow,
    survey,
)
from aimwell.portraits.service.comparing import Stage
from aimwell.portraits.survey import Survey, SurveyLine
from aimwell.portraits.traits.names import value_name
from aimwell.predict.traits import beside_portraits, known_traits

__all__ = ["register"]

_Day = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help=text("Day of the snapshot; the newest if not given.")),
]
_Before = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help=text("Day of the earlier snapshot."))]
_After = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help=text("Day of the later snapshot."))]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    portrait = typer.Typer(help=text("Portraits of customers: build, look, compare."), no_args_is_help=True)
    portrait.command("build", help=text("Build everybody's portrait as of a day, and keep it."))(build)
    portrait.command("list", help=text("List the snapshots that are kept."))(list_)
    portrait.command("show", help=text("Show one customer on one screen."))(show)
    portrait.command("survey", help=text("Show how far sample surveys would have been from the full data."))(
        survey_
    )
    portrait.command("drift", help=text("Show which traits have moved between two snapshots."))(drift_)
    portrait.command("flow", help=text("Show who went from which stage to which between two snapshots."))(
        flow
    )
    app.add_typer(portrait, name="portrait")


def build(
    ctx: typer.Context,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help=text("First day that counts as the future; today if not given.")
        ),
    ] = None,
    known_at: Annotated[
        datetime | None,
        typer.Option(help=text("Use only what was loaded by this moment, UTC; all if not given.")),
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        now = shop.clock.now()
        snapshot = build_portraits(
            lake=shop.lake,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            known_at=known_at or now,
            built_at=now,
            own=shop_traits(folder=shop.folder),
            progress=progress,
        )
    face.show_rows([asdict(snapshot)], _SNAPSHOT)


_SNAPSHOT = [
    Column("as_of", text("As of"), "day"),
    Column("known_at", text("As known at"), "day"),
    Column("n_people", text("People"), "number"),
    Column("table_name", text("Table")),
]


def list_(ctx: typer.Context) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        face.show_rows([asdict(one) for one in snapshots(lake=shop.lake)], _SNAPSHOT)


def show(
    ctx: typer.Context,
    person: Annotated[
        str, typer.Argument(help=text("An account number of your shop, an e-mail, or a person's number."))
    ],
    as_of: _Day = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        seen = portrait_of(
            lake=shop.lake,
            person_id=person_named(shop, person),
            as_of=day_began(as_of, shop) if as_of else None,
            beside=beside_portraits(shop.lake),
        )
        currency = shop.settings.currency
    if face.output == "table":
        show_person(seen, face=face, currency=currency)
    else:
        face.show_json(seen)


def survey_(
    ctx: typer.Context,
    size: Annotated[int, typer.Option(min=1, help=text("People asked in each survey."))] = 500,
    repeat: Annotated[int, typer.Option(min=1, help=text("How often the survey is held."))] = 200,
    seed: Annotated[int, typer.Option(help=text("Decides who is asked."))] = 1,
    as_of: _Day = None,
    chart: Annotated[
        Path | None, typer.Option(help=text("Write the chart to this file: .html, .svg or .png."))
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        book = known_traits(shop.folder)
        segments = shop_segments(folder=shop.folder, book=book)
        result = survey(
            lake=shop.lake,
            size=size,
            repeats=repeat,
            seed=seed,
            as_of=day_began(as_of, shop) if as_of else None,
            segments=segments,
            beside=beside_portraits(shop.lake),
        )
    names = {one.name: _segment_name(one, face.words) for one in segments}
    if chart is not None:
        write_chart(survey_chart(result, words=face.words, names=names), chart)
        face.say(text("Wrote {path}."), path=chart)
    _show_survey(result, face, names=names)


def _segment_name(segment: Segment, words: Words) -> str:
    """Return what a segment is, with the name that commands know it by."""
    meaning = words.say(segment.meaning)
    if meaning == segment.name:
        return meaning
    return words.say(text("{meaning} ({name})"), meaning=meaning, name=segment.name)


def _show_survey(result: Survey, face: Face, *, names: Mapping[str, str]) -> None:
    if face.output == "json":
        face.show_json(result)
        return
    rows = [
        asdict(line) | {"bar": bar} | (_in_words(line, face, names=names) if face.output == "table" else {})
        for line, bar in zip(result.lines, survey_bars(result), strict=True)
    ]
    face.show_rows(
        sorted(rows, key=lambda row: -(row["relative_95"] or 0)),
        [
            Column("name", text("What is asked")),
            Column("kind", text("Kind")),
            Column("census", text("Everybody")),
            Column("relative_median", text("Half of surveys off by"), "percent"),
            Column("relative_95", text("95 of 100 off by"), "percent"),
            Column("relative_worst", text("Worst off by"), "percent"),
            *([Column("bar", text("95 of 100"))] if face.output == "table" else []),
        ],
        title=text("How far sample surveys would have been from the full data"),
    )


def _in_words(line: SurveyLine, face: Face, *, names: Mapping[str, str]) -> dict[str, str]:
    words = face.words
    if line.kind == "segment":
        census = words.percent(line.census, decimals=1)
        return {"name": names[line.name], "kind": words.say(text("Segment")), "census": census}
    return {"kind": words.say(text("Trait")), "census": words.number(line.census, decimals=2)}


def drift_(
    ctx: typer.Context,
    before: _Before,
    after: _After,
    limit: Annotated[int, typer.Option(min=1, help=text("How many traits to show."))] = 20,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        result = drift(lake=shop.lake, before=day_began(before, shop), after=day_began(after, shop))

    def moved(one: TraitDrift) -> str:
        if face.output == "table":
            return face.words.say(value_name(one.trait, one.mover)) or "–"
        return one.mover or "–"

    face.show_rows(
        [
            {"trait": one.trait, "stability_index": one.stability_index, "mover": moved(one)}
            for one in result.traits[:limit]
        ],
        [
            Column("trait", text("Trait")),
            Column("stability_index", text("Stability index"), "decimal"),
            Column("mover", text("Moved most")),
        ],
        title=text("What has moved (0.1 a little, 0.25 a lot)"),
    )


def flow(
    ctx: typer.Context,
    before: _Before,
    after: _After,
    stage: Annotated[Stage, typer.Option(help=text("Which stages."))] = "aipl_stage",
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        rows = stage_flow(
            lake=shop.lake,
            before=day_began(before, shop),
            after=day_began(after, shop),
            stage=stage,
        )
    if face.output == "table":
        for row, side in product(rows, ("before", "after")):
            row[side] = face.words.say(value_name(stage, row[side])) if row[side] else None
    face.show_rows(
        rows,
        [
            Column("before", text("Before")),
            Column("after", text("After")),
            Column("n_people", text("People"), "number"),
        ],
    )
