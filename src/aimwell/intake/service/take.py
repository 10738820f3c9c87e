"""Take one file in: read, admit its accounts, judge its rows, write them exactly once, close its books."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from collections.abc import Mapping as Map
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from aimwell.base.words import text
from aimwell.intake import rows as books_rows
from aimwell.intake.errors import HeaderOnly
from aimwell.intake.formats.model import LINE, Broken, RawFile
from aimwell.intake.mapping.model import Mapping
from aimwell.intake.model import Books
from aimwell.intake.rows import Held, LoadRow
from aimwell.intake.service.desk import Desk
from aimwell.intake.service.grains import Batch, Outcome, outcome_of
from aimwell.intake.service.notes import Columns, reader_of
from aimwell.intake.tables import cells as cell_tables
from aimwell.intake.tables import changes, people
from aimwell.intake.tables.orders import Terms
from aimwell.storage.lake.model import Txn

__all__ = ["SEALED_FOR", "Job", "Taken", "cells_of", "load_row", "take"]

SEALED_FOR = "intake quarantine"
_BATCH_ROWS = 20_000
_WHO = {"account_key": "string", "account_key_kind": "string", "account_id": "string", "person_id": "int64"}


@dataclass(frozen=True, kw_only=True)
class Job:
    """One file to take in.

    Attributes
    ----------
    raw
        Its rows in the engine.
    mapping
        Bound to its columns.
    source
        Scope of its ids.
    sha256
        Names the content: the same is never taken in twice.
    scratch
        Folder of this load.
    links
        link_key and linked_key, if another file says whose records its account keys are.
    """

    raw: RawFile
    mapping: Mapping
    source: str
    sha256: str
    scratch: Path
    links: ir.Table | None = None


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What taking a file in did; `held_lines` are known of a replay only."""

    books: Books
    tables: Map[str, int]
    reasons: Map[str, int]
    load: LoadRow
    held_lines: frozenset[int] = frozenset()


def take(job: Job, *, desk: Desk, is_trial: bool, keeps_held: bool = True) -> Taken:
    """Take a file in; a trial judges every row the same way and writes nothing.

    Parameters
    ----------
    job
        The file.
    desk
        Where it goes.
    is_trial
        Write nothing.
    keeps_held
        Put unusable rows into quarantine and close the books; a replay does neither here.
    """
    with ExitStack() as stack:
        load = load_row(job, desk=desk)
        cells = stack.enter_context(desk.engine.stage(cells_of(job, desk=desk, stack=stack)))
        if not is_trial:
            with desk.database.begin() as connection:
                books_rows.open_load(connection, load)
        batch = Batch(
            desk=desk,
            stack=stack,
            mapping=job.mapping,
            terms=_terms(job.mapping, desk=desk),
            cells=cells,
            who=_trial_accounts(cells) if is_trial else _accounts(cells, job, desk=desk),
            source=job.source,
            load_id=load.load_id,
            known_at=load.known_at,
            is_trial=is_trial,
        )
        outcome = outcome_of(batch)
        judged = batch.stage(outcome.judged)
        books, reasons = _counted(judged, job.raw.broken, desk=desk)
        closed = replace(load, state="done", **vars(books))
        if is_trial:
            return Taken(books=books, tables={}, reasons=reasons, load=closed)
        taken = Taken(books=books, tables=_written(batch, outcome, job), reasons=reasons, load=closed)
        if keeps_held:
            _closed(closed, judged, job, desk=desk)
            return taken
        held = desk.engine.rows(judged.filter(judged.reason.notnull()).select("line_no"))
        return replace(taken, held_lines=frozenset(row["line_no"] for row in held))


def load_row(job: Job, *, desk: Desk) -> LoadRow:
    """Return the books row of this load: the one it began with if it was cut off, else a new one."""
    with desk.database.read() as connection:
        begun = books_rows.find_load(connection, source=job.source, sha256=job.sha256)
        if begun is not None and begun.state == "open":
            return begun
        last = books_rows.last_known_at(connection)
    now = desk.clock.now()
    return LoadRow(
        source=job.source,
        sha256=job.sha256,
        load_id=hashlib.sha256(f"{job.source}:{job.sha256}".encode()).hexdigest()[:16],
        file_name=job.raw.plain.name,
        mapping_name=job.mapping.name,
        mapping=job.mapping.model_dump_json(by_alias=True, exclude_defaults=True),
        columns=json.dumps(job.raw.wire.columns, ensure_ascii=False),
        known_at=now if last is None or last < now else last + timedelta(microseconds=1),
        state="open",
    )


def cells_of(job: Job, *, desk: Desk, stack: ExitStack) -> ir.Table:
    """Return the typed cells of a file.

    Raises
    ------
    HeaderOnly
        If it has no row at all, not even a broken one.
    AmbiguousDates
        If its dates can be read both ways.
    """
    raw = job.raw
    if not raw.broken and not desk.engine.rows(raw.rows.select(LINE).limit(1)):
        raise HeaderOnly(path=raw.plain.name, n_columns=len(raw.wire.columns))
    needed = [LINE, *Columns.of(job.mapping).all]
    reader = reader_of(
        raw.rows.select(*needed),
        job.mapping,
        engine=desk.engine,
        zone=desk.zone,
        file=raw.plain.name,
        stack=stack,
    )
    makers = {
        "product": cell_tables.product_cells,
        "customer": cell_tables.customer_cells,
        "link": cell_tables.customer_cells,
        "event": cell_tables.event_cells,
    }
    cells = makers.get(job.mapping.grain, cell_tables.order_cells)(reader, job.mapping)
    return cells if job.links is None else people.linked(cells, job.links)


def _terms(mapping: Mapping, *, desk: Desk) -> Terms:
    return Terms(
        currency=desk.currency,
        file_currency=mapping.reading.currency or desk.currency,
        zone=desk.zone,
        to_local=desk.engine.to_local,
        rates=desk.rates,
    )


def _trial_accounts(cells: ir.Table) -> ir.Table:
    """Return accounts under their own key: a trial admits nobody, and writes nothing that would show it."""
    if "account_key" not in cells.columns:
        return ibis.memtable(ibis.schema(_WHO).to_pyarrow().empty_table())
    seen = cells.filter(cells.account_key.notnull())
    named = seen.select(
        "account_key", "account_key_kind", account_id="account_key", person_id=ibis.null("int64")
    )
    return named.distinct()


def _accounts(cells: ir.Table, job: Job, *, desk: Desk) -> ir.Table:
    """Admit every account of the file to the vault and return its ids: one row per account."""
    path = job.scratch / f"{job.sha256[:16]}-who.parquet"
    with pq.ParquetWriter(path, ibis.schema(_WHO).to_pyarrow()) as writer:
        if job.mapping.who.account is not None:
            coming = people.arrivals(cells, job.mapping, source=job.source)
            for batch in desk.engine.batches(coming, size=_BATCH_ROWS):
                for ids in desk.vault.admit([batch]):
                    writer.write_batch(_with_kind(ids, batch))
    return desk.engine.take_parquet(path, schema=ibis.schema(_WHO)).distinct()


def _with_kind(ids: pa.RecordBatch, batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [
        ids.column("account_key"),
        batch.column("account_key_kind"),
        ids.column("account_id"),
        ids.column("person_id"),
    ]
    arrays = [
        column.cast(kind) for column, kind in zip(columns, ibis.schema(_WHO).to_pyarrow().types, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=ibis.schema(_WHO).to_pyarrow())


def _counted(judged: ir.Table, broken: tuple[Broken, ...], *, desk: Desk) -> tuple[Books, dict[str, int]]:
    books = Books(**desk.engine.rows(changes.fates(judged))[0])
    held = judged.filter(judged.reason.notnull())
    reasons = {
        row["reason"]: row["n"] for row in desk.engine.rows(held.group_by("reason").agg(n=held.count()))
    }
    for line in broken:
        reasons[line.reason] = reasons.get(line.reason, 0) + 1
    total = books + Books(n_received=len(broken), n_quarantined=len(broken))
    return total, dict(sorted(reasons.items()))


def _written(batch: Batch, outcome: Outcome, job: Job) -> dict[str, int]:
    """Write every table in a transaction of its own, named by the load: a second time does nothing."""
    written: dict[str, int] = {}
    desk = batch.desk
    desk.progress.start(text("Storing"), total=len(outcome.writes), unit=text("tables"))
    for write in outcome.writes:
        desk.progress.advance(1)
        if not desk.engine.rows(write.rows.select(write.key).limit(1)):
            continue  # no empty versions
        rows = changes.with_provenance(
            write.rows, source=batch.source, load_id=batch.load_id, known_at=batch.known_at
        )
        commit = desk.lake.merge(
            write.spec,
            rows,
            on=("source", write.key),
            supersede=batch.known_at,
            txn=Txn(app_id=f"load:{batch.source}:{job.sha256}"),
        )
        written[write.spec.name] = commit.n_rows
    desk.progress.done()
    return written


def _closed(load: LoadRow, judged: ir.Table, job: Job, *, desk: Desk) -> None:
    """Put what could not be stored into quarantine and close the books, in one transaction."""
    with desk.database.begin() as connection:
        _hold(connection, _held_rows(load, judged, job, desk=desk))
        books_rows.close_load(connection, load)


def _hold(connection: sa.Connection, rows: Iterator[Held]) -> None:
    while batch := list(islice(rows, _BATCH_ROWS)):
        books_rows.add_held(connection, batch)


def _held_rows(load: LoadRow, judged: ir.Table, job: Job, *, desk: Desk) -> Iterator[Held]:
    """Yield every row that could not be stored, its original sealed."""

    def held(line_no: int, reason: str, detail: str, *, original: str, is_whole: bool) -> Held:
        return Held(
            source=load.source,
            sha256=load.sha256,
            line_no=line_no,
            reason=reason,
            detail=detail,
            is_whole=is_whole,
            original=desk.vault.seal(original.encode(), purpose=SEALED_FOR),
            quarantined_at=load.known_at,
        )

    for line in job.raw.broken:
        yield held(line.line_no, line.reason, "", original=line.text, is_whole=False)
    bad = judged.filter(judged.reason.notnull()).select("reason", "detail", held_line="line_no")
    originals = job.raw.rows.inner_join(bad, [(LINE, "held_line")]).drop("held_line")
    for batch in desk.engine.batches(originals, size=_BATCH_ROWS):
        for row in batch.to_pylist():
            cells = [None if row[name] is None else str(row[name]) for name in job.raw.wire.columns]
            original = json.dumps(cells, ensure_ascii=False)
            yield held(row[LINE], row["reason"], row["detail"], original=original, is_whole=True)
