"""`aimwell demo`: types the commands of the main job, one after the other, on real data."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from aimwell.base.words import text
from aimwell.cli.face import Face, face_of
from aimwell.learn.demo.complete_journey import complete_journey
from aimwell.learn.demo.model import Demo, offers_file, plan_file
from aimwell.learn.demo.online_retail import online_retail
from aimwell.shop import open_shop

__all__ = ["register"]


@dataclass(frozen=True)
class _Step:
    """A command of the demo, as a user would type it, and what it is for."""

    words: str
    command: str


_SCRIPT = (
    _Step(
        text("Make the shop: a folder with its settings, tables and keys."),
        "init {folder} --name {name} --currency {currency} --country {country} --time-zone {zone}",
    ),
    _Step(
        text("Load the orders; every row is stored, a duplicate, or quarantined."),
        "load {files} --shop {folder}",
    ),
    _Step(
        text("Portraits one quarter earlier, to see how customers move."),
        "portrait build --as-of {before} --shop {folder}",
    ),
    _Step(
        text("Portraits on the day of the plan; nothing later is seen."),
        "portrait build --as-of {as_of} --shop {folder}",
    ),
    _Step(
        text("Learn what customers will be worth, tested on the shop's own past."),
        "predict fit value --as-of {as_of} --shop {folder}",
    ),
    _Step(text("Score everyone."), "predict score value --as-of {as_of} --shop {folder}"),
    _Step(text("Learn who comes back and when."), "predict fit repeat --as-of {as_of} --shop {folder}"),
    _Step(text("Say it of everyone."), "predict score repeat --as-of {as_of} --shop {folder}"),
    _Step(text("Learn what each one wants next."), "predict fit affinity --as-of {as_of} --shop {folder}"),
    _Step(text("List it for everyone."), "predict score affinity --as-of {as_of} --shop {folder}"),
    _Step(text("Learn what will be needed."), "predict fit demand --as-of {as_of} --shop {folder}"),
    _Step(text("Forecast every product."), "predict score demand --as-of {as_of} --shop {folder}"),
    _Step(text("Learn what prices do."), "predict fit price --as-of {as_of} --shop {folder}"),
    _Step(
        text("Plan who gets which offer, for the most profit within the budget."),
        "plan make --as-of {as_of} --shop {folder}",
    ),
    _Step(text("Write the plan to files."), "plan export --out {folder}/plan --shop {folder}"),
    _Step(
        text("Look at what then happened, against what was foretold."),
        "predict backtest value --as-of {until} --shop {folder}",
    ),
    _Step(text("Write the report."), "report --out {folder}/report.html --shop {folder}"),
)


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("demo", help=text("Make a shop from real data, plan a campaign, and write the report."))(demo)


def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help=text("Empty or new folder."))] = Path("demo-shop"),
    data: Annotated[
        Literal["complete-journey", "online-retail"], typer.Option(help=text("Which real shop."))
    ] = "complete-journey",
    file: Annotated[Path | None, typer.Option(help=text("Your copy of the Online Retail data."))] = None,
) -> None:
    face = face_of(ctx)
    if face.run is None:
        raise TypeError("the command was not started by aimwell.cli.main")
    chosen = complete_journey() if data == "complete-journey" else online_retail(file)
    for step in _SCRIPT:
        command = _command(step, chosen, folder=folder)
        face.say(
            "\n{words}\n$ aimwell {command}",
            words=face.words.say(step.words),
            command=shlex.join(command),
        )
        face.run([*command, "--lang", face.words.language])
        if command[0] == "load":
            _write_campaign(chosen, folder=folder, face=face)


def _command(step: _Step, demo: Demo, *, folder: Path) -> list[str]:
    """Return the command of a step with the demo's own values in it."""
    values = {
        "folder": str(folder),
        "before": str(demo.before_on),
        "as_of": str(demo.as_of_on),
        "until": str(demo.until_on),
        "name": demo.name,
        "currency": demo.currency,
        "country": demo.country,
        "zone": demo.time_zone,
    }
    words = shlex.split(step.command)
    files = [str(file) for file in demo.files]
    return [part for word in words for part in (files if word == "{files}" else [word.format(**values)])]


def _write_campaign(demo: Demo, *, folder: Path, face: Face) -> None:
    """Write offers.toml and plan.toml where the shop has none yet."""
    with open_shop(folder, **face.flags) as shop:
        offers = offers_file(demo.offers(shop.engine), currency=demo.currency)
    for name, written in (("offers.toml", offers), ("plan.toml", plan_file(demo))):
        if not (folder / name).exists():
            (folder / name).write_text(written, "utf-8")
            face.say(text("Wrote {path}."), path=folder / name)
