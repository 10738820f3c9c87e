"""The lake: versions, transactions, merges, compaction; a killed or starved writer loses nothing."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow.parquet as pq
import pytest

from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.errors import DiskFull, TableMissing, VersionMissing
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import Txn

from .orders_table import SPEC, parcels

CRASH_WRITER = Path(__file__).with_name("crash_writer.py")
BEFORE = [("a", 1, datetime(2024, 1, 5), None), ("b", 2, datetime(2024, 1, 6), None)]
AFTER = [
    ("a", 1, datetime(2024, 1, 5), datetime(2024, 5, 1)),  # closed by the merge
    ("a", 1, datetime(2024, 2, 3), None),
    ("b", 2, datetime(2024, 1, 6), None),
    ("c", 3, datetime(2024, 3, 1), None),
]


def contents(lake: Lake, *, version: int | None = None) -> list[tuple[Any, ...]]:
    table = lake.table(SPEC.name, version=version)
    return [tuple(row.values()) for row in lake.engine.rows(table.order_by("parcel_id", "sent_at"))]


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
    assert contents(filled) == AFTER


def test_merge_without_history_replaces(filled: Lake) -> None:
    filled.merge(SPEC, parcels(("b", 9, "2024-03-01")), on=("parcel_id",))
    assert contents(filled) == [BEFORE[0], ("b", 9, datetime(2024, 3, 1), None)]


def test_merge_leaves_months_without_matches_alone(filled: Lake) -> None:
    filled.append(SPEC, parcels(("x", 5, "2023-07-01")))
    before = {p.name for p in (filled.root / SPEC.name / "month=2023-07").iterdir()}
    filled.merge(SPEC, parcels(("a", 1, "2024-02-03")), on=("parcel_id",))
    names = {Path(uri).name for uri in filled._delta(SPEC.name).file_uris()}
    assert before <= names


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
    (uri,) = filled._delta(SPEC.name).file_uris()
    assert pq.read_table(uri, partitioning=None).column("person_id").to_pylist() == [0, 1, 2]
    assert filled.compact(SPEC) is None


def test_files_are_clustered_by_person_inside_a_month(lake: Lake) -> None:
    lake.append(SPEC, parcels(("a", 3, "2024-01-05"), ("b", 1, "2024-01-06"), ("c", 2, "2024-02-01")))
    january, february = sorted(lake._delta(SPEC.name).file_uris())
    assert pq.read_table(january, partitioning=None).column("person_id").to_pylist() == [1, 3]
    assert pq.read_table(february, partitioning=None).column("person_id").to_pylist() == [2]


def test_a_lake_may_be_named_by_a_relative_path(
    tmp_path: Path, engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
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


def run_writer(folder: Path, *, kill_at: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CRASH_WRITER), str(folder), str(kill_at)],
        capture_output=True,
        text=True,
        check=False,
    )


def crash_everywhere(folder: Path, engine: DuckDBEngine, *, every: int) -> int:
    """Kill the writer at every N-th executed line of storage code; return how many kills there were."""

    def fresh(name: str) -> Lake:
        (folder / name / "tmp").mkdir(parents=True)
        lake = Lake(folder / name / "lake", engine=engine)
        lake.append(SPEC, parcels(("a", 1, "2024-01-05"), ("b", 2, "2024-01-06")))
        return lake

    fresh("dry")
    n_lines = int(run_writer(folder / "dry", kill_at=0).stdout)
    kills = range(1, n_lines, every)
    for line in kills:
        lake = fresh(f"kill-{line}")
        killed = run_writer(folder / f"kill-{line}", kill_at=line)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert contents(lake) in (BEFORE, AFTER), f"half-written after a kill at line {line} of {n_lines}"
        retried = run_writer(folder / f"kill-{line}", kill_at=0)
        assert retried.returncode == 0, retried.stderr
        assert contents(lake) == AFTER, f"the retry after a kill at line {line} of {n_lines} is wrong"
    return len(kills)


def test_a_killed_writer_leaves_the_old_version_and_a_retry_succeeds(
    tmp_path: Path, engine: DuckDBEngine
) -> None:
    assert crash_everywhere(tmp_path, engine, every=97) >= 3


@pytest.mark.deep
def test_a_writer_killed_at_any_line(tmp_path: Path, engine: DuckDBEngine) -> None:
    assert crash_everywhere(tmp_path, engine, every=1) >= 100


def test_a_full_disk_is_said_and_leaves_the_old_version(filled: Lake) -> None:
    # RLIMIT_FSIZE makes the kernel refuse bytes past the limit, as a full disk would.
    many = ibis.range(200_000).unnest().name("i").as_table()
    rows = many.select(
        parcel_id=many.i.cast("string").hexdigest("md5"),
        person_id=many.i.cast("int64"),
        sent_at=ibis.timestamp("2024-01-01 00:00:00"),
        superseded_at=ibis.null("timestamp"),
    )
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, hard))
    try:
        with pytest.raises(DiskFull, match="Nothing half-written is visible"):
            filled.append(SPEC, rows)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert contents(filled) == BEFORE
