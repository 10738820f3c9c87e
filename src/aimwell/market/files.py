"""Market series from CSV files; every unusable row is named with its line, its value and what is allowed."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path

from aimwell.base.words import SENTENCES, Sentence, text
from aimwell.base.words import Series as Said
from aimwell.market.errors import BadSeriesFile
from aimwell.market.model import Point, Series

__all__ = ["read_series"]

_NEEDED = ("series", "year", "value", "unit", "authority")
_FLAGS = {"": False, "true": True, "false": False}
_YEARS = (1800, 2200)
_MOST_TOLD = 5

_WRONG = text("Line {line}: {column} is `{value}`; allowed is {allowed}.")
_MORE = text("And {n_more} more.")
_MISSING = text("The column {column} is missing.")
_NO_ROWS = text("It has no rows.")
_NOT_UTF8 = text("It is not UTF-8: save it as CSV UTF-8.")
_ALLOWED = {
    "year": text("a year such as 2018, each once in a series"),
    "value": text("a number above 0"),
    "unit": text("one unit in the whole series"),
    "is_derived": text("true, false or nothing"),
}
_A_TEXT = text("a text")


def read_series(path: Path | Traversable) -> list[Series]:
    """Return the series of a CSV file (UTF-8, with a header), in the order in which they appear.

    Raises
    ------
    BadSeriesFile
        If a column is missing or a row cannot be used; nothing is taken then.
    """
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise BadSeriesFile(path=path.name, problems=Sentence(_NOT_UTF8)) from exc
    reader = csv.DictReader(io.StringIO(content, newline=""))
    columns = reader.fieldnames or []
    rows = [(reader.line_num, {k: (v or "").strip() for k, v in row.items() if k}) for row in reader]
    problems = [Sentence(_MISSING, {"column": name}) for name in _NEEDED if name not in columns]
    if not problems and not rows:
        problems = [Sentence(_NO_ROWS)]
    if not problems:
        problems = _problems(rows)
    if problems:
        raise BadSeriesFile(path=path.name, problems=_told(problems))
    return _series(row for _, row in rows)


def _problems(rows: Iterable[tuple[int, Mapping[str, str]]]) -> list[Sentence]:
    found: list[Sentence] = []
    units: dict[str, str] = {}
    years: set[tuple[str, str]] = set()
    for line, row in rows:
        name = row["series"]
        wrong = [column for column in ("series", "unit", "authority") if not row[column]]
        wrong += [] if _is_year(row["year"]) and (name, row["year"]) not in years else ["year"]
        wrong += [] if _is_amount(row["value"]) else ["value"]
        wrong += ["unit"] if row["unit"] and units.get(name, row["unit"]) != row["unit"] else []
        wrong += [] if row.get("is_derived", "").lower() in _FLAGS else ["is_derived"]
        found += [
            Sentence(
                _WRONG,
                {
                    "line": line,
                    "column": column,
                    "value": row[column],
                    "allowed": Sentence(
                        _ALLOWED[column] if row[column] and column in _ALLOWED else _of_nothing(column)
                    ),
                },
            )
            for column in wrong
        ]
        units.setdefault(name, row["unit"])
        years.add((name, row["year"]))
    return found


def _of_nothing(column: str) -> str:
    return _ALLOWED[column] if column in ("year", "value") else _A_TEXT


def _told(problems: list[Sentence]) -> Said:
    told = problems[:_MOST_TOLD]
    if len(problems) > _MOST_TOLD:
        told.append(Sentence(_MORE, {"n_more": len(problems) - _MOST_TOLD}))
    return Said(told, SENTENCES)


def _series(rows: Iterable[Mapping[str, str]]) -> list[Series]:
    found: dict[str, list[Point]] = {}
    units: dict[str, str] = {}
    for row in rows:
        point = Point(
            year=int(row["year"]),
            value=float(row["value"]),
            authority=row["authority"],
            is_derived=_FLAGS[row.get("is_derived", "").lower()],
            note=row.get("note", ""),
        )
        found.setdefault(row["series"], []).append(point)
        units[row["series"]] = row["unit"]
    return [
        Series(name=name, unit=units[name], points=tuple(sorted(points, key=lambda one: one.year)))
        for name, points in found.items()
    ]


def _is_year(value: str) -> bool:
    return value.isascii() and value.isdigit() and _YEARS[0] <= int(value) <= _YEARS[1]


def _is_amount(value: str) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    return math.isfinite(number) and number > 0
