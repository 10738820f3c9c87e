"""What a lake table is: its columns, how its files are laid out, and who wrote a version."""

from __future__ import annotations

from dataclasses import dataclass, field

import ibis

__all__ = ["Commit", "TableSpec", "Txn"]


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """A lake table.

    Attributes
    ----------
    name
        Folder name under `lake/`.
    schema
        Columns and types as Ibis knows them; timestamps are naive UTC.
    month_of
        The timestamp column whose month the files are partitioned by (a hidden column `month`, "2017-03"); None:
        one partition.
    cluster_by
        Columns that rows are sorted by inside a file, so that a person's rows lie together.
    """

    name: str
    schema: ibis.Schema
    month_of: str | None = None
    cluster_by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Txn:
    """Names a piece of work, so that doing it again is a no-op: (app_id, version) commits once per table."""

    app_id: str
    version: int = 0


@dataclass(frozen=True, kw_only=True)
class Commit:
    """What a write did: the version it made, or, when its transaction was already there, `is_repeat`."""

    table: str
    version: int
    n_rows: int = 0
    is_repeat: bool = field(default=False)
