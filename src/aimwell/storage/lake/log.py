"""What a table's Delta log says about its files, and the actions that change what it says."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction

from aimwell.storage.places import FileFacts

__all__ = ["MONTH", "LakeFile", "added", "committed", "removed"]

MONTH = "month"  # hidden partition column: known to Delta, not to readers


@dataclass(frozen=True, kw_only=True)
class LakeFile:
    """A committed file.

    Attributes
    ----------
    path
        Path or URL, as engines know it.
    inside
        Path inside the table's folder, as the log has it.
    month
        "2017-03"; None in a table that is not partitioned.
    size
        Bytes.
    """

    path: str
    inside: str
    month: str | None
    size: int


def committed(delta: DeltaTable, *, folder: str) -> list[LakeFile]:
    """Return the files of this version, sorted by path.

    `folder` is the table's path or URL; the URIs that `deltalake` makes of it are escaped, and open nothing where
    the folder's name has a space in it.
    """
    rows = pa.table(delta.get_add_actions(flatten=True)).to_pylist()
    insides = [unquote(row["path"]) for row in rows]
    return sorted(
        (
            LakeFile(
                path=f"{folder}/{inside}",
                inside=inside,
                month=row.get(f"partition.{MONTH}"),
                size=row["size_bytes"],
            )
            for inside, row in zip(insides, rows, strict=True)
        ),
        key=lambda file: file.path,
    )


def added(
    facts: Sequence[FileFacts], *, folder: str, is_partitioned: bool, is_new_data: bool
) -> list[AddAction]:
    """Return the actions that make these files part of the table."""
    return [
        AddAction(
            path=file.path.removeprefix(f"{folder}/"),
            size=file.size,
            partition_values={MONTH: _month(file.path)} if is_partitioned else {},
            modification_time=file.modified_ms,
            data_change=is_new_data,
            stats=f'{{"numRecords": {file.n_rows}}}',
        )
        for file in facts
    ]


def removed(files: Iterable[LakeFile], *, is_new_data: bool) -> list[RemoveAction]:
    """Return the actions that take these files out of the table."""
    return [
        RemoveAction(
            path=file.inside,
            data_change=is_new_data,
            deletion_timestamp=int(time.time() * 1000),
            size=file.size,
            partition_values={MONTH: file.month} if file.month else {},
        )
        for file in files
    ]


def _month(path: str) -> str:
    """Return the month of a new file: its folder's name, wherever an engine put that folder."""
    return path.rsplit("/", 2)[1].removeprefix(f"{MONTH}=")
