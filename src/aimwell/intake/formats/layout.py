"""How a text file lays out its rows: delimiter, header, JSON lines, or columns set apart by spaces."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from aimwell.intake.errors import FileEmpty, TooManyColumns
from aimwell.intake.formats.encoding import Decoding, text_lines
from aimwell.intake.formats.model import LINE, MAX_COLUMNS, Plain, Wire

__all__ = ["column_names", "text_wire"]

_DELIMITERS = (",", "\t", ";", "|")
_SAMPLE_LINES = 200
_VALUE = re.compile(r"\s*[-+]?[\d.,:/\s-]*\d[\d.,:/\s-]*")  # numbers, dates and times, with or without signs


def text_wire(plain: Plain, decoding: Decoding, *, delimiter: str | None = None) -> Wire:
    """Return the layout of a text file; what the user stated goes before what the first lines suggest.

    Raises
    ------
    FileEmpty
        If it has no line with anything in it.
    TooManyColumns
        If it is wider than any export.
    """
    lines = [line for line, _ in islice(text_lines(plain.path, decoding), _SAMPLE_LINES)]
    n_blank = next((i for i, line in enumerate(lines) if line.strip()), None)
    if n_blank is None:
        raise FileEmpty(path=plain.name)
    lines = lines[n_blank:]
    if _is_json(lines[0]):
        names = _json_names(plain.path, decoding)
        return Wire(
            kind="jsonl",
            columns=column_names(names, file=plain.name),
            header_lines=0,
            encoding=decoding.encoding,
            n_lines=decoding.n_lines,
        )
    mark = delimiter or _delimiter(lines)
    first = lines[0].split() if mark == " " else next(csv.reader(lines, delimiter=mark))
    has_header = not any(_VALUE.fullmatch(cell) for cell in first)
    names = first if has_header else [""] * len(first)
    return Wire(
        kind="spaces" if mark == " " else "csv",
        columns=column_names(names, file=plain.name),
        delimiter=mark,
        header_lines=n_blank + has_header if has_header else 0,
        encoding=decoding.encoding,
        n_lines=decoding.n_lines,
    )


def column_names(cells: Iterable[object], *, file: str) -> tuple[str, ...]:
    """Return unique column names: trimmed, `column_3` where empty, `_2` behind a name that comes again."""
    names: list[str] = []
    taken = {LINE}
    for position, cell in enumerate(cells, start=1):
        base = str(cell).strip().strip("\ufeff").strip('"').strip() or f"column_{position}"
        name, repeat = base, 2
        while name.casefold() in taken:
            name, repeat = f"{base}_{repeat}", repeat + 1
        taken.add(name.casefold())
        names.append(name)
    if len(names) > MAX_COLUMNS:
        raise TooManyColumns(path=file, n_columns=len(names), limit=MAX_COLUMNS)
    return tuple(names)


def _delimiter(lines: Sequence[str]) -> str:
    """Return the mark that cuts most rows into one same number of cells, more than one; spaces as a last resort."""
    best, best_score = "", (0.0, 0)
    for mark in _DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=mark) if row)
        width, n_rows = max(widths.items(), key=lambda item: (item[1], item[0]))
        score = (n_rows / sum(widths.values()), width)
        if width > 1 and score > best_score:
            best, best_score = mark, score
    if best and best_score[0] >= 0.5:
        return best
    widths = Counter(len(line.split()) for line in lines if line.strip())
    is_spaced = len(widths) == 1 and next(iter(widths)) > 1 and "," not in lines[0]
    return " " if is_spaced else best or ","


def _is_json(line: str) -> bool:
    if not line.lstrip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _json_names(path: Path, decoding: Decoding) -> list[str]:
    """Return every key of the file in order of first appearance; nested objects give dotted names."""
    names: dict[str, None] = {}
    for line, _ in text_lines(path, decoding):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            names.update(dict.fromkeys(flat_names(row)))
            if len(names) > MAX_COLUMNS:
                break
    return list(names)


def flat_names(row: dict[str, object], *, prefix: str = "") -> list[str]:
    """Return the dotted names of an object's values."""
    names: list[str] = []
    for key, value in row.items():
        name = f"{prefix}{key}"
        names.extend(flat_names(value, prefix=f"{name}.") if isinstance(value, dict) and value else [name])
    return names
