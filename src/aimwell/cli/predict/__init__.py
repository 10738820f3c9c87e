"""`aimwell predict fit | backtest | score | card FAMILY`; each family of models has a module of its own here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.predict.model import ModelVersion
from aimwell.predict.service import roll_back, versions

__all__ = ["FAMILIES", "Verb", "add_family", "register"]

FAMILIES = ("value", "repeat", "affinity", "price", "demand", "effect")
"""Families in the order in which the help shows them; the module of each is imported only where it is called."""

_VERBS = {
    "fit": text("Fit a model to the shop, tested on its own past, and keep it."),
    "backtest": text("Show how a model would have done on the shop's own past; keeps nothing."),
    "score": text("Predict for everyone with a kept model."),
    "card": text("Show a model's card: data, tests, where it loses, when it abstains."),
}


@dataclass(frozen=True)
class Verb:
    """One command of a family: what runs, and its help (a marked text)."""

    command: Callable[..., Any]
    help: str


def register(app: typer.Typer) -> None:
    """Add the command with its verbs to the root; families add themselves to them."""
    predict = typer.Typer(
        help=text("What customers are worth, will do, want, need and answer to: one family of models each."),
        no_args_is_help=True,
    )
    for verb, words in _VERBS.items():
        predict.add_typer(typer.Typer(help=words, no_args_is_help=True), name=verb)
    predict.command("models", help=text("List the kept models and which are in use."))(models)
    predict.command("rollback", help=text("Use an older model again, until the next fit."))(rollback)
    app.add_typer(predict, name="predict")


def add_family(app: typer.Typer, family: str, *, fit: Verb, backtest: Verb, score: Verb, card: Verb) -> None:
    """Add a family's commands to the verbs that `register` made."""
    predict = _group(app, "predict")
    for name, verb in {"fit": fit, "backtest": backtest, "score": score, "card": card}.items():
        _group(predict, name).command(family, help=verb.help)(verb.command)


_Family = Annotated[str, typer.Argument(help=text("Family of models, such as value."))]


def models(
    ctx: typer.Context,
    family: Annotated[str | None, typer.Argument(help=text("Family of models; all if not given."))] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        _show([*versions(family, lake=shop.lake)], face)


def rollback(
    ctx: typer.Context,
    family: _Family,
    to: Annotated[
        str | None, typer.Option(help=text("Name of a model; the one fitted before if not given."))
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing():
        used = roll_back(family, lake=shop.lake, now=shop.clock.now(), to=to)
    _show([used], face)
    face.say(
        text("From now on `{model_id}` is used. Predict again with it: `aimwell predict score {family}`."),
        model_id=used.model_id,
        family=family,
    )


def _show(kept: list[ModelVersion], face: Face) -> None:
    yes_no = {True: text("yes"), False: text("no")}
    rows = [
        asdict(one) | ({"is_in_use": face.words.say(yes_no[one.is_in_use])} if face.output == "table" else {})
        for one in kept
    ]
    face.show_rows(
        rows,
        [
            Column("family", text("Family")),
            Column("model_id", text("Model")),
            Column("form", text("Form")),
            Column("as_of", text("As of"), "day"),
            Column("fitted_at", text("Fitted")),
            Column("is_in_use", text("In use")),
        ],
    )


def _group(app: typer.Typer, name: str) -> typer.Typer:
    return next(
        info.typer_instance for info in app.registered_groups if info.name == name and info.typer_instance
    )
