"""A real Spark cluster on this machine, for tests, benchmarks and trying things out.

    python tools/spark_cluster.py [--workers 2] [--cores 1] [--memory-mb 1024] [--connect]

starts a standalone master and its workers from the installed PySpark wheel, prints their URLs, and stops them at Ctrl-C.
Everything listens on 127.0.0.1 only and keeps its files in one temporary folder. A guard process ends the cluster
when the process that started it is gone, however that came.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

LOOPBACK = "127.0.0.1"
OLDEST_JAVA = 17
READY_SECONDS = 120
STARTS_QUICKLY = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # of no use to what works hard
LOG_TAIL = 3000
BLIND = 'mount -t tmpfs none "$0" && exec "$@"'
GUARD = """
import os, shutil, signal, sys
groups = set()
for line in sys.stdin:
    group = int(line)
    groups.add(group) if group > 0 else groups.discard(-group)
for group in groups:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""


class JavaMissingError(Exception):
    """There is no Java that Spark 4 runs on; the text says why."""


class SparkStartError(Exception):
    """A Spark process did not start; the text holds the end of its log."""


def java_17(environ: Mapping[str, str] | None = None) -> Path:
    """Return the `java` that Spark would use: Java 17 or newer.

    Raises
    ------
    JavaMissingError
        No `java`, an older one, or a JAVA_HOME without one.
    """
    environ = os.environ if environ is None else environ
    home = environ.get("JAVA_HOME")
    found = str(Path(home, "bin", "java")) if home else shutil.which("java", path=environ.get("PATH", ""))
    if found is None:
        raise JavaMissingError("no `java` on the PATH, and JAVA_HOME is not set")
    if not os.access(found, os.X_OK):
        raise JavaMissingError(f"JAVA_HOME is {home}, where there is no bin/java")
    said = subprocess.run(  # noqa: S603  # the java that Spark itself would run
        [found, "-version"], capture_output=True, text=True, check=False
    ).stderr
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if version is None:
        raise JavaMissingError(f"`{found} -version` names no version: {said.strip()[:200]}")
    if int(version[1]) < OLDEST_JAVA:
        raise JavaMissingError(f"{found} is Java {version[1]}, and Spark 4 needs {OLDEST_JAVA} or newer")
    return Path(found).resolve()


def spark_home() -> Path:
    """Return the folder of the installed PySpark, which holds Spark itself.

    Raises
    ------
    SparkStartError
        PySpark is not installed.
    """
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        raise SparkStartError("PySpark is not installed")
    return Path(found.origin).parent


class _Processes:
    """Java processes of Spark, each with its children in a process group of its own, and the guard that ends them."""

    def __init__(self) -> None:
        self._java, self._home = java_17(), spark_home()
        self.folder = Path(tempfile.mkdtemp(prefix="aimwell-spark-"))
        (self.folder / "tmp").mkdir()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._guard = subprocess.Popen(  # noqa: S603  # this Python, the text above
            [sys.executable, "-I", "-c", GUARD, self.folder],
            stdin=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def start(
        self, name: str, *command: str, ready: str, java_options: str = "", wrapper: Sequence[str] = ()
    ) -> tuple[int, str]:
        """Start a class of Spark; return its process id and what `ready` found in its log, `<name>.log`."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  # a script of the installed PySpark
                [*wrapper, self._home / "bin" / "spark-class", *command],
                cwd=self.folder,
                env=self._environ() | {"SPARK_DAEMON_JAVA_OPTS": java_options},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[process.pid] = process
        self._tell_guard(process.pid)
        ends = time.monotonic() + READY_SECONDS
        while True:
            ended = process.poll()
            text = log.read_text(encoding="utf-8", errors="replace")
            if found := re.search(ready, text):
                return process.pid, found[1]
            if ended is not None or time.monotonic() > ends:
                what = f"not ready after {READY_SECONDS} s" if ended is None else f"ended with code {ended}"
                raise SparkStartError(f"Spark's {name}: {what}. The end of its log:\n{text[-LOG_TAIL:]}")
            time.sleep(0.05)

    def kill(self, process_id: int) -> None:
        """Kill a process and its children, as a power cut would."""
        os.killpg(process_id, signal.SIGKILL)
        self._tell_guard(-process_id)
        self._running.pop(process_id).wait()

    def stop(self) -> None:
        """End everything and delete the folder; no harm the second time."""
        self._guard.communicate()
        for process in self._running.values():
            process.wait()
        self._running.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _environ(self) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if "SPARK_" not in name}
        return kept | {
            "JAVA_HOME": str(self._java.parents[1]),
            "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={self.folder / 'tmp'}",
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_HOME": str(self._home),
            "SPARK_LAUNCHER_OPTS": STARTS_QUICKLY,
            "SPARK_LOCAL_DIRS": str(self.folder / "tmp"),
            "SPARK_LOCAL_IP": LOOPBACK,
        }

    def _tell_guard(self, line: int) -> None:
        pipe = self._guard.stdin
        if pipe is not None:
            pipe.write(f"{line}\n")
            pipe.flush()


class Cluster:
    """A standalone master and its workers, each a process, ready when this returns.

    Parameters
    ----------
    workers
        How many.
    cores, memory_mb
        What each worker offers to executors.

    Raises
    ------
    JavaMissingError, SparkStartError
    """

    def __init__(self, *, workers: int = 2, cores: int = 1, memory_mb: int = 1024) -> None:
        self._size = ("--cores", str(cores), "--memory", f"{memory_mb}m")
        self._started = 0
        self._processes = _Processes()
        self.folder = self._processes.folder
        self.workers: list[int] = []
        with ExitStack() as undo:
            undo.callback(self.stop)
            _, self.master_url = self._processes.start(
                "master",
                "org.apache.spark.deploy.master.Master",
                *("--host", LOOPBACK, "--port", "0", "--webui-port", "0"),
                ready=r"Starting Spark master at (spark://\S+)",
                java_options=f"{STARTS_QUICKLY} -Dspark.master.rest.enabled=false",
            )
            for _ in range(workers):
                self.start_worker()
            undo.pop_all()

    def start_worker(self, *, blind_to: Path | None = None) -> int:
        """Add a worker; return its process id when the master has it.

        To a worker that is blind to a folder it is empty, as if it were on another machine. Only root can do that.
        """
        wrapper = () if blind_to is None else ("unshare", "--mount", "sh", "-c", BLIND, str(blind_to))
        self._started += 1
        name = f"worker-{self._started}"
        process_id, _ = self._processes.start(
            name,
            "org.apache.spark.deploy.worker.Worker",
            *("--host", LOOPBACK, "--port", "0", "--webui-port", "0", "--work-dir", str(self.folder / name)),
            *self._size,
            self.master_url,
            ready=r"(Successfully registered with master)",
            java_options=STARTS_QUICKLY,
            wrapper=wrapper,
        )
        self.workers.append(process_id)
        return process_id

    def kill_worker(self, index: int) -> None:
        """Kill a worker and its executors without warning; it leaves `workers`."""
        self._processes.kill(self.workers.pop(index))

    def finished_tasks(self) -> list[int]:
        """Return how many tasks the executors of each worker ever started say they have finished."""
        folders = [self.folder / f"worker-{number}" for number in range(1, self._started + 1)]
        return [
            sum(log.read_text().count("Finished task") for log in folder.rglob("app-*/*/stderr"))
            for folder in folders
        ]

    def stop(self) -> None:
        """End every process and delete the folder."""
        self._processes.stop()
        self.workers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


class ConnectServer:
    """A Spark Connect server for `SparkSession.builder.remote(server.url)`, ready when this returns.

    Parameters
    ----------
    master_url
        Where its jobs run: `Cluster.master_url`, or on its own threads.
    conf
        More Spark settings of the server, such as `{"spark.executor.memory": "512m"}`.

    Raises
    ------
    JavaMissingError, SparkStartError
    """

    def __init__(self, master_url: str = "local[2]", *, conf: Mapping[str, str] | None = None) -> None:
        settings = {
            "spark.connect.grpc.binding.address": LOOPBACK,
            "spark.connect.grpc.binding.port": "0",
            "spark.driver.bindAddress": LOOPBACK,
            "spark.driver.host": LOOPBACK,
            "spark.ui.enabled": "false",
            **(conf or {}),
        }
        self._processes = _Processes()
        self.folder = self._processes.folder
        with ExitStack() as undo:
            undo.callback(self.stop)
            _, port = self._processes.start(
                "connect",
                "org.apache.spark.deploy.SparkSubmit",
                *("--master", master_url),
                *(part for name, text in settings.items() for part in ("--conf", f"{name}={text}")),
                *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"),
                ready=r"Spark Connect server started at: \S+?:(\d+)\s",
            )
            undo.pop_all()
        self.url = f"sc://{LOOPBACK}:{port}"

    def stop(self) -> None:
        """End the server and delete its folder."""
        self._processes.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def main() -> None:
    """Start a cluster and keep it until Ctrl-C."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cores", type=int, default=1, help="of each worker")
    parser.add_argument("--memory-mb", type=int, default=1024, help="of each worker")
    parser.add_argument("--connect", action="store_true", help="with a Spark Connect server")
    parser.add_argument(
        "--check-java", action="store_true", help="only say whether there is a Java for Spark"
    )
    options = parser.parse_args()
    if options.check_java:
        sys.exit(_check_java())
    with ExitStack() as running:
        cluster = running.enter_context(
            Cluster(workers=options.workers, cores=options.cores, memory_mb=options.memory_mb)
        )
        print(cluster.master_url, flush=True)
        if options.connect:
            print(running.enter_context(ConnectServer(cluster.master_url)).url, flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("stopping", file=sys.stderr)


def _check_java() -> int:
    try:
        print(java_17())
    except JavaMissingError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    main()
