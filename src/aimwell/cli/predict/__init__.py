"""`aimwell predict fit | backtest | score | card FAMILY`; each family of models has a module of its own here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import typer

from aimwell.base.words import text

__all__ = ["FAMILIES", "Verb", "add_family", "register"]

FAMILIES = ("value", "effect")
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
    app.add_typer(predict, name="predict")


def add_family(app: typer.Typer, family: str, *, fit: Verb, backtest: Verb, score: Verb, card: Verb) -> None:
    """Add a family's commands to the verbs that `register` made."""
    predict = _group(app, "predict")
    for name, verb in {"fit": fit, "backtest": backtest, "score": score, "card": card}.items():
        _group(predict, name).command(family, help=verb.help)(verb.command)


def _group(app: typer.Typer, name: str) -> typer.Typer:
    return next(
        info.typer_instance for info in app.registered_groups if info.name == name and info.typer_instance
    )
