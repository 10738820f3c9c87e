"""Reads the small CSV files that a shop lays beside its facts: promotions, stock-outs, stock on hand, planned prices."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from aimwell.base.errors import UserError

__all__ = ["read_rows"]

_Row = TypeVar("_Row")


def read_rows(
    path: Path, *, columns: Sequence[str], parse: Callable[[Mapping[str, str]], _Row], refuse: type[UserError]
) -> list[_Row]:
    """Return the rows of a CSV file with a heading; further columns are passed over.

    Parameters
    ----------
    path
        The file, UTF-8.
    columns
        Columns that must be there.
    parse
        Makes a row of the texts; raises ValueError or TypeError where it cannot.
    refuse
        The error of this kind of file, with `line` and `path`; a column that misses is an error of line 1.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not set(columns) <= set(rows.fieldnames or ()):
            raise refuse(line=1, path=str(path))
        found = []
        for line, row in enumerate(rows, start=2):
            try:
                found.append(parse(row))
            except (TypeError, ValueError) as exc:
                raise refuse(line=line, path=str(path)) from exc
    return found
