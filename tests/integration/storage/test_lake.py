"""The lake, in a folder and in a bucket: versions, transactions, merges, compaction, vacuum; two writers, a full disk."""

from __future__ import annotations

import resource
import signal
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow.parquet as pq
import pytest

from aimwell.storage.engines import Engine
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.errors import AnotherWriter, DiskFull, TableMissing, VersionMissing
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import TableSpec, Txn

from .orders_table import SPEC, parcels

pytestmark = pytest.mark.both_engines

LIST = TableSpec(name="links", schema=ibis.schema({"a": "int64", "b": "int64"}))
LINKS = ibis.memtable([{"a": 1, "b": 2}], schema=LIST.schema)
BEFORE = [("a", 1, datetime(2024, 1, 5), None), ("b", 2, datetime(2024, 1, 6), None)]


def contents(lake: Lake, *, version: int | None = None) -> list[tuple[Any, ...]]:
    table = lake.table(SPEC.name, version=version)
    return [tuple(row.values()) for row in lake.engine.rows(table.order_by("parcel_id", "sent_at"))]


def people_in(lake: Lake, path: str) -> list[int]:
    with lake.place.open(path) as file:
        people: list[int] = pq.read_table(file, columns=["person_id"]).column(0).to_pylist()
    return people


@pytest.fixture
def filled(lake: Lake) -> Lake:
    lake.append(SPEC, parcels(("a", 1, "2024-01-05"), ("b", 2, "2024-01-06")))
    return lake


def test_a_new_table_is_empty_and_typed(lake: Lake) -> None:
    lake.create(SPEC)
    assert contents(lake) == []
    assert lake.table(SPEC.name).schema() == SPEC.schema


def test_append_with_the_same_transaction_is_a_no_op(lake: Lake) -> None:
    first = lake.append(SPEC, parcels(("a", 1, "2024-01-05")), txn=Txn(app_id="load:1"))
    again = lake.append(SPEC, parcels(("a", 1, "2024-01-05")), txn=Txn(app_id="load:1"))
    assert (first.n_rows, first.is_repeat) == (1, False)
    assert (again.n_rows, again.is_repeat, again.version) == (0, True, first.version)
    assert len(contents(lake)) == 1


def test_merge_closes_old_rows_and_keeps_them_as_history(filled: Lake) -> None:
    new = parcels(("a", 1, "2024-02-03"), ("c", 3, "2024-03-01"))
    filled.merge(SPEC, new, on=("parcel_id",), supersede=datetime(2024, 5, 1))
    assert contents(filled) == [
        ("a", 1, datetime(2024, 1, 5), datetime(2024, 5, 1)),
        ("a", 1, datetime(2024, 2, 3), None),
        BEFORE[1],
        ("c", 3, datetime(2024, 3, 1), None),
    ]


def test_merge_without_history_replaces(filled: Lake) -> None:
    filled.merge(SPEC, parcels(("b", 9, "2024-03-01")), on=("parcel_id",))
    assert contents(filled) == [BEFORE[0], ("b", 9, datetime(2024, 3, 1), None)]


def test_merge_leaves_months_without_matches_alone(filled: Lake) -> None:
    filled.append(SPEC, parcels(("x", 5, "2023-07-01")))
    (july,) = [path for path in filled.paths(SPEC.name) if "/month=2023-07/" in path]
    filled.merge(SPEC, parcels(("a", 1, "2024-02-03")), on=("parcel_id",))
    assert july in filled.paths(SPEC.name)


def test_older_versions_stay_readable_until_vacuumed(filled: Lake) -> None:
    filled.overwrite(SPEC, parcels(("z", 7, "2024-04-01")))
    assert contents(filled, version=1) == BEFORE
    filled.vacuum(SPEC.name, keep_hours=0)
    assert contents(filled) == [("z", 7, datetime(2024, 4, 1), None)]
    with pytest.raises(VersionMissing, match="older ones may be vacuumed"):
        contents(filled, version=1)


def test_compaction_keeps_the_rows_and_leaves_one_sorted_file_a_month(filled: Lake) -> None:
    filled.append(SPEC, parcels(("c", 0, "2024-01-31")))
    filled.compact(SPEC)
    (path,) = filled.paths(SPEC.name)
    assert people_in(filled, path) == [0, 1, 2]
    assert filled.compact(SPEC) is None


def test_files_are_clustered_by_person_inside_a_month(lake: Lake) -> None:
    lake.append(SPEC, parcels(("a", 3, "2024-01-05"), ("b", 1, "2024-01-06"), ("c", 2, "2024-02-01")))
    january, february = lake.paths(SPEC.name)
    assert people_in(lake, january) == [1, 3]
    assert people_in(lake, february) == [2]


def test_a_lake_may_be_named_by_a_relative_path(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lake = Lake(Path("lake"), engine=engine)
    lake.append(SPEC, parcels(("a", 1, "2024-01-05")))
    lake.overwrite(SPEC, parcels(("b", 2, "2024-01-06")))
    assert contents(lake) == [("b", 2, datetime(2024, 1, 6), None)]


def test_missing_tables_and_versions_are_named(lake: Lake) -> None:
    with pytest.raises(TableMissing, match="no lake table `parcels`"):
        lake.table(SPEC.name)
    lake.create(SPEC)
    with pytest.raises(VersionMissing, match="no version 9; versions 0 to 0"):
        lake.table(SPEC.name, version=9)


def test_a_lake_may_lie_in_a_folder_of_any_name(tmp_path: Path, engine: Engine) -> None:
    lake = Lake(tmp_path / "Ann's 店, 50% #1", engine=engine)
    lake.append(SPEC, parcels(("a", 1, "2024-01-05"), ("b", 2, "2024-01-06")))
    lake.merge(SPEC, parcels(("b", 9, "2024-03-01")), on=("parcel_id",))
    lake.compact(SPEC)
    lake.vacuum(SPEC.name, keep_hours=0)
    assert contents(lake) == [BEFORE[0], ("b", 9, datetime(2024, 3, 1), None)]
    assert lake.names() == [SPEC.name]


def test_the_tables_are_listed(lake: Lake) -> None:
    assert lake.names() == []
    lake.create(LIST)
    lake.create(SPEC)
    assert lake.names() == ["links", "parcels"]


def test_a_table_without_months_is_replaced_and_compacted_too(lake: Lake) -> None:
    lake.append(LIST, LINKS, txn=Txn(app_id="first"))
    lake.append(LIST, ibis.memtable([{"a": 3, "b": 4}], schema=LIST.schema))
    lake.compact(LIST)
    assert len(lake.paths(LIST.name)) == 1
    lake.merge(LIST, ibis.memtable([{"a": 3, "b": 5}], schema=LIST.schema), on=("a",))
    assert lake.engine.rows(lake.table(LIST.name).order_by("a")) == [{"a": 1, "b": 2}, {"a": 3, "b": 5}]
    assert lake.overwrite(LIST, LINKS, txn=Txn(app_id="first")).is_repeat
    assert lake.merge(LIST, LINKS, on=("a",), txn=Txn(app_id="first")).is_repeat


def test_files_deeper_down_are_of_the_month_of_their_folder(
    filled: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_in_folders_of_their_own(filled, monkeypatch)
    filled.append(SPEC, parcels(("c", 0, "2024-01-31"), ("d", 4, "2024-02-01")))
    filled.compact(SPEC)
    # The two January files lay in different folders; February had only one.
    assert sorted(people_in(filled, path) for path in filled.paths(SPEC.name)) == [[0, 1, 2], [4]]
    filled.merge(SPEC, parcels(("d", 5, "2024-02-02")), on=("parcel_id",))
    assert [row[:2] for row in contents(filled)] == [("a", 1), ("b", 2), ("c", 0), ("d", 5)]


def write_in_folders_of_their_own(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine put the files of each write where executors put them: in a folder of this write."""
    plain = lake.engine.write_parquet

    def deeper(rows: ir.Table, folder: str, **how: Any) -> list[str]:
        return plain(rows, f"{folder}/write-{uuid.uuid4().hex}", **how)

    monkeypatch.setattr(lake.engine, "write_parquet", deeper)


def test_vacuum_deletes_the_files_of_killed_writers_wherever_they_lie(
    filled: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = f"{filled.root}/{SPEC.name}"
    write_in_folders_of_their_own(filled, monkeypatch)
    filled.append(SPEC, parcels(("c", 3, "2024-02-01")))
    monkeypatch.setattr(filled, "_commit", killed)
    with pytest.raises(KilledError):
        filled.append(SPEC, parcels(("d", 4, "2024-02-01")))
    orphans = set(filled.place.files(table)) - set(filled.paths(SPEC.name))
    orphans = {path for path in orphans if "/_delta_log/" not in path}
    assert len(orphans) == 1
    filled.vacuum(SPEC.name, keep_hours=1)
    assert orphans <= set(filled.place.files(table))  # so young, its writer may still be at work
    filled.vacuum(SPEC.name, keep_hours=0)
    left = {path for path in filled.place.files(table) if "/_delta_log/" not in path}
    assert left == set(filled.paths(SPEC.name))
    assert [row[0] for row in contents(filled)] == ["a", "b", "c"]


class KilledError(Exception):
    """Stands in for the end of a writer between its files and its commit."""


def killed(*args: Any, **kwargs: Any) -> None:
    raise KilledError


@pytest.mark.parametrize("work", ["append", "merge", "overwrite", "compact"])
def test_of_two_writers_one_is_refused_and_nothing_is_lost(
    filled: Lake, work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.append(SPEC, parcels(("c", 3, "2024-01-07")))
    new = parcels(("a", 7, "2024-01-08"))
    loser = {
        "append": lambda: filled.append(SPEC, new, txn=Txn(app_id="loser")),
        "merge": lambda: filled.merge(SPEC, new, on=("parcel_id",), txn=Txn(app_id="loser")),
        "overwrite": lambda: filled.overwrite(SPEC, new, txn=Txn(app_id="loser")),
        "compact": lambda: filled.compact(SPEC),
    }[work]
    with monkeypatch.context() as patch:
        commit_while_it_writes(filled, patch)
        with pytest.raises(AnotherWriter, match="lake table `parcels`"):
            loser()
    assert [row[:2] for row in contents(filled)] == [("a", 8), ("b", 2), ("c", 3)]
    loser()
    expected = {
        "append": [("a", 8), ("a", 7), ("b", 2), ("c", 3)],
        "merge": [("a", 7), ("b", 2), ("c", 3)],
        "overwrite": [("a", 7)],
        "compact": [("a", 8), ("b", 2), ("c", 3)],
    }[work]
    assert sorted(row[:2] for row in contents(filled)) == sorted(expected)


def test_of_many_writers_at_once_exactly_one_commits(
    filled: Lake, tmp_path: Path, s3_options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(4)
    plain = Lake._commit

    def at_once(self: Lake, *args: Any, **how: Any) -> None:
        together.wait(timeout=60)
        plain(self, *args, **how)

    def append(person_id: int) -> str:
        folder = tmp_path / f"writer-{person_id}"
        with closing(
            DuckDBEngine(memory_limit="500MB", temp_folder=folder, threads=1, storage_options=s3_options)
        ) as engine:
            lake = Lake(filled.root, engine=engine, storage_options=s3_options)
            try:
                lake.append(SPEC, parcels(("new", person_id, "2024-02-01")))
            except AnotherWriter:
                return "refused"
            return "done"

    monkeypatch.setattr(Lake, "_commit", at_once)
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(append, range(4))) == ["done", "refused", "refused", "refused"]
    assert [row[0] for row in contents(filled)] == ["a", "b", "new"]


def commit_while_it_writes(lake: Lake, patch: pytest.MonkeyPatch) -> None:
    """Let another writer put ("a", 8) in place of ("a", 1) while the next one writes its files."""
    plain = lake.engine.write_parquet

    def slow(*args: Any, **how: Any) -> list[str]:
        patch.setattr(lake.engine, "write_parquet", plain)
        lake.merge(SPEC, parcels(("a", 8, "2024-01-06")), on=("parcel_id",), txn=Txn(app_id="winner"))
        return plain(*args, **how)

    patch.setattr(lake.engine, "write_parquet", slow)


@pytest.mark.never(
    "a limit on this process's files does not bind the executors", raises=pytest.fail.Exception
)
def test_a_full_disk_is_said_and_leaves_the_old_version(folder_lake: Lake) -> None:
    # RLIMIT_FSIZE makes the kernel refuse bytes past the limit, as a full disk would.
    many = ibis.range(200_000).unnest().name("i").as_table()
    rows = many.select(
        parcel_id=many.i.cast("string").hexdigest("md5"),
        person_id=many.i.cast("int64"),
        sent_at=ibis.timestamp("2024-01-01 00:00:00"),
        superseded_at=ibis.null("timestamp"),
    )
    folder_lake.append(SPEC, parcels(("a", 1, "2024-01-05")))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, hard))
    try:
        with pytest.raises(DiskFull, match="Nothing half-written is visible"):
            folder_lake.append(SPEC, rows)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert contents(folder_lake) == BEFORE[:1]
