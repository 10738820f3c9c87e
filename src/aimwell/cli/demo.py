"""`aimwell demo`: types the commands of the main job, one after the other, on real data."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
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

Run = Callable[[Sequence[str]], None]


def register(app: typer.Typer, *, run: Run) -> None:
    """Add the command to the root; `run` runs another command of this program."""

    def demo(
        ctx: typer.Context,
        folder: Annotated[Path, typer.Argument(help=text("Empty or new folder."))] = Path("demo-shop"),
        data: Annotated[
            Literal["complete-journey", "online-retail"], typer.Option(help=text("Which real shop."))
        ] = "complete-journey",
        file: Annotated[Path | None, typer.Option(help=text("Your copy of the Online Retail data."))] = None,
    ) -> None:
        face = face_of(ctx)
        chosen = complete_journey() if data == "complete-journey" else online_retail(file)
        for step in _script(chosen, folder=folder):
            face.say(
                "\n{words}\n$ aimwell {command}",
                words=face.words.say(step.words),
                command=shlex.join(step.command),
            )
            run([*step.command, "--lang", face.words.language])
            if step.command[0] == "load":
                _write_campaign(chosen, folder=folder, face=face)

    app.command("demo", help=text("Make a shop from real data, plan a campaign, and write the report."))(demo)


@dataclass(frozen=True)
class _Step:
    """A command of the demo, and what it is for."""

    words: str
    command: tuple[str, ...]


def _script(demo: Demo, *, folder: Path) -> list[_Step]:
    """Return the commands of the main job, as a user would type them."""
    shop = ("--shop", str(folder))
    before, as_of, until = str(demo.before_on), str(demo.as_of_on), str(demo.until_on)
    own = (
        "--name",
        demo.name,
        "--currency",
        demo.currency,
        "--country",
        demo.country,
        "--time-zone",
        demo.time_zone,
    )
    return [
        _Step(
            text("Make the shop: a folder with its settings, tables and keys."), ("init", str(folder), *own)
        ),
        _Step(
            text("Load the orders; every row is stored, a duplicate, or quarantined."),
            ("load", *map(str, demo.files), *shop),
        ),
        _Step(
            text("Portraits one quarter earlier, to see how customers move."),
            ("portrait", "build", "--as-of", before, *shop),
        ),
        _Step(
            text("Portraits on the day of the plan; nothing later is seen."),
            ("portrait", "build", "--as-of", as_of, *shop),
        ),
        _Step(
            text("Learn what customers will be worth, tested on the shop's own past."),
            ("value", "fit", "--as-of", as_of, *shop),
        ),
        _Step(text("Score everyone."), ("value", "score", "--as-of", as_of, *shop)),
        _Step(
            text("Plan who gets which offer, for the most profit within the budget."),
            ("plan", "make", "--as-of", as_of, *shop),
        ),
        _Step(text("Write the plan to files."), ("plan", "export", "--out", str(folder / "plan"), *shop)),
        _Step(
            text("Check its certificate with a program that shares no code with Aimwell."),
            ("plan", "verify", str(folder / "plan")),
        ),
        _Step(
            text("Look at what then happened, against what was foretold."),
            ("value", "backtest", "--as-of", until, *shop),
        ),
        _Step(text("Write the report."), ("report", "--out", str(folder / "report.html"), *shop)),
    ]


def _write_campaign(demo: Demo, *, folder: Path, face: Face) -> None:
    """Write offers.toml and plan.toml where the shop has none yet."""
    with open_shop(folder, **face.flags) as shop:
        offers = offers_file(demo.offers(shop.engine), currency=demo.currency)
    for name, written in (("offers.toml", offers), ("plan.toml", plan_file(demo))):
        if not (folder / name).exists():
            (folder / name).write_text(written, "utf-8")
            face.say(text("Wrote {path}."), path=folder / name)
