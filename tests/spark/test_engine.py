"""The engine on a cluster: nothing personal passes the driver, nothing half-written is seen, and failures are said."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyspark
import pytest
from pyspark.sql.connect.session import SparkSession

from aimwell.base.clock import FixedClock
from aimwell.intake.facts import FACTS
from aimwell.portraits.service import build_portraits, snapshot_rows
from aimwell.predict.value.service import fit_value, score_value
from aimwell.storage.engines import spark_session as sessions
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.engines.spark import SparkEngine
from aimwell.storage.errors import (
    JavaMissing,
    PathNotShared,
    SparkUnreachable,
    SparkVersions,
    WorkerLost,
)
from aimwell.storage.lake.lake import Lake
from spark_cluster import Cluster, ConnectServer

pytestmark = pytest.mark.spark

AS_OF = datetime(2025, 1, 1)


@pytest.fixture
def connected(spark_connect: ConnectServer, tmp_path: Path) -> Iterator[SparkEngine]:
    """Open an engine through Spark Connect."""
    with connect(spark_connect) as session:
        yield engine_on(session, tmp_path)


@contextmanager
def connect(server: ConnectServer) -> Iterator[SparkSession]:
    session = SparkSession.builder.remote(server.url).create()
    try:
        yield session
    finally:
        session.stop()


def engine_on(session: SparkSession, folder: Path) -> SparkEngine:
    door = DuckDBEngine(memory_limit="1GB", temp_folder=folder, threads=1)
    return SparkEngine(session, scratch=str(folder / "scratch"), door=door)


def orders(n_people: int) -> ir.Table:
    """Return six orders of each person in 2024, by arithmetic."""
    rows = ibis.range(n_people * 6).unnest().name("n").as_table()
    at = ibis.timestamp("2024-01-02 12:00:00") + (rows.n * 37 % 360).cast("int32").as_interval("D")
    known = {
        "source": ibis.literal("drawn"),
        "order_id": rows.n.cast("string"),
        "person_id": rows.n % n_people + 1,
        "known_at": at,
        "ordered_at": at,
        "local_at": at,
        "status": ibis.literal("completed"),
        "n_lines": ibis.literal(0),
        "items_minor": rows.n % 5_000 + 100,
    }
    schema = FACTS["orders"].schema
    return rows.select(**{name: known.get(name, ibis.null(t)).cast(t) for name, t in schema.items()})


def shop_of(n_people: int, folder: Path, engine: SparkEngine) -> Lake:
    lake = Lake(folder, engine=engine)
    for spec in FACTS.values():
        lake.create(spec)
    lake.append(FACTS["orders"], orders(n_people))
    return lake


def work(lake: Lake) -> None:
    build_portraits(lake=lake, as_of=AS_OF, known_at=AS_OF, built_at=AS_OF)
    fit_value(lake=lake, clock=FixedClock(AS_OF), as_of=AS_OF, margin_rate=0.3, time_zone="Europe/Berlin")
    score_value(lake=lake, as_of=AS_OF, time_zone="Europe/Berlin")


def test_people_do_not_pass_through_the_driver(connected, tmp_path) -> None:
    collected = []
    for n_people in (500, 20_000):
        before = connected.collected_bytes
        lake = shop_of(n_people, tmp_path / f"lake-{n_people}", connected)
        work(lake)
        collected.append(connected.collected_bytes - before)
        assert connected.rows(snapshot_rows(lake=lake).count().name("n").as_table()) == [{"n": n_people}]
    assert collected[1] < 3 * collected[0]  # of forty times the people
    assert collected[1] < 20_000 * 8  # not even one number of each


def test_a_job_that_is_cut_off_leaves_nothing_visible_and_is_done_again(connected, tmp_path) -> None:
    lake = shop_of(50, tmp_path / "lake", connected)
    spec = FACTS["orders"]
    # The last row cannot be made: a job that fails after other files of it were written.
    rows = orders(300)
    broken = rows.mutate(
        items_minor=ibis.ifelse(rows.order_id == "1799", (rows.source + rows.order_id).cast("int64"), 1)
    )
    with pytest.raises(Exception, match="CAST_INVALID_INPUT"):
        lake.append(spec, broken)
    assert lake.version(spec.name) == 1
    assert connected.rows(lake.table(spec.name).count().name("n").as_table()) == [{"n": 300}]
    assert lake.append(spec, rows).n_rows == 1_800
    lake.vacuum(spec.name, keep_hours=0)
    assert set(lake.place.files(f"{lake.root}/{spec.name}")) >= set(lake.paths(spec.name))
    assert len([p for p in lake.place.files(f"{lake.root}/{spec.name}") if p.endswith(".parquet")]) == len(
        lake.paths(spec.name)
    )


def test_portraits_survive_the_loss_of_a_worker(tmp_path) -> None:
    conf = {"spark.shuffle.io.retryWait": "1s", "spark.sql.shuffle.partitions": "8"}
    with (
        Cluster(workers=2) as cluster,
        ConnectServer(cluster.master_url, conf=conf) as server,
        connect(server) as session,
        ThreadPoolExecutor(1) as thread,
    ):
        lake = shop_of(2_000, tmp_path / "lake", engine_on(session, tmp_path))
        shutil.copytree(tmp_path / "lake", tmp_path / "usual")
        before = cluster.finished_tasks()
        job = thread.submit(build_portraits, lake=lake, as_of=AS_OF, known_at=AS_OF, built_at=AS_OF)
        until = time.monotonic() + 120
        while min(now - then for now, then in zip(cluster.finished_tasks(), before, strict=True)) < 5:
            assert time.monotonic() < until
            time.sleep(0.05)
        cluster.kill_worker(0)
        assert not job.done()
        job.result()
        found = lake.engine.arrow(snapshot_rows(lake=lake).order_by("person_id"))
    with closing(DuckDBEngine(memory_limit="1GB", temp_folder=tmp_path, threads=2)) as usual:
        lake = Lake(tmp_path / "usual", engine=usual)
        build_portraits(lake=lake, as_of=AS_OF, known_at=AS_OF, built_at=AS_OF)
        assert found.equals(usual.arrow(snapshot_rows(lake=lake).order_by("person_id")))


def test_no_folder_of_the_engine_is_left(connected, tmp_path) -> None:
    with connected.stage(orders(5)) as staged:
        assert len(connected.rows(staged)) == 30
    list(connected.batches(orders(5)))
    connected.close()
    assert not [path for path in (tmp_path / "scratch").rglob("*") if path.is_file()]


def test_a_worker_out_of_memory_is_said(spark_cluster: Cluster, tmp_path) -> None:
    conf = {"spark.cores.max": "1", "spark.task.maxFailures": "1", "spark.executor.memory": "512m"}
    with (
        ConnectServer(spark_cluster.master_url, conf=conf) as server,
        connect(server) as session,
    ):
        engine = engine_on(session, tmp_path)
        many = ibis.range(4).unnest().name("n").as_table()
        large = many.mutate(size=ibis.range(many.n * 0, many.n + 150_000_000).length())
        with pytest.raises(WorkerLost, match=r"OutOfMemoryError|exited with code 52") as caught:
            engine.rows(large.agg(most=large["size"].max()))
        assert "spark.executor.memory" in str(caught.value)


def test_a_folder_that_workers_do_not_see_is_said(tmp_path) -> None:
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("only root can hide a folder from a worker")
    (tmp_path / "shop").mkdir()
    with Cluster(workers=0) as cluster:
        cluster.start_worker(blind_to=tmp_path / "shop")
        with (
            ConnectServer(cluster.master_url) as server,
            connect(server) as session,
        ):
            engine = engine_on(session, tmp_path / "shop")
            lake = Lake(tmp_path / "shop" / "lake", engine=engine)
            with pytest.raises(PathNotShared, match="0 of 6 rows"):
                lake.append(FACTS["orders"], orders(1))
            assert lake.paths("orders") == []
            usual = DuckDBEngine(memory_limit="1GB", temp_folder=tmp_path, threads=1)
            with closing(usual):
                Lake(tmp_path / "shop" / "lake", engine=usual).append(FACTS["orders"], orders(1))
            with pytest.raises(PathNotShared, match="same files"):
                engine.rows(lake.table("orders"))


def test_nobody_there_is_said_at_once(tmp_path) -> None:
    for url in ("spark://127.0.0.1:1", "sc://127.0.0.1:1"):
        opened = sessions.spark_session(url, options={}, memory="1GB", log=tmp_path / "log")
        with pytest.raises(SparkUnreachable, match="refused"), opened:
            pass


def test_a_missing_java_is_said(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    opened = sessions.spark_session("local[1]", options={}, memory="1GB", log=tmp_path / "log")
    with pytest.raises(JavaMissing, match=r"Java 17 or newer .*JAVA_HOME.* none"), opened:
        pass


def test_an_old_java_is_said(tmp_path, monkeypatch) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    opened = sessions.spark_session("local[1]", options={}, memory="1GB", log=tmp_path / "log")
    with pytest.raises(JavaMissing, match=r"has openjdk version \"11"), opened:
        pass


def test_a_server_of_another_version_is_said(spark_connect: ConnectServer, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(pyspark, "__version__", "5.0.0")
    opened = sessions.spark_session(spark_connect.url, options={}, memory="1GB", log=tmp_path / "log")
    with pytest.raises(SparkVersions, match=r"does not take PySpark 5\.0\.0"), opened:
        pass


def test_a_master_without_free_workers_is_said(spark_cluster: Cluster, tmp_path) -> None:
    # In a process of its own, because a driver of this one may be at work.
    script = """
import sys
from pathlib import Path
from aimwell.storage.engines import spark_session as sessions
sessions._PATIENCE = 3
loopback = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1", "spark.executor.memory": "64g"}
try:
    with sessions.spark_session(sys.argv[1], options=loopback, memory="1GB", log=Path(sys.argv[2])):
        pass
except sessions.NoExecutors as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, spark_cluster.master_url, str(tmp_path / "log")],
        env={name: value for name, value in os.environ.items() if "SPARK_" not in name},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "gave no executor within 3 s" in done.stdout, done.stderr
    assert done.stderr == ""
