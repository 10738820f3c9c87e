"""The cluster that tests run on is a real one: a job survives the loss of a worker, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import spark_cluster as tool
from spark_cluster import Cluster, ConnectServer, SparkStartError

pytestmark = pytest.mark.spark
TASKS = 40
ROWS_OF_TASK = 150_000
N_KEYS = 7


def wait_until(true: Callable[[], object]) -> None:
    """Wait for something that comes soon; give up after two minutes."""
    ends = time.monotonic() + 120
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.05)


def processes_of(folder: Path) -> list[str]:
    """Return the command lines, and so the processes, that name a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(folder).encode() in entry.read_bytes():
                found.append((entry.parent / "cmdline").read_text())
        except OSError:  # gone, or another user's
            continue
    return found


def test_a_job_that_loses_a_worker_ends_with_the_exact_result(tmp_path):
    from pyspark.sql.connect.session import SparkSession

    quickly = {"spark.shuffle.io.retryWait": "1s"}
    with (
        Cluster() as cluster,
        ConnectServer(cluster.master_url, conf=quickly) as server,
        ThreadPoolExecutor(1) as thread,
    ):
        session = SparkSession.builder.remote(server.url).create()
        rows = session.range(0, TASKS * ROWS_OF_TASK, 1, TASKS)
        digests = rows.selectExpr("id", f"id % {N_KEYS} AS key", "sha2(CAST(id AS STRING), 512) AS digest")
        sums = digests.where("digest >= ''").groupBy("key").agg({"id": "sum", "*": "count"})
        job = thread.submit(lambda: sums.write.parquet(str(tmp_path / "sums")))
        wait_until(lambda: all(n_tasks > 2 for n_tasks in cluster.finished_tasks()))
        cluster.kill_worker(0)
        assert sum(cluster.finished_tasks()) < TASKS
        assert not job.done()
        job.result()
        found = {row["key"]: (row["sum(id)"], row["count(1)"]) for row in read(session, tmp_path / "sums")}
        session.stop()
        assert "Lost executor" in (server.folder / "connect.log").read_text()
    expected = [range(key, TASKS * ROWS_OF_TASK, N_KEYS) for key in range(N_KEYS)]
    assert found == {key: (sum(ids), len(ids)) for key, ids in enumerate(expected)}


def read(session, folder: Path) -> list:
    return session.read.parquet(str(folder)).collect()


def test_a_stopped_cluster_leaves_no_process_and_no_folder():
    with Cluster(workers=1) as cluster:
        added = cluster.start_worker()
        assert len(cluster.workers) == 2
        assert cluster.workers[1] == added
        assert len(processes_of(cluster.folder)) == 3
    wait_until(lambda: not processes_of(cluster.folder))
    assert not cluster.folder.exists()
    cluster.stop()


def test_a_cluster_ends_when_the_process_that_started_it_is_killed(tmp_path):
    command = [sys.executable, tool.__file__, "--workers", "1"]
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline().startswith("spark://127.0.0.1:")
        (folder,) = tmp_path.iterdir()
        starter.send_signal(signal.SIGKILL)
    wait_until(lambda: not processes_of(folder))
    wait_until(lambda: not folder.exists())


def test_a_failed_start_says_why_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(tool.tempfile, "tempdir", str(tmp_path))
    with pytest.raises(SparkStartError, match=r"Spark's worker-1: ended with code 1(.|\n)*Usage: Worker"):
        Cluster(workers=1, memory_mb="no-size")
    wait_until(lambda: not processes_of(tmp_path))
    assert list(tmp_path.iterdir()) == []
