"""How cost grows with people: portraits, families of predictions, plan and a day folded in, on DuckDB and on a Spark cluster of 1 and of 2 workers.

    python benchmarks/spark.py --sizes 1_000_000,3_000_000 --workers 1,2
    python benchmarks/spark.py --sizes 10_000_000 --folder bench-spark      # adds to the results in the folder
    python benchmarks/spark.py --folder bench-spark --report                # prints them again

The shops of `spark_data.py` are made once per size and kept in the folder (10 million people: 6 GB). Every stage runs in a process of
its own, on a lake of its own that shares the facts' files by hard links; the cluster is a real one, standalone, on loopback,
with one core per worker. Without Java or PySpark only DuckDB runs, and it says so.

Printed per stage and size: seconds; bytes written to and read from shuffles; bytes spilled to disk; bytes
of results that came to the driver (of its tasks, and as Arrow in Python); peaks of the driver's memory (Python's, the JVM's
heap as polled); and the longest task beside the median one in the stage that reads most from shuffles: a key of many rows
that ran on one task would show there. Then the growth exponent per stage by least squares of the logarithms, what the second
worker brings, and an estimate on paper for 100 million customers and 100 billion events.

The sums of every plain column of the tables made must be the same on both engines, whole numbers exactly, floats to 1e-9,
or the benchmark ends with an error. A stage over its time limit is printed as such. All figures are kept in
`results.json` in the folder. On a machine of two cores, two workers share them with the driver and the system: the
speed-up printed there is a lower bound of what a second machine brings.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake
from spark_data import day_of_events, shop_of
from spark_figures import Assumed, growth, paper, tasks_of
from spark_stages import STAGES, Told, run_stage, sums

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
from spark_cluster import Cluster, JavaMissingError, java_17

COLUMNS = [
    "people",
    "stage",
    "engine",
    "seconds",
    "shuffle",
    "spilled",
    "results",
    "collected",
    "python",
    "jvm-heap",
    "tasks",
    "longest",
    "median",
]


def main() -> None:
    options = _options()
    if options.step:
        step = json.loads(options.step)
        print(json.dumps(run_stage(**step | {"folder": Path(step["folder"])})))
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that cluster and stage end too
    options.folder.mkdir(parents=True, exist_ok=True)
    results = Results(options.folder / "results.json")
    if not options.report:
        _measure(options, results)
    _tell(results, assumed=Assumed(**dict(options.assume)))
    if results.differences:
        sys.exit("NOT THE SAME RESULTS:\n" + "\n".join(results.differences))
    if any(run["outcome"] == "failed" for run in results.runs):
        sys.exit("a stage failed; its words are above and in results.json")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    whole = lambda words: [int(word) for word in words.split(",") if word]  # noqa: E731
    parser.add_argument(
        "--sizes", type=whole, default=[1_000_000, 3_000_000], help="people, with commas between"
    )
    parser.add_argument("--workers", type=whole, default=[1, 2], help="of the clusters; empty: DuckDB only")
    parser.add_argument("--stages", type=lambda words: words.split(","), default=list(STAGES))
    parser.add_argument("--folder", type=Path, default=Path("bench-spark"))
    parser.add_argument("--time-limit", type=float, default=3600, help="seconds per stage")
    parser.add_argument("--memory-limit", default="8GB", help="of DuckDB")
    parser.add_argument("--threads", type=int, default=2, help="of DuckDB")
    parser.add_argument("--worker-mb", type=int, default=3072, help="memory of each worker")
    parser.add_argument("--driver-mb", type=int, default=2048, help="heap of the driver's JVM")
    parser.add_argument(
        "--conf", action="append", default=[], metavar="KEY=VALUE", help="more of Spark's own settings"
    )
    parser.add_argument(
        "--assume",
        type=lambda pair: (pair.split("=")[0], float(pair.split("=")[1])),
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help=f"for the estimate on paper: {', '.join(Assumed.__annotations__)}",
    )
    parser.add_argument("--report", action="store_true", help="measure nothing, print what is there")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    return parser.parse_args()


class Results:
    """What was measured so far, in a file: one run per size, stage and engine, the newest; and the shops made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        kept = json.loads(path.read_text("utf-8")) if path.exists() else {"runs": [], "shops": {}}
        self.runs: list[dict[str, Any]] = kept["runs"]
        self.shops: dict[str, Any] = kept["shops"]

    def add(self, run: dict[str, Any]) -> None:
        """Keep a run in place of an older one of the same size, stage and engine."""
        keys = ("people", "stage", "engine")
        self.runs = [old for old in self.runs if any(old[key] != run[key] for key in keys)]
        self.runs.append(run)
        self.runs.sort(key=lambda one: (one["people"], list(STAGES).index(one["stage"]), one["engine"]))
        self.write()

    def write(self, **more: Any) -> None:
        """Write everything down."""
        machine = {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
        }
        kept = {
            "machine": machine,
            "shops": self.shops,
            "runs": self.runs,
            "differences": self.differences,
            **more,
        }
        self._path.write_text(json.dumps(kept, indent=1), "utf-8")

    def done(self, **wanted: Any) -> list[dict[str, Any]]:
        """Return the runs that came to their end, of this size, stage or engine."""
        return [
            run
            for run in self.runs
            if run["outcome"] == "done" and all(run[key] == wanted[key] for key in wanted)
        ]

    @property
    def differences(self) -> list[str]:
        """Where tables of Spark are not those of DuckDB."""
        found = []
        for run in self.done():
            for base in self.done(people=run["people"], stage=run["stage"], engine="duckdb"):
                who = f"{run['stage']}, {run['people']:,} people, {run['engine']}"
                found += [f"{who}: {words}" for words in _unlike(run["sums"], base["sums"])]
        return found


def _unlike(these: Mapping[str, float], those: Mapping[str, float]) -> list[str]:
    """Return the sums that differ: whole numbers at all, floats by more than 1e-9 of their size."""

    def is_same(this: float | None, that: float | None) -> bool:
        if isinstance(this, float) and isinstance(that, float):
            return math.isclose(this, that, rel_tol=1e-9)
        return this == that

    names = [*those, *(name for name in these if name not in those)]
    return [
        f"{name} is {these.get(name)}, DuckDB's is {those.get(name)}"
        for name in names
        if not is_same(these.get(name), those.get(name))
    ]


# -- measuring ----------------------------------------------------------------------------------------------------


def _measure(options: argparse.Namespace, results: Results) -> None:
    workers = options.workers if _has_spark() else []
    for n_people in options.sizes:
        told = Told(f"{n_people:,} people")
        facts = shop_of(
            n_people,
            folder=options.folder,
            memory_limit=options.memory_limit,
            threads=options.threads,
            progress=told,
        )
        results.shops[str(n_people)] = json.loads((facts.parent / "made.json").read_text("utf-8")) | {
            "results": results.shops.get(str(n_people), {}).get("results", {})
        }
        own = {"engine": "duckdb", "memory_limit": options.memory_limit, "threads": options.threads}
        _stages(facts, n_people, settings=own, name="duckdb", options=options, results=results)
        for n_workers in workers:
            with _cluster(n_workers, facts.parent / "log", options=options) as own:
                _stages(
                    facts,
                    n_people,
                    settings=own,
                    name=f"spark-{n_workers}",
                    options=options,
                    results=results,
                )


def _has_spark() -> bool:
    if find_spec("pyspark") is None:
        print("PySpark is not installed (pip install 'aimwell[spark]'): DuckDB only", file=sys.stderr)
        return False
    try:
        java_17()
    except JavaMissingError as exc:
        print(f"no Java for Spark ({exc}): DuckDB only", file=sys.stderr)
        return False
    return True


@contextmanager
def _cluster(n_workers: int, log: Path, *, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Start a cluster; give the settings of a shop on it; its event log goes to `log`."""
    with Cluster(workers=n_workers, cores=1, memory_mb=options.worker_mb) as cluster:
        settings = {
            "spark.cores.max": str(n_workers),
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": f"{options.driver_mb}m",
            "spark.executor.cores": "1",
            "spark.executor.heartbeatInterval": "2s",  # how often heaps are looked at
            "spark.executor.memory": f"{options.worker_mb}m",
            "spark.pyspark.python": sys.executable,
            "spark.eventLog.enabled": "true",
            "spark.eventLog.compress": "false",
            "spark.eventLog.dir": log.resolve().as_uri(),
            "spark.eventLog.logStageExecutorMetrics": "true",
            "spark.eventLog.rolling.enabled": "false",
            **dict(pair.split("=", 1) for pair in options.conf),
        }
        yield {
            "engine": "spark",
            "spark_url": cluster.master_url,
            "spark_options": settings,
            "memory_limit": "1GB",
        }


def _stages(
    facts: Path,
    n_people: int,
    *,
    settings: dict[str, Any],
    name: str,
    options: argparse.Namespace,
    results: Results,
) -> None:
    folder = facts.parent / name
    for stage in options.stages:
        run = {"people": n_people, "stage": stage, "engine": name}
        done = [
            one["stage"] for one in results.done(people=n_people, engine=name) if (folder / "lake").exists()
        ]
        lacking = [one for one in STAGES[stage].needs if one not in done]
        if lacking:
            found = {"outcome": f"not run: no {' and '.join(lacking)}"}
        else:
            place = _place(folder, facts, stage, n_people=n_people, options=options)
            found = _run(
                stage,
                place,
                n_people,
                settings=settings,
                seconds=options.time_limit,
                log=facts.parent / "log",
            )
        if found["outcome"] == "done":
            found["sums"] = sums(stage, folder=place, memory_limit=options.memory_limit)
            results.shops[str(n_people)]["results"] = _sizes(folder / "lake", but=facts)
        results.add(run | found)
        print(_row(run | found), flush=True)


def _place(folder: Path, facts: Path, stage: str, *, n_people: int, options: argparse.Namespace) -> Path:
    """Return a folder with a lake in which the stage was not yet done; the files of other tables are links."""
    lake = folder / "lake"
    if not lake.exists():
        shutil.copytree(facts, lake, copy_function=os.link)
    if stage == "fold":
        folder = folder.with_name(f"{folder.name}-folded")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(lake, folder / "lake", copy_function=os.link)
    for pattern in STAGES[stage].tables:
        for table in lake.glob(pattern):
            shutil.rmtree(table)
    for empty in (folder / "tmp", facts.parent / "log"):
        shutil.rmtree(empty, ignore_errors=True)
        empty.mkdir()
    if stage == "fold":
        engine = DuckDBEngine(
            memory_limit=options.memory_limit, temp_folder=folder / "tmp", threads=options.threads
        )
        day_of_events(Lake(folder / "lake", engine=engine), n_people=n_people)
        engine.close()
    return folder


def _run(
    stage: str, folder: Path, n_people: int, *, settings: dict[str, Any], seconds: float, log: Path
) -> dict[str, Any]:
    """Run a stage in a process of its own; watch its time and what it spills, and read what Spark put into the folder `log`."""
    step = {"name": stage, "folder": str(folder), "n_people": n_people, "settings": settings}
    process = subprocess.Popen(
        [sys.executable, __file__, "--step", json.dumps(step)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        said, spilled = _watched(process, folder / "tmp", seconds=seconds)
    finally:
        if process.poll() is None:  # too late, or this process is asked to stop
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if said is None:
        return {"outcome": f"over {seconds:.0f} s", "spilled_bytes": spilled}
    if process.returncode:
        return {"outcome": "failed", "exit_code": process.returncode}
    found = {"outcome": "done", "spilled_bytes": spilled, **json.loads(said.splitlines()[-1])}
    if settings["engine"] == "duckdb":
        return found
    (events,) = log.iterdir()
    return found | tasks_of(events.rename(folder / f"{stage}.log"))


def _watched(process: subprocess.Popen[str], temp_folder: Path, *, seconds: float) -> tuple[str | None, int]:
    """Return what the process said, None if it did not end in time; and the most bytes that lay in its temporary folder."""
    ends, most = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        try:
            return process.communicate(timeout=1)[0], most
        except subprocess.TimeoutExpired:
            most = max(most, _size_of(temp_folder))
    return None, most


def _size_of(folder: Path) -> int:
    """Return the size of the files there now; they come and go."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


def _sizes(lake: Path, *, but: Path) -> dict[str, int]:
    """Return the bytes of the tables in a lake that are not among the facts."""
    made = [table for table in lake.iterdir() if not (but / table.name).exists()]
    return {table.name: sum(file.stat().st_size for file in table.rglob("*.parquet")) for table in made}


# -- telling ------------------------------------------------------------------------------------------------------


def _tell(results: Results, *, assumed: Assumed) -> None:
    """Print everything measured, growth, speed-up and the estimate; keep the last three in the file."""
    print("\n" + "".join(f"{column:>11}" for column in COLUMNS))
    for run in results.runs:
        print(_row(run))
    exponents, speed_ups = _growth(results), _speed_ups(results)
    estimate = _estimate(results, assumed)
    results.write(growth=exponents, speed_ups=speed_ups, paper=estimate)
    print("\nGrowth: seconds (and shuffle bytes) as people to the power of")
    for who, powers in exponents.items():
        shuffle = "" if powers["shuffle_bytes"] is None else f"  (shuffle {powers['shuffle_bytes']:.2f})"
        print(f"  {who:24} {powers['seconds']:.2f}{shuffle}  over {powers['sizes']} sizes")
    print(
        f"\nSpeed-up by workers (this machine has {os.cpu_count()} cores, for the workers, the driver and the system)"
    )
    for who, times in speed_ups.items():
        print(f"  {who:40} {times:.2f}")
    if estimate:
        _tell_estimate(estimate)
    n_compared = sum(run["engine"] != "duckdb" for run in results.done())
    if n_compared and not results.differences:
        print(f"\nThe same sums on both engines: {n_compared} runs on Spark were compared.")


def _row(run: Mapping[str, Any]) -> str:
    start = f"{run['people']:>11,}{run['stage']:>11}{run['engine']:>11}"
    if run["outcome"] != "done":
        code = f", exit code {run['exit_code']}" if "exit_code" in run else ""
        return f"{start}    {run['outcome']}{code}"
    widest = run.get("widest", {})
    cells = [
        f"{run['seconds']:.1f} s",
        *(
            _size(run.get(name))
            for name in ("shuffle_bytes", "spilled_bytes", "result_bytes", "collected_bytes")
        ),
        *(_size(run.get(name)) for name in ("python_peak_bytes", "driver_heap_bytes")),
        str(widest.get("n_tasks", "-")),
        *(
            f"{widest[name]:.1f} s" if name in widest else "-"
            for name in ("longest_seconds", "median_seconds")
        ),
    ]
    return start + "".join(f"{cell:>11}" for cell in cells)


def _size(n_bytes: float | None) -> str:
    """Return bytes in the unit that fits, "-" where nothing was measured."""
    if n_bytes is None:
        return "-"
    for unit in ("B", "KiB", "MiB"):
        if n_bytes < 1024:
            return f"{n_bytes:.0f} {unit}"
        n_bytes /= 1024
    return f"{n_bytes:.2f} GiB"


def _growth(results: Results) -> dict[str, dict[str, Any]]:
    found = {}
    for engine in sorted({run["engine"] for run in results.runs}):
        for stage in STAGES:
            runs = results.done(stage=stage, engine=engine)
            power = growth(runs, of="seconds")
            if power is not None:
                found[f"{stage} on {engine}"] = {
                    "seconds": power,
                    "shuffle_bytes": growth(runs, of="shuffle_bytes"),
                    "sizes": len({run["people"] for run in runs}),
                }
    return found


def _speed_ups(results: Results) -> dict[str, float]:
    found = {}
    for one in results.done(engine="spark-1"):
        for two in results.done(people=one["people"], stage=one["stage"], engine="spark-2"):
            found[f"{one['stage']}, {one['people']:,} people, 2 workers"] = one["seconds"] / two["seconds"]
    return found


def _estimate(results: Results, assumed: Assumed) -> dict[str, Any] | None:
    """Return the estimate from the runs with most workers; None if portraits never ran to their end on Spark."""
    engine = max((run["engine"] for run in results.done(stage="portraits")), default="")
    return (
        paper(results.done(engine=engine), results.shops, assumed=assumed)
        if engine.startswith("spark")
        else None
    )


def _tell_estimate(estimate: Mapping[str, Any]) -> None:
    print(
        "\nOn paper, assumed: "
        + ", ".join(f"{name} {value:,g}" for name, value in estimate["assumed"].items())
    )
    for name, stage in estimate["stages"].items():
        print(
            f"  {name:10} {stage['core_hours']:10,.0f} core-hours, {stage['shuffle_bytes'] / 1e12:8,.1f} TB written to and read from"
            f" shuffles: {stage['times_the_measured']:,.0f} times the measured, to the power {stage['exponent']:.2f}"
        )
    hours = ", ".join(f"{name} {value:.1f} h" for name, value in estimate["hours"].items())
    print(
        f"  everything anew: {estimate['machines']:,} machines ({hours}), {estimate['build_usd']:,.0f} USD each time"
    )
    if estimate["month_usd"] is not None:
        print(
            f"  a night (a day folded in, value, plan): {estimate['night_core_hours']:,.0f} core-hours;"
            f" a month: {estimate['month_usd']:,.0f} USD"
        )
    print(
        f"  stored: {estimate['stored_bytes'] / 1e12:,.1f} TB, {estimate['storage_usd_per_month']:,.0f} USD a month;"
        f" shuffle files: {_size(estimate['shuffle_bytes_per_machine'])} per machine"
    )
    print("  bottleneck: {stage}, {resource}".format(**estimate["bottleneck"]))


if __name__ == "__main__":
    main()
