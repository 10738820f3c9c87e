"""The `aimwell` command: builds the tree of commands, and turns errors into one message and an exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import typer

from aimwell.base.errors import AimwellError
from aimwell.base.words import LANGUAGES, Language, Words, text
from aimwell.cli import (
    demo,
    inspect,
    load,
    people,
    plan,
    portrait,
    quarantine,
    report,
    segment,
    shop,
    traits,
    value,
)
from aimwell.cli.face import Face, localise, share_options

__all__ = ["build", "main", "run"]


def build(words: Words) -> Any:
    """Return the whole tree of commands (typer's own kind), its help in the language of `words`."""
    app = typer.Typer(
        name="aimwell",
        help=text("Precision marketing for shops of any size: portraits, value, plans, proof."),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    for noun in (shop, inspect, load, quarantine, people, traits, portrait, segment, value, plan, report):
        noun.register(app)
    demo.register(app, run=run)
    share_options(app)
    command = typer.main.get_command(app)
    localise(command, words)
    return command


def run(arguments: Sequence[str]) -> None:
    """Run one command inside another; its errors come out as exceptions."""
    words = Words(_language(arguments))
    build(words).main(list(arguments), prog_name="aimwell", obj=Face(words=words), standalone_mode=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exit code 0 ok, 1 failed, 2 wrong usage."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    words = Words(_language(given))
    face = Face(words=words)
    try:
        build(words).main(given, prog_name="aimwell", obj=face)
    except AimwellError as exc:
        _tell(exc, face)
        sys.exit(1)


def _root() -> None:
    """Hold the commands together."""


def _language(arguments: Sequence[str]) -> Language:
    """Find the language before anything is parsed, because the help texts need it."""
    after_flag = dict(pairwise(arguments)).get("--lang")
    joined = next((a.removeprefix("--lang=") for a in arguments if a.startswith("--lang=")), None)
    wanted = after_flag or joined or os.environ.get("AIMWELL_LANGUAGE") or os.environ.get("LANG", "")
    return next((known for known in LANGUAGES if wanted.lower().startswith(known)), "en")


def _tell(exc: AimwellError, face: Face) -> None:
    message = exc.said(face.words)
    if face.output == "json":
        sys.stderr.write(
            json.dumps({"error": {"code": exc.code, "message": message}}, ensure_ascii=False) + "\n"
        )
    else:
        face.stderr.print(message, style="red", markup=False, highlight=False)
