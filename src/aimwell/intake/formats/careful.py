"""The careful readers: row by row, with exact line numbers, setting aside what is broken and going on behind it.

Clean CSV never comes here: the engine reads that itself, many times faster.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from aimwell.intake.formats.model import Broken, Wire

__all__ = ["Read", "csv_rows", "json_rows", "spaced_rows"]

Read = tuple[int, list[str | None]] | Broken
Line = tuple[str, bool]

# A quoted cell longer than this is a quote that was never closed: it would swallow the rest of the file.
_MAX_CELL_LINES = 200
_MAX_CELL_CHARS = 4_000_000


class _Unclosed(Exception):
    """The present row has run over too many lines: a signal between the loops of this module."""


class _Lines:
    """Physical lines with a memory of those that the present row took, so that they can be put back."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = iter(lines)
        self.taken: list[Line] = []
        self.position = 0  # lines given out before the present row

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self.taken) >= _MAX_CELL_LINES:
            raise _Unclosed
        line = next(self._lines)
        self.taken.append(line)
        return line[0]

    def accept(self) -> None:
        """Start the next row behind all lines taken."""
        self.position += len(self.taken)
        self.taken = []

    def reject_first(self) -> None:
        """Give up the first line of the row and put the others back."""
        self._lines = chain(self.taken[1:], self._lines)
        self.position += 1
        self.taken = []


def csv_rows(lines: Iterable[Line], wire: Wire) -> Iterator[Read]:
    """Read delimited rows; quoted cells may hold line ends. Blank lines are no rows."""
    source = _Lines(lines)
    for _ in range(wire.header_lines):
        next(source, None)
    source.accept()
    csv.field_size_limit(_MAX_CELL_CHARS)
    reader = csv.reader(source, delimiter=wire.delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _Unclosed):
            yield _broken(source, "unclosed_quote")
            source.reject_first()
            reader = csv.reader(source, delimiter=wire.delimiter, strict=True)
            continue
        yield from _judged(source, cells, width=len(wire.columns))


def _judged(source: _Lines, cells: list[str], *, width: int) -> Iterator[Read]:
    """Yield the row if it is one; step back over lines that a stray quote has swallowed."""
    if not any(text.strip() for text, _ in source.taken):
        source.accept()
        return
    if not all(intact for _, intact in source.taken):
        yield _broken(source, "wrong_encoding")
        source.reject_first()
        return
    surplus = cells[width:]
    if len(cells) < width or any(cell.strip() or "\n" in cell for cell in surplus):
        yield _broken(source, "wrong_cell_count")
        source.reject_first()
        return
    yield source.position + 1, [cell or None for cell in cells[:width]]
    source.accept()


def _broken(source: _Lines, reason: str) -> Broken:
    text = source.taken[0][0].rstrip("\n") if source.taken else ""
    return Broken(line_no=source.position + 1, reason=reason, text=text)


def spaced_rows(lines: Iterable[Line], wire: Wire) -> Iterator[Read]:
    """Read rows whose cells are set apart by any number of spaces."""

    def cells(line: str) -> list[str | None] | None:
        found = line.split()
        return [*found] if len(found) == len(wire.columns) else None

    yield from _line_rows(lines, wire, cells=cells, reason="wrong_cell_count")


def json_rows(lines: Iterable[Line], wire: Wire) -> Iterator[Read]:
    """Read one JSON object per line; numbers keep the digits they are written with."""

    def cells(line: str) -> list[str | None] | None:
        try:
            row = json.loads(line, parse_float=str, parse_int=str, parse_constant=str)
        except (ValueError, RecursionError):
            return None
        if not isinstance(row, dict):
            return None
        flat = dict(_flattened(row, prefix=""))
        return [flat.get(name) for name in wire.columns]

    yield from _line_rows(lines, wire, cells=cells, reason="not_json")


def _line_rows(
    lines: Iterable[Line], wire: Wire, *, cells: Callable[[str], list[str | None] | None], reason: str
) -> Iterator[Read]:
    for line_no, (line, intact) in enumerate(lines, start=1):
        if line_no <= wire.header_lines or not line.strip():
            continue
        row = cells(line) if intact else None
        if row is None:
            why = reason if intact else "wrong_encoding"
            yield Broken(line_no=line_no, reason=why, text=line.rstrip("\n"))
        else:
            yield line_no, row


def _flattened(row: dict[str, object], *, prefix: str) -> Iterator[tuple[str, str | None]]:
    for key, value in row.items():
        name = f"{prefix}{key}".strip()
        if isinstance(value, dict) and value:
            yield from _flattened(value, prefix=f"{name}.")
        elif value is None or isinstance(value, str):
            yield name, value or None
        elif isinstance(value, bool):
            yield name, "true" if value else "false"
        else:
            yield name, json.dumps(value, ensure_ascii=False)
