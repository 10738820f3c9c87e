"""`aimwell quarantine`: what waits, why, and trying it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq

from aimwell.intake import rows as books_rows
from aimwell.intake.errors import NotARow, QuarantineRowMissing
from aimwell.intake.formats.model import LINE, Plain, RawFile, Wire
from aimwell.intake.mapping.model import Mapping
from aimwell.intake.model import Books, Replay
from aimwell.intake.rows import Held, LoadRow
from aimwell.intake.service.desk import Desk, Safe, scratch_folder
from aimwell.intake.service.take import SEALED_FOR, Job, Taken, take
from aimwell.storage.database import Database

__all__ = ["HeldRow", "quarantine_list", "quarantine_replay", "quarantine_show"]


@dataclass(frozen=True, kw_only=True)
class HeldRow:
    """A quarantined row in clear: where it stood, what is wrong with it, and its cells or, of a broken line, its text."""

    quarantine_id: int
    file: str
    line_no: int
    reason: str
    detail: str
    cells: Map[str, str | None]
    text: str
    quarantined_at: datetime


def quarantine_list(*, database: Database, source: str | None = None) -> list[dict[str, Any]]:
    """Return how many rows wait: one row per source, file, reason and column at fault, with the first line."""
    with database.read() as connection:
        return books_rows.count_held(connection, source=source)


def quarantine_show(
    *,
    database: Database,
    vault: Safe,
    quarantine_id: int | None = None,
    reason: str | None = None,
    limit: int = 20,
) -> list[HeldRow]:
    """Return waiting rows in clear, for authorised display only: one by its number, or the first of a reason.

    Raises
    ------
    QuarantineRowMissing
        If no row has this number.
    """
    with database.read() as connection:
        if quarantine_id is not None:
            one = books_rows.held(connection, quarantine_id=quarantine_id)
            if one is None:
                raise QuarantineRowMissing(quarantine_id=quarantine_id)
            waiting = [one]
        else:
            waiting = list(books_rows.held_rows(connection, reason=reason, limit=limit))
        loads = {(load.source, load.sha256): load for load in books_rows.loads(connection)}
    return [_in_clear(row, loads[row.source, row.sha256], vault=vault) for row in waiting]


def quarantine_replay(*, desk: Desk, source: str | None = None, reason: str | None = None) -> Replay:
    """Try waiting rows again, as they stood, by the mapping they came with: after a rate, an order or a rule was added.

    Broken lines stay: only mending the file helps. What still fails stays too, under its first reason.

    Raises
    ------
    NotARow
        If only broken lines wait.
    """
    with desk.database.read() as connection:
        waiting = list(books_rows.held_rows(connection, source=source, reason=reason))
        loads = {(load.source, load.sha256): load for load in books_rows.loads(connection)}
    whole = [row for row in waiting if row.is_whole]
    if waiting and not whole:
        raise NotARow(n_rows=len(waiting))
    total, n_still = Books(), 0
    with scratch_folder(desk.scratch) as scratch:
        for (of_source, sha256), rows in groupby(whole, key=lambda row: (row.source, row.sha256)):
            load = loads[of_source, sha256]
            books = _replayed(list(rows), load, desk=desk, scratch=scratch)
            total += books
            n_still += books.n_quarantined
    return Replay(
        n_tried=total.n_received,
        n_stored=total.n_stored,
        n_duplicate=total.n_duplicate,
        n_still_quarantined=n_still,
        n_broken=len(waiting) - len(whole),
    )


def _in_clear(row: Held, load: LoadRow, *, vault: Safe) -> HeldRow:
    original = vault.unseal(row.original, purpose=SEALED_FOR).decode() if row.original else ""
    cells = json.loads(original) if row.is_whole and original else []
    return HeldRow(
        quarantine_id=row.quarantine_id,
        file=load.file_name,
        line_no=row.line_no,
        reason=row.reason,
        detail=row.detail,
        cells=dict(zip(json.loads(load.columns), cells, strict=False)),
        text="" if row.is_whole else original,
        quarantined_at=row.quarantined_at,
    )


def _replayed(rows: Sequence[Held], load: LoadRow, *, desk: Desk, scratch: Path) -> Books:
    """Take the rows of one file in again, and move those that got through from one column of its books to another."""
    ids = ",".join(str(row.quarantine_id) for row in rows)
    sha256 = hashlib.sha256(f"replay:{load.sha256}:{ids}".encode()).hexdigest()
    columns = tuple(json.loads(load.columns))
    path = scratch / f"{sha256[:16]}.parquet"
    _write_cells(rows, columns, path=path, vault=desk.vault)
    schema = ibis.schema({LINE: "int64"} | dict.fromkeys(columns, "string"))
    wire = Wire(kind="csv", columns=columns)
    plain = Plain(name=load.file_name, path=path, sha256=sha256, n_bytes=path.stat().st_size)
    raw = RawFile(plain=plain, wire=wire, rows=desk.engine.take_parquet(path, schema=schema), broken=())
    mapping = Mapping.model_validate_json(load.mapping)
    job = Job(raw=raw, mapping=mapping, source=load.source, sha256=sha256, scratch=scratch)
    taken = take(job, desk=desk, is_trial=False, keeps_held=False)
    _close(rows, load, taken, desk=desk)
    return taken.books


def _write_cells(rows: Iterable[Held], columns: tuple[str, ...], *, path: Path, vault: Safe) -> None:
    schema = pa.schema([(LINE, pa.int64()), *((name, pa.string()) for name in columns)])
    cells = [
        {LINE: row.line_no}
        | dict(zip(columns, json.loads(vault.unseal(row.original, purpose=SEALED_FOR)), strict=True))
        for row in rows
    ]
    pq.write_table(pa.Table.from_pylist(cells, schema), path)


def _close(rows: Sequence[Held], load: LoadRow, taken: Taken, *, desk: Desk) -> None:
    """In one transaction: the rows leave the quarantine, and the books of their file say where they went."""
    gone = [row.quarantine_id for row in rows if row.line_no not in taken.held_lines]
    n_gone = taken.books.n_stored + taken.books.n_duplicate
    books = replace(
        load,
        n_stored=load.n_stored + taken.books.n_stored,
        n_duplicate=load.n_duplicate + taken.books.n_duplicate,
        n_quarantined=load.n_quarantined - n_gone,
    )
    with desk.database.begin() as connection:
        books_rows.mark_replayed(connection, quarantine_ids=gone, now=taken.load.known_at)
        books_rows.close_load(connection, books)
        books_rows.forget_load(connection, taken.load)
