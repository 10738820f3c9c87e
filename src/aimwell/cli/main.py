"""The `aimwell` command: builds the tree of commands, and turns errors into one message and an exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer

from aimwell.base.errors import AimwellError
from aimwell.base.words import LANGUAGES, Language, Words, text
from aimwell.cli.face import Face, localise, share_options
from aimwell.cli.predict import FAMILIES

__all__ = ["build", "main"]


# Which module holds which commands. Only what is called is imported: charts, solvers and engines take seconds to load.
_MODULES = {
    "shop": ("init", "status"),
    "inspect": ("inspect",),
    "load": ("load",),
    "quarantine": ("quarantine",),
    "people": ("people",),
    "traits": ("traits",),
    "portrait": ("portrait",),
    "segment": ("segment",),
    "predict": ("predict",),
    "price": ("price",),
    "demand": ("demand",),
    "market": ("market",),
    **{f"predict.{family}": ("predict",) for family in FAMILIES},
    "recommend": ("recommend",),
    "plan": ("plan", "offers"),
    "campaign": ("campaign",),
    "why": ("why",),
    "manners": ("manners", "suppress"),
    "content": ("content", "channels"),
    "report": ("report",),
    "build": ("build",),
    "consent": ("consent",),
    "serve": ("serve",),
    "demo": ("demo",),
    "simulate": ("simulate",),
}


_COMMANDS = {command for commands in _MODULES.values() for command in commands}


def build(words: Words, *, called: Sequence[str] = ()) -> Any:
    """Return the tree of commands (typer's own kind), its help in the language of `words`.

    If `called`, the words of the call, names a command, the tree holds the commands of its module only; else all.
    """
    app = typer.Typer(
        name="aimwell",
        help=text("Precision marketing for shops of any size: portraits, value, plans, proof."),
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    app.callback()(_root)
    for module, commands in _MODULES.items():
        if _may_be_called(module, commands, called=called):
            import_module(f"aimwell.cli.{module}").register(app)
    share_options(app)
    command = typer.main.get_command(app)
    localise(command, words)
    return command


def _may_be_called(module: str, commands: Sequence[str], *, called: Sequence[str]) -> bool:
    """Return whether a call needs a module: its command is called, and its family where the call names one."""
    if not called or called[0] not in _COMMANDS:
        return True
    family = next((word for word in called[2:3] if word in FAMILIES), None)
    return called[0] in commands and (family is None or module in ("predict", f"predict.{family}"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exit code 0 ok, 1 failed, 2 wrong usage."""
    given, face = _started(sys.argv[1:] if arguments is None else arguments)
    try:
        build(face.words, called=given).main(given, prog_name="aimwell", obj=face)
    except AimwellError as exc:
        _tell(exc, face)
        sys.exit(1)


def _run(arguments: Sequence[str]) -> None:
    """Run one command inside another; its errors come out as exceptions."""
    given, face = _started(arguments)
    build(face.words, called=given).main(given, prog_name="aimwell", obj=face, standalone_mode=False)


def _started(arguments: Sequence[str]) -> tuple[list[str], Face]:
    """Take the language out of the arguments, wherever it stands, because the help texts need it first."""
    given, flag = list(arguments), None
    for place, argument in enumerate(given):
        value = argument.removeprefix("--lang=") if "=" in argument else given[place + 1 : place + 2]
        wanted = value if isinstance(value, str) else "".join(value)
        if argument.split("=")[0] == "--lang" and wanted in LANGUAGES:
            flag = wanted
            del given[place : place + (1 if "=" in argument else 2)]
            break
    words = Words(_language(flag))
    return given, Face(words=words, run=_run, flags={"language": flag} if flag else {})


def _root() -> None:
    """Hold the commands together."""


def _language(flag: str | None) -> Language:
    """Return the language of words until a shop is open: flag, environment, the machine's."""
    wanted = flag or os.environ.get("AIMWELL_LANGUAGE") or os.environ.get("LANG", "")
    return next((known for known in LANGUAGES if wanted.lower().startswith(known)), "en")


def _tell(exc: AimwellError, face: Face) -> None:
    message = exc.said(face.words)
    if face.output == "json":
        sys.stderr.write(
            json.dumps({"error": {"code": exc.code, "message": message}}, ensure_ascii=False) + "\n"
        )
    else:
        face.stderr.print(message, style="red", markup=False, highlight=False)
