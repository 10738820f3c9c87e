"""What a load did: books per file, and what an inspection saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

__all__ = ["Books", "FileReport", "Inspection", "LoadReport", "Replay"]


@dataclass(frozen=True, kw_only=True)
class Books:
    """Where the input rows of a file went: received = stored + duplicate + quarantined, exactly.

    A duplicate is a row that the lake already holds, or one that a later row of the same file overtakes.
    """

    n_received: int = 0
    n_stored: int = 0
    n_duplicate: int = 0
    n_quarantined: int = 0

    @property
    def is_balanced(self) -> bool:
        """Say whether no row is missing or counted twice."""
        return self.n_received == self.n_stored + self.n_duplicate + self.n_quarantined

    def __add__(self, other: Books) -> Books:
        return Books(**{name: value + getattr(other, name) for name, value in vars(self).items()})


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """What became of one file.

    Attributes
    ----------
    state
        "loaded"; "repeat": the same content was loaded before, nothing was done; "ignored": a known export that holds
        nothing Aimwell keeps; "tried": a dry run, nothing was written.
    tables
        Rows written per lake table.
    reasons
        Quarantined rows per reason.
    first_loaded_at
        Of a repeat: when it was loaded.
    """

    file: str
    source: str
    mapping: str
    title: str
    state: Literal["loaded", "repeat", "ignored", "tried"]
    books: Books = Books()
    tables: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    first_loaded_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class LoadReport:
    """What became of all files of one load."""

    files: tuple[FileReport, ...]

    @property
    def books(self) -> Books:
        """The books of all files together."""
        return sum((file.books for file in self.files), Books())


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What a file looks like, and how it would be read.

    Attributes
    ----------
    preset
        The preset that knows it, or None.
    mapping
        TOML: the preset's, or a draft to correct.
    missing
        What the draft could not find, as rule names such as `orders.ordered_at`.
    rows
        The first rows as they would be stored.
    raw_rows
        The first rows as they stand in the file.
    """

    file: str
    kind: str
    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    preset: str | None
    title: str
    mapping: str
    missing: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    raw_rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What a replay of quarantined rows did: how many were tried, and where they are now."""

    n_tried: int
    n_stored: int
    n_duplicate: int
    n_still_quarantined: int
    n_broken: int  # lines that never were rows: only mending the file helps
