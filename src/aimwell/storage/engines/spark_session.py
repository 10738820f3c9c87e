"""Starts or joins a Spark session: a master URL starts a driver beside this process, `sc://` talks to a Connect server."""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyspark
from py4j.java_gateway import JavaGateway
from py4j.protocol import Py4JJavaError
from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession
from pyspark.sql.connect.client.retries import DefaultPolicy
from pyspark.sql.connect.session import SparkSession as ConnectSession

from aimwell.base.words import Sentence, text
from aimwell.storage.engines.memory import memory_bytes
from aimwell.storage.errors import JavaMissing, NoExecutors, SparkUnreachable, SparkVersions

__all__ = ["spark_session"]

_JAVA = 17
_CONNECT, _CONNECT_PORT = "sc://", 15002
_KNOCK = 5.0  # seconds
_PATIENCE = 60  # seconds
_TRIES = 7  # about two minutes, for a server that is started again; Spark's own 15 are ten minutes of silence
# How Aimwell wants every session, whatever its cluster was set to: both engines must answer alike.
_SAME_ANSWERS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # an overflow, or a text that is no number, is an error and not a null
    "spark.sql.mapKeyDedupPolicy": "LAST_WIN",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",  # the lake knows its files by name
}
# Defaults that `spark_options` may change.
_USUAL = {
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",  # few files of a good size
    # What a task reads from a shuffle: lists of tastes grow tenfold when they are unpacked.
    "spark.sql.adaptive.advisoryPartitionSizeInBytes": "16m",
}
_DRIVER = {
    "spark.app.name": "aimwell",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}


@contextmanager
def spark_session(url: str, *, options: Mapping[str, str], memory: str, log: Path) -> Iterator[SparkSession]:
    """Keep a session on the cluster at `url` until the block ends.

    Parameters
    ----------
    url
        A master (`local[4]`, `spark://host:7077`, `yarn`, `k8s://...`) or a Connect server (`sc://host:15002`).
    options
        Spark's own settings by their names (`spark.executor.memory`); they win over Aimwell's, except where the
        engines could then answer differently.
    memory
        For the driver, where it does all the work itself (`local`); like 8GB.
    log
        File for what a driver prints; it says nothing on the console.

    Raises
    ------
    JavaMissing, NoExecutors, SparkUnreachable, SparkVersions
    """
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        logging.getLogger(name).disabled = True  # they print what is raised anyway
    _check_reached(url)
    opened = _joined(url) if url.startswith(_CONNECT) else _started(url, options, memory=memory, log=log)
    with opened as session:
        for key, value in {**_USUAL, **options, **_SAME_ANSWERS}.items():
            if session.conf.isModifiable(key):
                session.conf.set(key, value)
        yield session


@contextmanager
def _joined(url: str) -> Iterator[Any]:
    # Not `pyspark.sql.SparkSession.builder.remote`: after that this process could never start a driver.
    session = ConnectSession.builder.remote(url).create()
    session.client.set_retry_policies([DefaultPolicy(max_retries=_TRIES)])
    try:
        found = session.version
        if found.partition(".")[0] != pyspark.__version__.partition(".")[0]:
            raise SparkVersions(url=url, found=found, known=pyspark.__version__)
        yield session
    finally:
        session.stop()


@contextmanager
def _started(url: str, options: Mapping[str, str], *, memory: str, log: Path) -> Iterator[SparkSession]:
    _check_java()
    conf = SparkConf(loadDefaults=False).setMaster(url).setAll(list(_DRIVER.items()))
    if url.startswith("local"):
        conf.set("spark.driver.memory", f"{memory_bytes(memory) >> 20}m")
    conf.setAll(list(options.items()))
    python = options.get("spark.pyspark.python", sys.executable if url.startswith("local") else None)
    if python is not None:
        os.environ.setdefault("PYSPARK_PYTHON", python)  # PySpark itself takes it from nowhere else
    with log.open("wb") as printed:
        console = {"stdout": printed, "stderr": subprocess.STDOUT}
        gateway: JavaGateway = launch_gateway(conf, popen_kwargs=console)  # type: ignore[no-untyped-call]
        try:
            session = _driver(url, conf, gateway)
            try:
                yield session
            finally:
                session.stop()
        finally:
            gateway.shutdown()
            gateway.proc.stdin.close()
            gateway.proc.wait()
            # Else the next session of this process would talk to the dead.
            SparkContext._gateway = SparkContext._jvm = None


def _driver(url: str, conf: SparkConf, gateway: JavaGateway) -> SparkSession:
    """Start the driver in its Java process, and wait until the cluster has given it somebody to work for it."""
    try:
        context = SparkContext(conf=conf, gateway=gateway)
        session = SparkSession(context)
    except Py4JJavaError as exc:
        if "stopped SparkContext" in str(exc):  # so it ends when the master answers and refuses
            raise SparkVersions(url=url, found="-", known=pyspark.__version__) from exc
        raise SparkUnreachable(url=url, detail=str(exc).splitlines()[1]) from exc
    status = context._jsc.sc().statusTracker()  # the count of executors has no other way out
    until = time.monotonic() + _PATIENCE
    while url.startswith("spark://") and len(status.getExecutorInfos()) <= 1:  # the driver counts as one
        if time.monotonic() > until:
            session.stop()
            raise NoExecutors(url=url, seconds=_PATIENCE)
        time.sleep(0.1)
    return session


def _check_reached(url: str) -> None:
    """Refuse at once where nobody listens; Spark itself would try for minutes."""
    problem: OSError | None = None
    for address in re.findall(r"(?:spark|sc)://([^/;]+)", url)[:1]:
        for place in address.split(","):
            host, _, port = place.rpartition(":") if ":" in place else (place, "", str(_CONNECT_PORT))
            try:
                socket.create_connection((host, int(port)), timeout=_KNOCK).close()
            except OSError as exc:
                problem = exc
            else:
                return
    if problem is not None:
        raise SparkUnreachable(url=url, detail=problem) from problem


def _check_java() -> None:
    """Refuse to start without the Java that Spark needs; its own message is a page long."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")
    if java is None:
        place = f"JAVA_HOME={home}" if home else "PATH"
        raise JavaMissing(needed=_JAVA, place=place, found=Sentence(text("none")))
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version[1]) < _JAVA:
        raise JavaMissing(needed=_JAVA, place=java, found=said.partition("\n")[0])
