"""The lake: tables whose every version is one atomic commit."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction

from aimwell.storage.engines import Engine, plain_timestamps
from aimwell.storage.errors import AnotherWriter, DiskFull, TableMissing, VersionMissing
from aimwell.storage.lake.model import Commit, TableSpec, Txn

__all__ = ["Lake"]

_MONTH = "month"  # hidden partition column: known to Delta, not to readers


class Lake:
    """Tables under one folder. Files are written first and become visible by one commit; a kill in between leaves none.

    Parameters
    ----------
    root
        Folder that holds one folder per table.
    engine
        Runs the reads and writes the files.
    """

    def __init__(self, root: Path, *, engine: Engine) -> None:
        self.root = root.resolve()  # Delta names files by their absolute path
        self.engine = engine

    # -- reading ------------------------------------------------------------------------------------------------

    def has_table(self, name: str) -> bool:
        """Say whether the table was made."""
        return DeltaTable.is_deltatable(str(self.root / name))

    def names(self) -> list[str]:
        """Return the names of all tables, sorted."""
        return (
            sorted(f.name for f in self.root.iterdir() if self.has_table(f.name))
            if self.root.exists()
            else []
        )

    def table(self, name: str, *, version: int | None = None) -> ir.Table:
        """Return the rows of the newest (or a given) version as an expression.

        Raises
        ------
        TableMissing
            If no such table was ever made.
        VersionMissing
            If this version never was, or was vacuumed.
        """
        delta = self._delta(name, version=version)
        paths = sorted(delta.file_uris())
        if version is not None and not all(Path(path).exists() for path in paths):
            raise VersionMissing(name=name, version=version, latest=self.version(name))
        return self.engine.read_parquet(paths, schema=_schema(delta))

    def version(self, name: str) -> int:
        """Return the newest version's number; the empty table is version 0."""
        return int(self._delta(name).version())

    def history(self, name: str) -> list[dict[str, Any]]:
        """Return the commits, newest first, as Delta keeps them."""
        return list(self._delta(name).history())

    def has_txn(self, name: str, txn: Txn) -> bool:
        """Say whether this piece of work is already in the table."""
        if not self.has_table(name):
            return False
        done = self._delta(name).transaction_version(txn.app_id)
        return done is not None and done >= txn.version

    # -- writing ------------------------------------------------------------------------------------------------

    def create(self, spec: TableSpec) -> None:
        """Make the empty table; a no-op if it is there."""
        if not self.has_table(spec.name):
            folder = self.root / spec.name
            folder.mkdir(parents=True, exist_ok=True)
            fields = list(spec.schema.to_pyarrow())
            if spec.month_of:
                fields.append(pa.field(_MONTH, pa.string()))
            DeltaTable.create(
                str(folder),
                pa.schema(fields),
                mode="ignore",
                partition_by=[_MONTH] if spec.month_of else None,
            )
            _sync_log(folder)

    def append(self, spec: TableSpec, rows: ir.Table, *, txn: Txn | None = None) -> Commit:
        """Add rows; a no-op if `txn` is already in the table."""
        return self._write(spec, rows, replacing=(), txn=txn)

    def overwrite(self, spec: TableSpec, rows: ir.Table, *, txn: Txn | None = None) -> Commit:
        """Replace all rows; earlier versions stay readable until vacuumed."""
        self.create(spec)
        return self._write(spec, rows, replacing=self._delta(spec.name).file_uris(), txn=txn)

    def merge(
        self,
        spec: TableSpec,
        rows: ir.Table,
        *,
        on: Sequence[str],
        supersede: datetime | None = None,
        txn: Txn | None = None,
    ) -> Commit:
        """Add rows in place of those with equal key; only files that hold such rows are written anew.

        Parameters
        ----------
        spec
            The table.
        rows
            New rows; keys are unique among them. A null in a key matches nothing.
        on
            The key columns.
        supersede
            If given, replaced rows stay as history: their `superseded_at` becomes this moment, and rows that already
            carry one are never matched.
        txn
            Names the work; if it is already in the table, nothing is done.
        """
        self.create(spec)
        if txn is not None and self.has_txn(spec.name, txn):
            return Commit(table=spec.name, version=self.version(spec.name), is_repeat=True)
        if not self._delta(spec.name).file_uris():
            return self._write(spec, rows, replacing=(), txn=txn)
        with self.engine.stage(_conformed(rows, spec)) as incoming:
            touched = self._files_holding(spec, incoming, on=on, only_open=supersede is not None)
            if not touched:
                return self._write(spec, incoming, replacing=(), txn=txn)
            old = self.engine.read_parquet(touched, schema=spec.schema)
            kept = (
                _closed(old, incoming, on=on, at=supersede)
                if supersede
                else old.anti_join(incoming, list(on))
            )
            return self._write(spec, kept.union(incoming), replacing=touched, txn=txn)

    def compact(self, spec: TableSpec) -> Commit | None:
        """Rewrite every month that has more than one file as one sorted file; contents stay the same."""
        by_folder: dict[str, list[str]] = {}
        for uri in sorted(self._delta(spec.name).file_uris()):
            by_folder.setdefault(str(Path(uri).parent), []).append(uri)
        crowded = [uri for uris in by_folder.values() if len(uris) > 1 for uri in uris]
        if not crowded:
            return None
        rows = self.engine.read_parquet(crowded, schema=spec.schema)
        return self._write(spec, rows, replacing=crowded, txn=None, is_same_data=True)

    def vacuum(self, name: str, *, keep_hours: int) -> list[str]:
        """Delete files that no version younger than `keep_hours` names; returns their paths."""
        return list(
            self._delta(name).vacuum(
                retention_hours=keep_hours, dry_run=False, enforce_retention_duration=False
            )
        )

    # -- inside -------------------------------------------------------------------------------------------------

    def _delta(self, name: str, *, version: int | None = None) -> DeltaTable:
        if not self.has_table(name):
            raise TableMissing(name=name, folder=str(self.root))
        try:
            return DeltaTable(str(self.root / name), version=version)
        except DeltaError as exc:
            latest = DeltaTable(str(self.root / name)).version()
            raise VersionMissing(name=name, version=version, latest=latest) from exc

    def _files_holding(
        self, spec: TableSpec, keys: ir.Table, *, on: Sequence[str], only_open: bool
    ) -> list[str]:
        """Return the committed files of every month in which a row with one of these keys lies."""
        delta = self._delta(spec.name)
        uris = sorted(delta.file_uris())
        old = self.engine.read_parquet(uris, schema=spec.schema)
        if only_open:
            old = old.filter(old.superseded_at.isnull())
        matched = old.semi_join(keys, list(on))
        if spec.month_of is None:
            return uris if self.engine.rows(matched.limit(1).select(on[0])) else []
        months = matched.select(month=matched[spec.month_of].strftime("%Y-%m")).distinct()
        folders = {f"{_MONTH}={row['month']}" for row in self.engine.rows(months)}
        return [uri for uri in uris if Path(uri).parent.name in folders]

    def _write(
        self,
        spec: TableSpec,
        rows: ir.Table,
        *,
        replacing: Iterable[str],
        txn: Txn | None,
        is_same_data: bool = False,
    ) -> Commit:
        self.create(spec)
        if txn is not None and self.has_txn(spec.name, txn):
            return Commit(table=spec.name, version=self.version(spec.name), is_repeat=True)
        folder = self.root / spec.name
        paths = self.engine.write_parquet(
            _conformed(rows, spec), folder, month_of=spec.month_of, cluster_by=spec.cluster_by
        )
        added = [_added(path, folder=folder, is_new_data=not is_same_data) for path in paths]
        n_rows = sum(n for _, n in added)
        removed = [_removed(Path(uri), folder=folder, is_new_data=not is_same_data) for uri in replacing]
        self._commit(spec, [action for action, n in added if n] + removed, txn=txn)
        return Commit(table=spec.name, version=self.version(spec.name), n_rows=n_rows)

    def _commit(self, spec: TableSpec, actions: list[AddAction | RemoveAction], *, txn: Txn | None) -> None:
        delta = self._delta(spec.name)
        marks = [Transaction(txn.app_id, txn.version)] if txn else None
        try:
            delta.create_write_transaction(
                actions,
                mode="append",
                schema=delta.schema(),
                partition_by=[_MONTH] if spec.month_of else None,
                commit_properties=CommitProperties(app_transactions=marks, max_commit_retries=0),
            )
        except CommitFailedError as exc:
            raise AnotherWriter(what=f"lake table `{spec.name}`") from exc
        except OSError as exc:
            if "No space left" in str(exc):
                raise DiskFull(what=f"lake table `{spec.name}`") from exc
            raise
        _sync_log(self.root / spec.name)


def _schema(delta: DeltaTable) -> ibis.Schema:
    fields = [f for f in pa.schema(delta.schema().to_arrow()) if f.name != _MONTH]
    return plain_timestamps(ibis.Schema.from_pyarrow(pa.schema(fields)))


def _conformed(rows: ir.Table, spec: TableSpec) -> ir.Table:
    return rows.select(**{name: rows[name].cast(dtype) for name, dtype in spec.schema.items()})


def _closed(old: ir.Table, incoming: ir.Table, *, on: Sequence[str], at: datetime) -> ir.Table:
    """Return all old rows, with `superseded_at` set on the open ones whose key comes anew."""
    keys = incoming.select(*on).distinct()
    keys = keys.mutate(is_replaced=ibis.literal(value=True)).rename({f"new_{k}": k for k in on})
    both = old.left_join(keys, [old[k] == keys[f"new_{k}"] for k in on])
    closes = both.superseded_at.isnull() & both.is_replaced.notnull()
    ends_at = ibis.ifelse(closes, ibis.literal(at).cast("timestamp"), both.superseded_at)
    return both.mutate(superseded_at=ends_at).select(*old.columns)


def _added(path: Path, *, folder: Path, is_new_data: bool) -> tuple[AddAction, int]:
    """Make a written file durable and return the action that commits it, with its row count."""
    _sync(path)
    n_rows = pq.read_metadata(path).num_rows
    inside = path.relative_to(folder)
    month = inside.parent.name.removeprefix(f"{_MONTH}=")
    action = AddAction(
        path=inside.as_posix(),
        size=path.stat().st_size,
        partition_values={_MONTH: month} if month else {},
        modification_time=int(path.stat().st_mtime * 1000),
        data_change=is_new_data,
        stats=f'{{"numRecords": {n_rows}}}',
    )
    return action, n_rows


def _removed(path: Path, *, folder: Path, is_new_data: bool) -> RemoveAction:
    inside = path.relative_to(folder)
    month = inside.parent.name.removeprefix(f"{_MONTH}=")
    return RemoveAction(
        path=inside.as_posix(),
        data_change=is_new_data,
        deletion_timestamp=int(time.time() * 1000),
        size=path.stat().st_size,
        partition_values={_MONTH: month} if month else {},
    )


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_log(folder: Path) -> None:
    """Make the newest commit durable: its file, then the folder that names it."""
    log = folder / "_delta_log"
    newest = max(log.glob("*.json"), default=None)
    if newest is not None:
        _sync(newest)
        _sync(log)
