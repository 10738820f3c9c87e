"""What every command shares: the options all have, the open shop, tables, JSON and progress bars.

Commands are written as `def show(ctx: typer.Context, ...)` and begin with `face = face_of(ctx)`. The options `--shop`, `--lang`,
`--format` and the settings flags are added to every command by `share_options`, so they may stand anywhere and no command declares them.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import click
import typer
from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from aimwell.base.words import LANGUAGES, Words, text
from aimwell.shop import Shop, open_shop

__all__ = ["Column", "Face", "OutputFormat", "face_of", "localise", "share_options"]

OutputFormat = Literal["table", "json", "csv"]


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
    stdout: Console = field(default_factory=Console)
    stderr: Console = field(default_factory=lambda: Console(stderr=True))

    def open_shop(self) -> AbstractContextManager[Shop]:
        """Open the shop that --shop names, with the settings flags of this call."""
        return open_shop(self.shop_folder, **self.flags)

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
                table.add_column(self.words.say(column.heading), justify="right" if numeric else "left")
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


class _RichProgress:
    """Progress drawn by rich."""

    def __init__(self, bars: Bars, words: Words) -> None:
        self._bars, self._words = bars, words
        self._task: TaskID | None = None
        self._unit = ""

    def start(self, label: str, *, total: int | None = None, unit: str = "rows") -> None:
        """Begin a step with a bar of its own."""
        self.done()
        self._unit = unit
        self._task = self._bars.add_task(self._words.say(label), total=total, rate="")

    def advance(self, count: int) -> None:
        """Move the bar."""
        if self._task is not None:
            speed = self._bars.tasks[self._task].speed
            rate = f"{self._words.compact(speed)} {self._unit}/s" if speed else ""
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


def share_options(command: click.Command) -> None:
    """Add the options that all commands have to this command and all below it."""
    if isinstance(command, click.Group):
        for child in command.commands.values():
            share_options(child)
        return
    command.params += [
        _shared(["--shop"], "shop_folder", text("Folder of the shop."), click.Path(path_type=Path), "AIMWELL_SHOP"),
        _shared(["--format"], "output", text("How to show results."), click.Choice(["table", "json", "csv"])),
        _shared(["--lang"], "language", text("Language of words and tables."), click.Choice(list(LANGUAGES))),
        _shared(["--memory-limit"], "memory_limit", text("Memory the engine may use before it spills to disk."), click.STRING),
        _shared(["--threads"], "threads", text("Threads of the engine."), click.IntRange(min=1)),
    ]


def _shared(
    names: list[str], key: str, help_text: str, kind: click.ParamType, envvar: str | None = None
) -> click.Option:
    def keep(ctx: click.Context, _: click.Parameter, value: Any) -> None:
        face = ctx.find_root().obj
        if value is None or not isinstance(face, Face):
            return
        if key == "language":
            face.words = Words(value)
        elif key in ("shop_folder", "output"):
            setattr(face, key, value)
        else:
            face.flags[key] = value

    return click.Option(names, type=kind, help=help_text, expose_value=False, callback=keep, envvar=envvar)


def localise(command: click.Command, words: Words) -> None:
    """Say the help texts of this command and all below it in the language of `words`."""
    command.help = words.say(command.help) if command.help else command.help
    command.short_help = words.say(command.short_help) if command.short_help else command.short_help
    for param in command.params:
        help_text = getattr(param, "help", None)
        if help_text:
            param.help = words.say(help_text)  # type: ignore[attr-defined]  # options and typer's arguments have it
    if isinstance(command, click.Group):
        for child in command.commands.values():
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
