"""The lake: tables whose every version is one atomic commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from aimwell.base.words import Sentence, text
from aimwell.storage.engines import Engine, plain_timestamps
from aimwell.storage.errors import AnotherWriter, DiskFull, TableMissing, VersionMissing
from aimwell.storage.lake.log import MONTH, LakeFile, added, committed, removed
from aimwell.storage.lake.model import Commit, TableSpec, Txn
from aimwell.storage.places import place_at

__all__ = ["Lake"]


class Lake:
    """Tables under one folder. Files are written first and become visible by one commit; a kill in between leaves none.

    Every write stands on the version that was the newest when it began; if another writer commits meanwhile, it
    changes nothing and raises `AnotherWriter`.

    Parameters
    ----------
    root
        Folder that holds one folder per table; a path, `s3://bucket/folder` or `hdfs://host:port/folder`.
    engine
        Runs the reads and writes the files; it must reach the folder by itself.
    storage_options
        How to open the store behind a URL, by the names that `deltalake` knows (AWS_ENDPOINT_URL, ...).

    Attributes
    ----------
    root
        Absolute path, or URL without a slash at its end.
    place
        Lists, describes and deletes files there.

    Raises
    ------
    UrlUnusable, DriverMissing
        If the URL can hold no lake, or its driver is not installed.
    """

    def __init__(
        self, root: Path | str, *, engine: Engine, storage_options: Mapping[str, str] | None = None
    ) -> None:
        self.place = place_at(root, options=storage_options)
        self.root = self.place.url
        self.engine = engine

    # -- reading ------------------------------------------------------------------------------------------------

    def has_table(self, name: str) -> bool:
        """Say whether the table was made.

        Raises
        ------
        StoreMissing, StoreDenied, StoreUnreachable
            If the lake is behind a URL and its store does not answer; so raise all the methods below.
        """
        with self.place.reached():
            return DeltaTable.is_deltatable(self._folder(name), storage_options=self.place.delta_options)

    def names(self) -> list[str]:
        """Return the names of all tables, sorted."""
        self.has_table("")  # says at once when nobody answers, where HDFS's own driver tries on for minutes
        return sorted(name for name in self.place.folders() if self.has_table(name))

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
        paths = [file.path for file in self._files(name, delta)]
        if version is not None and not set(paths).issubset(self.place.files(self._folder(name))):
            raise VersionMissing(name=name, version=version, latest=self.version(name))
        return self.engine.read_parquet(paths, schema=_schema(delta))

    def paths(self, name: str, *, version: int | None = None) -> list[str]:
        """Return the paths or URLs of the files of the newest (or a given) version, sorted."""
        return [file.path for file in self._files(name, self._delta(name, version=version))]

    def version(self, name: str) -> int:
        """Return the newest version's number; the empty table is version 0."""
        return int(self._delta(name).version())

    def history(self, name: str) -> list[dict[str, Any]]:
        """Return the commits, newest first, as Delta keeps them."""
        delta = self._delta(name)
        with self.place.reached():
            return list(delta.history())

    def has_txn(self, name: str, txn: Txn) -> bool:
        """Say whether this piece of work is already in the table."""
        try:
            return _holds(self._delta(name), txn)
        except TableMissing:
            return False

    # -- writing ------------------------------------------------------------------------------------------------

    def create(self, spec: TableSpec) -> None:
        """Make the empty table; a no-op if it is there."""
        if not self.has_table(spec.name):
            folder = self._folder(spec.name)
            self.place.make(folder)
            fields = list(spec.schema.to_pyarrow())
            if spec.month_of:
                fields.append(pa.field(MONTH, pa.string()))
            with self._committing(spec.name):
                DeltaTable.create(
                    folder,
                    pa.schema(fields),
                    mode="ignore",
                    partition_by=[MONTH] if spec.month_of else None,
                    storage_options=self.place.delta_options,
                )
            self._settle_log(spec.name, version=0)

    def append(self, spec: TableSpec, rows: ir.Table, *, txn: Txn | None = None) -> Commit:
        """Add rows; a no-op if `txn` is already in the table."""
        delta = self._opened(spec)
        if txn is not None and _holds(delta, txn):
            return _repeat(spec, delta)
        return self._write(spec, rows, over=delta, replacing=(), txn=txn)

    def overwrite(self, spec: TableSpec, rows: ir.Table, *, txn: Txn | None = None) -> Commit:
        """Replace all rows; earlier versions stay readable until vacuumed."""
        delta = self._opened(spec)
        if txn is not None and _holds(delta, txn):
            return _repeat(spec, delta)
        return self._write(spec, rows, over=delta, replacing=self._files(spec.name, delta), txn=txn)

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
        delta = self._opened(spec)
        if txn is not None and _holds(delta, txn):
            return _repeat(spec, delta)
        files = self._files(spec.name, delta)
        if not files:
            return self._write(spec, rows, over=delta, replacing=(), txn=txn)
        with self.engine.stage(_conformed(rows, spec)) as incoming:
            touched = self._holding(spec, files, incoming, on=on, only_open=supersede is not None)
            if not touched:
                return self._write(spec, incoming, over=delta, replacing=(), txn=txn)
            old = self._read(spec, touched)
            kept = (
                _closed(old, incoming, on=on, at=supersede)
                if supersede
                else old.anti_join(incoming, list(on))
            )
            return self._write(spec, kept.union(incoming), over=delta, replacing=touched, txn=txn)

    def compact(self, spec: TableSpec) -> Commit | None:
        """Rewrite every month that has more than one file as one sorted file; contents stay the same."""
        delta = self._delta(spec.name)
        by_month: dict[str | None, list[LakeFile]] = {}
        for file in self._files(spec.name, delta):
            by_month.setdefault(file.month, []).append(file)
        crowded = [file for files in by_month.values() if len(files) > 1 for file in files]
        if not crowded:
            return None
        rows = self._read(spec, crowded)
        return self._write(spec, rows, over=delta, replacing=crowded, txn=None, is_same_data=True)

    def vacuum(self, name: str, *, keep_hours: int) -> list[str]:
        """Delete older files that no version younger than `keep_hours` names, and those of killed writers.

        No other writer may be at work when `keep_hours` is shorter than its work. Returns the paths inside the table.
        """
        delta = self._delta(name)
        with self.place.reached():
            return list(
                delta.vacuum(
                    retention_hours=keep_hours,
                    dry_run=False,
                    enforce_retention_duration=False,
                    full=True,  # else the files that no commit ever named stay
                )
            )

    # -- inside -------------------------------------------------------------------------------------------------

    def _folder(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _delta(self, name: str, *, version: int | None = None) -> DeltaTable:
        try:
            with self.place.reached():
                return DeltaTable(
                    self._folder(name), version=version, storage_options=self.place.delta_options
                )
        except TableNotFoundError as exc:
            raise TableMissing(name=name, folder=self.root) from exc
        except DeltaError as exc:
            if version is None:
                raise
            raise VersionMissing(name=name, version=version, latest=self.version(name)) from exc

    def _opened(self, spec: TableSpec) -> DeltaTable:
        """Return the newest version of the table, made if need be: what the coming write stands on."""
        try:
            return self._delta(spec.name)
        except TableMissing:
            self.create(spec)
            return self._delta(spec.name)

    def _files(self, name: str, delta: DeltaTable) -> list[LakeFile]:
        with self.place.reached():
            return committed(delta, folder=self._folder(name))

    def _read(self, spec: TableSpec, files: Iterable[LakeFile]) -> ir.Table:
        return self.engine.read_parquet([file.path for file in files], schema=spec.schema)

    def _holding(
        self, spec: TableSpec, files: list[LakeFile], keys: ir.Table, *, on: Sequence[str], only_open: bool
    ) -> list[LakeFile]:
        """Return the files of every month in which a row with one of these keys lies."""
        old = self._read(spec, files)
        if only_open:
            old = old.filter(old.superseded_at.isnull())
        matched = old.semi_join(keys, list(on))
        if spec.month_of is None:
            return files if self.engine.rows(matched.limit(1).select(on[0])) else []
        found = matched.select(month=matched[spec.month_of].strftime("%Y-%m")).distinct()
        months = {row["month"] for row in self.engine.rows(found)}
        return [file for file in files if file.month in months]

    def _write(
        self,
        spec: TableSpec,
        rows: ir.Table,
        *,
        over: DeltaTable,
        replacing: Iterable[LakeFile],
        txn: Txn | None,
        is_same_data: bool = False,
    ) -> Commit:
        folder = self._folder(spec.name)
        paths = self.engine.write_parquet(
            _conformed(rows, spec), folder, month_of=spec.month_of, cluster_by=spec.cluster_by
        )
        self.place.settle(paths)
        facts = [file for file in self.place.described(paths) if file.n_rows]
        additions = added(
            facts, folder=folder, is_partitioned=spec.month_of is not None, is_new_data=not is_same_data
        )
        removals = removed(replacing, is_new_data=not is_same_data)
        version = int(over.version()) + 1  # this one or none: the commit is not tried on top of another's
        self._commit(spec, over, [*additions, *removals], txn=txn, version=version)
        return Commit(table=spec.name, version=version, n_rows=sum(f.n_rows for f in facts))

    def _commit(
        self,
        spec: TableSpec,
        over: DeltaTable,
        actions: Sequence[AddAction | RemoveAction],
        *,
        txn: Txn | None,
        version: int,
    ) -> None:
        marks = [Transaction(txn.app_id, txn.version)] if txn else None
        with self._committing(spec.name):
            over.create_write_transaction(
                list(actions),
                mode="append",
                schema=over.schema(),
                partition_by=[MONTH] if spec.month_of else None,
                commit_properties=CommitProperties(app_transactions=marks, max_commit_retries=0),
            )
        self._settle_log(spec.name, version=version)

    @contextmanager
    def _committing(self, name: str) -> Iterator[None]:
        try:
            with self.place.reached():
                yield
        except CommitFailedError as exc:
            raise AnotherWriter(what=_named(name)) from exc
        except OSError as exc:
            if "No space left" in str(exc):
                raise DiskFull(what=_named(name)) from exc
            raise

    def _settle_log(self, name: str, *, version: int) -> None:
        """Make a commit durable: its file, then the folder that names it."""
        log = f"{self._folder(name)}/_delta_log"
        self.place.settle([f"{log}/{version:020}.json", log])


def _holds(delta: DeltaTable, txn: Txn) -> bool:
    done = delta.transaction_version(txn.app_id)
    return done is not None and done >= txn.version


def _repeat(spec: TableSpec, delta: DeltaTable) -> Commit:
    return Commit(table=spec.name, version=int(delta.version()), is_repeat=True)


def _schema(delta: DeltaTable) -> ibis.Schema:
    fields = [f for f in pa.schema(delta.schema().to_arrow()) if f.name != MONTH]
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


def _named(table: str) -> Sentence:
    return Sentence(text("the lake table `{name}`"), {"name": table})
