"""What `spark.py` makes of its measurements: the figures of an event log, growth, and an estimate on paper."""

from __future__ import annotations

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

__all__ = ["Assumed", "growth", "paper", "tasks_of"]

Run = Mapping[str, Any]
_SUMMED = ("core_seconds", "work_seconds", "shuffle_bytes", "spilled_bytes", "result_bytes")


def tasks_of(log: Path) -> dict[str, Any]:
    """Return what Spark's event log says of one application.

    Returns
    -------
    dict
        - core_seconds: time of all tasks; work_seconds: what of it was computing or collecting garbage
        - busy_seconds: in which some task ran; in the others the driver works alone
        - shuffle_bytes: written and read; spilled_bytes: to disk; result_bytes: of tasks, sent to the driver
        - driver_heap_bytes, executor_heap_bytes: peaks, as polled
        - n_tasks, n_stages, n_lost: tasks, stages, tasks that failed or were killed
        - widest: of the stage that reads most from shuffles n_tasks, longest_seconds, median_seconds, and longest_share of all its
          task time
    """
    tasks: dict[tuple[int, int], list[Run]] = defaultdict(list)
    heap = {"driver": 0, "executor": 0}
    spans: list[tuple[int, int]] = []
    n_lost = 0
    for event in _events(log):
        if event["Event"] == "SparkListenerTaskEnd":
            if event["Task End Reason"]["Reason"] == "Success":
                tasks[event["Stage ID"], event["Stage Attempt ID"]].append(_task(event))
                spans.append((event["Task Info"]["Launch Time"], event["Task Info"]["Finish Time"]))
            else:
                n_lost += 1
        elif event["Event"] == "SparkListenerStageExecutorMetrics":
            who = "driver" if event["Executor ID"] == "driver" else "executor"
            heap[who] = max(heap[who], event["Executor Metrics"].get("JVMHeapMemory", 0))
    everything = [task for stage in tasks.values() for task in stage]
    widest = max(tasks.values(), key=lambda stage: sum(task["read_bytes"] for task in stage), default=[])
    return {
        **{name: sum(task[name] for task in everything) for name in _SUMMED},
        "n_tasks": len(everything),
        "n_stages": len(tasks),
        "n_lost": n_lost,
        "busy_seconds": _covered(spans),
        "driver_heap_bytes": heap["driver"],
        "executor_heap_bytes": heap["executor"],
        "widest": _spread([task["core_seconds"] for task in widest]),
    }


def _events(log: Path) -> Iterable[dict[str, Any]]:
    wanted = ('{"Event":"SparkListenerTaskEnd"', '{"Event":"SparkListenerStageExecutorMetrics"')
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(wanted):  # the plans, which make up most of a log, are not read
                yield json.loads(line)


def _task(event: Run) -> dict[str, float]:
    info, metrics = event["Task Info"], event["Task Metrics"]
    read, written = metrics["Shuffle Read Metrics"], metrics["Shuffle Write Metrics"]
    read_bytes = read["Remote Bytes Read"] + read["Local Bytes Read"]
    return {
        "core_seconds": (info["Finish Time"] - info["Launch Time"]) / 1000,
        "work_seconds": metrics["Executor CPU Time"] / 1e9 + metrics["JVM GC Time"] / 1000,
        "read_bytes": read_bytes,
        "shuffle_bytes": read_bytes + written["Shuffle Bytes Written"],
        "spilled_bytes": metrics["Disk Bytes Spilled"],
        "result_bytes": metrics["Result Size"],
    }


def _covered(spans: Iterable[tuple[int, int]]) -> float:
    """Return the seconds that spans of milliseconds cover together."""
    covered, until = 0, 0
    for start, end in sorted(spans):
        covered += max(0, end - max(start, until))
        until = max(until, end)
    return covered / 1000


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {"n_tasks": 0}
    return {
        "n_tasks": len(seconds),
        "longest_seconds": max(seconds),
        "median_seconds": statistics.median(seconds),
        "longest_share": max(seconds) / max(sum(seconds), 1e-9),
    }


def growth(runs: Iterable[Run], *, of: str) -> float | None:
    """Return the exponent e of figure = c * people^e by least squares of the logarithms; None below two sizes.

    Parameters
    ----------
    runs
        Of one stage on one engine.
    of
        The figure, such as "seconds" or "shuffle_bytes".
    """
    points = [(math.log(run["people"]), math.log(run[of])) for run in runs if run.get(of)]
    if len({people for people, _ in points}) < 2:
        return None
    slope, _ = statistics.linear_regression(*zip(*points, strict=True))
    return slope


@dataclass(frozen=True, kw_only=True)
class Assumed:
    """What the estimate takes for granted.

    Attributes
    ----------
    customers, events, orders_per_customer, lines_per_order
        The shop on paper.
    machine_vcpus, machine_gib, machine_usd_per_hour
        What is rented, on demand; a measured core counts as one vCPU.
    network_bytes_per_second
        Of one machine.
    storage_usd_per_gb_month, kept_snapshots
        Object storage: facts, one state, scores, a plan and so many snapshots are kept.
    busy_share
        Part of the rented vCPU time in which tasks compute, 0..1; the rest goes to reading and writing, stragglers and the driver.
    build_hours
        Everything has to be built anew within so many hours.
    seen_share
        Part of all people, 0..1, who are seen on one day and whom the fold computes anew.
    builds_per_month, nights_per_month
        How often everything is built; how often a day is folded in and value and plan are made.
    """

    customers: float = 1e8
    events: float = 1e11
    orders_per_customer: float = 10
    lines_per_order: float = 2
    machine_vcpus: float = 16
    machine_gib: float = 64
    machine_usd_per_hour: float = 0.80
    network_bytes_per_second: float = 1.25e9
    storage_usd_per_gb_month: float = 0.023
    kept_snapshots: float = 12
    busy_share: float = 0.6
    build_hours: float = 8
    seen_share: float = 0.2
    builds_per_month: float = 1
    nights_per_month: float = 30

    @property
    def rows(self) -> dict[str, float]:
        """Rows of the fact tables."""
        orders = self.customers * self.orders_per_customer
        lines = orders * self.lines_per_order
        return {"customers": self.customers, "events": self.events, "orders": orders, "order_lines": lines}

    @property
    def usd_per_core_hour(self) -> float:
        """What an hour of one busy core costs."""
        return self.machine_usd_per_hour / (self.machine_vcpus * self.busy_share)


def paper(runs: Sequence[Run], shops: Mapping[str, Run], *, assumed: Assumed) -> dict[str, Any]:
    """Return what a shop far larger than any measured one would need, on paper.

    A stage's seconds of work and shuffle at the largest size measured are scaled by what drives them (portraits: all facts;
    value: orders and lines; plan: people), to the power measured, but never below 1.

    Parameters
    ----------
    runs
        Runs on Spark with one number of workers, portraits among them.
    shops
        By number of people: rows and bytes per fact table, and bytes of the tables made (`results`).
    assumed
        The shop, the machines, the prices.
    """
    stages = _scaled(runs, shops, assumed=assumed)
    core_hours = sum(stage["core_hours"] for stage in stages.values())
    busy_cores = assumed.machine_vcpus * assumed.busy_share
    machines = math.ceil(core_hours / (busy_cores * assumed.build_hours))
    bytes_moved = sum(stage["shuffle_bytes"] for stage in stages.values()) / 2  # written once, read once
    hours = {
        "processor": core_hours / busy_cores / machines,
        "network": bytes_moved / (machines * assumed.network_bytes_per_second) / 3600,
    }
    stored = _stored(shops[str(max(run["people"] for run in runs))], assumed=assumed)
    return {
        "assumed": asdict(assumed),
        "stages": stages,
        "machines": machines,
        "hours": hours,
        "build_usd": core_hours * assumed.usd_per_core_hour,
        **_nights(runs, stages, core_hours, assumed=assumed),
        "stored_bytes": stored,
        "storage_usd_per_month": stored / 1e9 * assumed.storage_usd_per_gb_month,
        "shuffle_bytes_per_machine": bytes_moved / machines,
        "bottleneck": {
            "stage": max(stages, key=lambda name: stages[name]["core_hours"]),
            "resource": max(hours, key=lambda name: hours[name]),
        },
    }


def _nights(
    runs: Sequence[Run], stages: Mapping[str, Run], build: float, *, assumed: Assumed
) -> dict[str, float | None]:
    """Return what a night and a month take; None where no fold was measured."""
    portraits = stages["portraits"]["core_hours"]
    fold = _fold(runs, portraits, seen_share=assumed.seen_share)
    if fold is None:
        return {"night_core_hours": None, "month_usd": None}
    night = fold + build - portraits
    month = assumed.builds_per_month * build + assumed.nights_per_month * night
    return {"night_core_hours": night, "month_usd": month * assumed.usd_per_core_hour}


def _scaled(
    runs: Sequence[Run], shops: Mapping[str, Run], *, assumed: Assumed
) -> dict[str, dict[str, float]]:
    """Return core-hours and shuffle of each stage in the shop on paper."""
    driven_by = {
        "portraits": ("events", "orders", "order_lines"),
        "value": ("orders", "order_lines"),
        "plan": ("customers",),
    }
    stages = {}
    for name, tables in driven_by.items():
        own = [run for run in runs if run["stage"] == name]
        if not own:
            continue
        largest = max(own, key=lambda run: run["people"])
        rows = shops[str(largest["people"])]["rows"]
        times = sum(assumed.rows[table] for table in tables) / sum(rows[table] for table in tables)
        exponents = {of: max(1.0, growth(own, of=of) or 1.0) for of in ("work_seconds", "shuffle_bytes")}
        stages[name] = {
            "times_the_measured": times,
            "exponent": exponents["work_seconds"],
            "core_hours": largest["work_seconds"] * times ** exponents["work_seconds"] / 3600,
            "shuffle_exponent": exponents["shuffle_bytes"],
            "shuffle_bytes": largest["shuffle_bytes"] * times ** exponents["shuffle_bytes"],
        }
    return stages


def _fold(runs: Sequence[Run], build_core_hours: float, *, seen_share: float) -> float | None:
    """Return the core-hours of folding a day in: what finding the people costs, and building those who were seen anew."""
    folds = [run for run in runs if run["stage"] == "fold"]
    if not folds:
        return None
    fold = max(folds, key=lambda run: run["people"])
    (build,) = [r for r in runs if r["stage"] == "portraits" and r["people"] == fold["people"]]
    seen = fold["own"]["n_seen"] / fold["people"]
    finding = max(0.0, fold["work_seconds"] / build["work_seconds"] - seen)
    return build_core_hours * (finding + seen_share)


def _stored(made: Run, *, assumed: Assumed) -> float:
    """Return the bytes of the lake: facts, one state, scores, a plan, and so many snapshots."""
    facts = sum(made["bytes"][name] / made["rows"][name] * n_rows for name, n_rows in assumed.rows.items())
    results = sum(
        n_bytes * (assumed.kept_snapshots if name.startswith("portraits_") else 1)
        for name, n_bytes in made["results"].items()
    )
    return facts + results / made["rows"]["customers"] * assumed.customers
