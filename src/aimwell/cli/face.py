"""What every command shares: the options all have, the open shop, tables, JSON and progress bars.

Commands are written as `def show(ctx: typer.Context, ...)` and begin with `face = face_of(ctx)`. The options `--shop`, `--lang`,
`--format` and the settings flags are added to every command by `share_options`, so they may stand anywhere and no command declares them.
"""

from __future__ import annotations

import csv
import inspect
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from aimwell.base.progress import ROWS
from aimwell.base.words import Language, Words, text
from aimwell.shop import Shop, open_shop

__all__ = ["Column", "Face", "OutputFormat", "face_of", "localise", "share_options"]

OutputFormat = Literal["table", "json", "csv"]
_WIDTH_OF_FILES = 160  # characters


@dataclass(frozen=True)
class Column:
    """A column of a shown table: its key in the rows, its heading (a marked text), and how a value reads."""

    key: str
    heading: str
    kind: Literal["text", "number", "decimal", "percent", "money", "day"] = "text"


@dataclass
class Face:
    """One command's way to speak: the language, the format, and the options all commands have."""

    words: Words = field(default_factory=Words)
    output: OutputFormat = "table"
    shop_folder: Path = field(default_factory=Path)
    flags: dict[str, Any] = field(default_factory=dict)
    run: Callable[[Sequence[str]], None] | None = None  # runs another command, for those that show how
    stdout: Console = field(default_factory=lambda: _console(is_error=False))
    stderr: Console = field(default_factory=lambda: _console(is_error=True))

    @contextmanager
    def open_shop(self) -> Iterator[Shop]:
        """Open the shop that --shop names, with the settings flags of this call; from then on speak its language."""
        with open_shop(self.shop_folder, **self.flags) as shop:
            self.words = Words(shop.settings.language, shop.settings.time_zone)
            yield shop

    def say(self, template: str, /, **values: object) -> None:
        """Tell the person something, on stderr."""
        self.stderr.print(self.words.say(template, **values), markup=False, highlight=False)

    def show_rows(
        self,
        rows: Sequence[Mapping[str, Any]],
        columns: Sequence[Column],
        *,
        title: str | None = None,
        currency: str | None = None,
    ) -> None:
        """Show rows in the chosen format; JSON and CSV keep keys and raw values, tables read well."""
        if self.output == "json":
            self.show_json([{c.key: row.get(c.key) for c in columns} for row in rows])
        elif self.output == "csv":
            writer = csv.writer(sys.stdout)
            writer.writerow([c.key for c in columns])
            writer.writerows([[_plain(row.get(c.key)) for c in columns] for row in rows])
        else:
            table = Table(title=self.words.say(title) if title else None, title_justify="left")
            for column in columns:
                numeric = column.kind not in ("text", "day")
                heading = self.words.say(column.heading)
                table.add_column(
                    heading, justify="right" if numeric else "left", no_wrap=numeric, overflow="fold"
                )
            for row in rows:
                table.add_row(*[self.read(row.get(c.key), kind=c.kind, currency=currency) for c in columns])
            self.stdout.print(table)

    def show_json(self, value: Any) -> None:
        """Write a value as JSON to stdout; dataclasses become objects, dates ISO strings, decimals numbers."""
        sys.stdout.write(json.dumps(value, default=_plain, ensure_ascii=False, indent=2) + "\n")

    def read(self, value: Any, *, kind: str, currency: str | None = None) -> str:
        """Return a value as people read it in this language; null is a dash."""
        if value is None:
            return "–"
        if kind == "number":
            return self.words.number(value)
        if kind == "decimal":
            return self.words.number(value, decimals=2)
        if kind == "percent":
            return self.words.percent(value, decimals=1)
        if kind == "money" and currency:
            return self.words.money(value, currency)
        if kind == "day":
            return self.words.day(value)
        return str(value)

    @contextmanager
    def progress(self) -> Iterator[_RichProgress]:
        """Draw progress bars on stderr while the block runs: done, rows per second, time left."""
        bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(compact=True),
            console=self.stderr,
            transient=True,
            disable=not self.stderr.is_terminal,
        )
        with bars:
            yield _RichProgress(bars, self.words)


def _console(*, is_error: bool) -> Console:
    """Return a console as wide as the terminal; files and pipes get room for wide tables."""
    console = Console(stderr=is_error)
    return console if console.is_terminal else Console(stderr=is_error, width=_WIDTH_OF_FILES)


class _RichProgress:
    """Progress drawn by rich."""

    def __init__(self, bars: Bars, words: Words) -> None:
        self._bars, self._words = bars, words
        self._task: TaskID | None = None
        self._unit = ""

    def start(self, label: str, *, total: int | None = None, unit: str = ROWS) -> None:
        """Begin a step with a bar of its own."""
        self.done()
        self._unit = self._words.say(unit)
        self._task = self._bars.add_task(self._words.say(label), total=total, rate="")

    def advance(self, count: int) -> None:
        """Move the bar."""
        if self._task is not None:
            speed = next((task.speed for task in self._bars.tasks if task.id == self._task), None)
            said = text("{speed} {unit}/s")
            rate = self._words.say(said, speed=self._words.compact(speed), unit=self._unit) if speed else ""
            self._bars.update(self._task, advance=count, rate=rate)

    def done(self) -> None:
        """Take the bar away."""
        if self._task is not None:
            self._bars.remove_task(self._task)
            self._task = None


def face_of(ctx: typer.Context) -> Face:
    """Return the face of the running command."""
    face = ctx.find_root().obj
    if not isinstance(face, Face):
        raise TypeError("the command was not started by aimwell.cli.main")
    return face


_Folder = Annotated[
    Path | None, typer.Option("--shop", envvar="AIMWELL_SHOP", help=text("Folder of the shop."))
]
_Output = Annotated[OutputFormat | None, typer.Option("--format", help=text("How to show results."))]
_Lang = Annotated[Language | None, typer.Option("--lang", help=text("Language of words and tables."))]
_Memory = Annotated[
    str | None,
    typer.Option("--memory-limit", help=text("Memory the engine may use before it spills to disk.")),
]
_Threads = Annotated[int | None, typer.Option("--threads", min=1, help=text("Threads of the engine."))]
_SHARED = {
    "shop_folder": _Folder,
    "output": _Output,
    "language": _Lang,
    "memory_limit": _Memory,
    "threads": _Threads,
}


def share_options(app: typer.Typer) -> None:
    """Add the options that all commands have to every command of `app` and of the apps in it."""
    for group in app.registered_groups:
        if group.typer_instance is not None:
            share_options(group.typer_instance)
    for command in app.registered_commands:
        if command.callback is not None and not hasattr(command.callback, "__wrapped__"):
            command.callback = _with_shared(command.callback)


def _with_shared(run: Callable[..., None]) -> Callable[..., None]:
    """Return the command with the shared options behind its own; their values go to the face, not to the command."""

    @wraps(run)
    def command(ctx: typer.Context, **values: Any) -> None:
        face = face_of(ctx)
        given = {key: value for key in _SHARED if (value := values.pop(key)) is not None}
        face.shop_folder = given.pop("shop_folder", face.shop_folder)
        face.output = given.pop("output", face.output)
        face.flags.update(given)
        run(ctx, **values)

    own = inspect.signature(run, eval_str=True)
    shared = [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for key, kind in _SHARED.items()
    ]
    both = [*own.parameters.values(), *shared]
    command.__signature__ = own.replace(parameters=both)  # type: ignore[attr-defined]  # typer reads it
    command.__annotations__ = {p.name: p.annotation for p in both}
    return command


def localise(command: Any, words: Words) -> None:
    """Say the help texts of this command and all below it in the language of `words`."""
    command.help = words.say(command.help) if command.help else command.help
    command.short_help = words.say(command.short_help) if command.short_help else command.short_help
    for param in command.params:
        help_text = getattr(param, "help", None)
        if help_text:
            param.help = words.say(help_text)
    for child in getattr(command, "commands", {}).values():
        localise(child, words)


def _plain(value: Any) -> Any:
    """Return a value as JSON and CSV carry it."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form")
