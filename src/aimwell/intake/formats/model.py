"""What a file is on the wire: its container, encoding, layout and columns; and what of it could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import ibis.expr.types as ir

__all__ = ["LINE", "MAX_COLUMNS", "Broken", "Encoding", "Kind", "Plain", "RawFile", "Wire"]

Kind = Literal["csv", "spaces", "jsonl", "parquet", "xlsx"]
Encoding = Literal["utf-8", "gb18030", "utf-16-le", "utf-16-be", "cp1252"]

MAX_COLUMNS = 2_000
LINE = "line_no"  # the column that every raw table carries beside its cells: first line of the row, from 1


@dataclass(frozen=True, kw_only=True)
class Plain:
    """One data file, unpacked.

    Attributes
    ----------
    name
        What to call it in reports; a member of an archive is `archive.zip/member.csv`.
    path
        Where its plain bytes lie.
    sha256
        Of the plain bytes: the same export, packed or not, is the same file.
    n_bytes
        Its plain size.
    """

    name: str
    path: Path
    sha256: str
    n_bytes: int


@dataclass(frozen=True, kw_only=True)
class Wire:
    """How a file is written.

    Attributes
    ----------
    columns
        Names of the cells of a row, unique, in file order.
    header_lines
        Lines before the first row.
    encoding, delimiter
        Of text files; empty for Parquet and XLSX.
    n_lines
        Physical lines of a text file, 0 otherwise.
    """

    kind: Kind
    columns: tuple[str, ...]
    encoding: Encoding | Literal[""] = ""
    delimiter: str = ""
    header_lines: int = 1
    n_lines: int = 0


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A line that is not a row of this file: where, why (a stable code) and its text."""

    line_no: int
    reason: str
    text: str


@dataclass(frozen=True, kw_only=True)
class RawFile:
    """A file in the engine: `rows` has `line_no` and one column per cell, text unless the file itself is typed."""

    plain: Plain
    wire: Wire
    rows: ir.Table
    broken: tuple[Broken, ...]
