"""The stages that `spark.py` measures, each run in a process of its own: portraits, the families of predictions, plan, and a day folded in."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import ibis

from aimwell.base.clock import FixedClock
from aimwell.base.settings import Settings
from aimwell.portraits.segments.built_in import BUILT_IN_SEGMENTS
from aimwell.portraits.service import build_portraits, refresh_state
from aimwell.portraits.specs import STATE_MARKS
from aimwell.portraits.traits import BUILT_IN
from aimwell.predict.affinity.service import fit_affinity, score_affinity
from aimwell.predict.demand.service import fit_demand, score_demand
from aimwell.predict.model import Abstention
from aimwell.predict.repeat.service import fit_repeat, score_repeat
from aimwell.predict.value.service import fit_value, score_value
from aimwell.promote.plan.model import Campaign, Incrementality, Limit, Offer
from aimwell.promote.plan.service import plan_campaign
from aimwell.promote.response.service import prepare_people
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.engines.opening import open_engine
from aimwell.storage.lake.lake import Lake
from spark_data import AS_OF

__all__ = ["STAGES", "Told", "run_stage", "sums"]

CLOCK = FixedClock(AS_OF)
OFFERS = tuple(
    Offer(
        offer_id=f"o{k}",
        name=f"Offer {k}",
        channel=("sms", "email", "app", "email")[k % 4],
        contact_milli=(6_000, 500, 200, 500)[k % 4],
        incentive_minor=100 + 60 * k,
        margin_rate=None if k % 2 else 0.30,
        segment={3: "aipl_loyalty", 6: "value_high"}.get(k),
        category={1: "Department 3", 4: "Department 7 > Shelf 47", 5: "Department 12"}.get(k),
    )
    for k in range(8)
)


class Told:
    """Progress as lines on stderr."""

    def __init__(self, who: str) -> None:
        self._who, self._done, self._total, self._began = who, 0, 0, time.perf_counter()

    def start(self, label: str, *, total: int | None = None, unit: str = "rows") -> None:
        """Say what begins."""
        self._done, self._total = 0, total or 0
        of = f" ({total} {unit})" if total else ""
        self._say(f"{label}{of}")

    def advance(self, count: int) -> None:
        """Say how far the step is, where that is known."""
        self._done += count
        if self._total > 1:
            self._say(f"  {self._done} of {self._total}")

    def done(self) -> None:
        """Say nothing: the next step or the end says it."""

    def _say(self, words: str) -> None:
        print(
            f"   {self._who}, {time.perf_counter() - self._began:6.0f} s: {words}",
            file=sys.stderr,
            flush=True,
        )


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One measured stage.

    Attributes
    ----------
    run
        Does the work; returns figures of its own.
    tables
        Patterns of the lake tables that it makes; they are deleted before it runs again.
    needs
        The stages whose tables it reads.
    """

    run: Callable[[Lake, int, Told], dict[str, Any]]
    tables: tuple[str, ...]
    needs: tuple[str, ...] = ()


def campaign_of(n_people: int) -> Campaign:
    """Return a campaign whose budget, channels and segment limit bind at this size."""
    return Campaign(
        name="bench",
        currency="EUR",
        budget_minor=n_people * 4,
        horizon_days=30,
        incrementality=Incrementality(low=0.2, mid=0.4, high=0.6),
        salt="bench",
        holdout_share=0.1,
        channel_capacities={"sms": n_people // 50, "email": n_people // 10},
        limits=(
            Limit(key="segment value_top", kind="segment", offer_ids=(), segment="value_top", minimum=max(1, n_people // 200)),
        ),
    )  # fmt: skip


def _portraits(lake: Lake, n_people: int, told: Told) -> dict[str, Any]:  # noqa: ARG001  # one signature for all
    made = build_portraits(lake=lake, as_of=AS_OF, known_at=AS_OF, built_at=AS_OF, progress=told)
    return {"n_portraits": made.n_people}


def _value(lake: Lake, n_people: int, told: Told) -> dict[str, Any]:  # noqa: ARG001
    return _fitted_and_scored(
        partial(fit_value, clock=CLOCK, time_zone="UTC", margin_rate=0.3),
        partial(score_value, time_zone="UTC"),
        lake=lake,
        told=told,
    )


def _repeat(lake: Lake, n_people: int, told: Told) -> dict[str, Any]:  # noqa: ARG001
    fit, score = partial(fit_repeat, clock=CLOCK, time_zone="UTC"), partial(score_repeat, time_zone="UTC")
    return _fitted_and_scored(fit, score, lake=lake, told=told)


def _affinity(lake: Lake, n_people: int, told: Told) -> dict[str, Any]:  # noqa: ARG001
    return _fitted_and_scored(partial(fit_affinity, clock=CLOCK), score_affinity, lake=lake, told=told)


def _demand(lake: Lake, n_people: int, told: Told) -> dict[str, Any]:  # noqa: ARG001
    fit = partial(fit_demand, clock=CLOCK, time_zone="UTC", country="DE")
    score = partial(score_demand, time_zone="UTC")
    return _fitted_and_scored(fit, score, lake=lake, told=told)


def _fitted_and_scored(
    fit: Callable[..., Any], score: Callable[..., Any], *, lake: Lake, told: Told
) -> dict[str, Any]:
    began = time.perf_counter()
    card = fit(lake=lake, as_of=AS_OF, progress=told)
    if isinstance(card, Abstention):
        raise SystemExit(f"The drawn shop has no such model: {card.code} {card.reason.values}")
    fitted = time.perf_counter()
    scored = score(lake=lake, as_of=AS_OF, progress=told)
    counts = {name: value for name, value in vars(scored).items() if name.startswith("n_")}
    return {"parts": {"fit": fitted - began, "score": time.perf_counter() - fitted}, **counts}


def _plan(lake: Lake, n_people: int, told: Told) -> dict[str, Any]:
    campaign = campaign_of(n_people)
    wanted = {"offers": OFFERS, "campaign": campaign}
    with prepare_people(
        lake=lake, segments=BUILT_IN_SEGMENTS, traits=BUILT_IN, as_of=AS_OF, **wanted
    ) as people:
        made = plan_campaign(people, lake=lake, clock=CLOCK, as_of=AS_OF, progress=told, **wanted)
    proof = made.certificate
    bound = [limit.key for limit in proof.limits if limit.binds is not None]
    return {
        "gap": proof.gap,
        "n_contacts": proof.n_contacts,
        "binding": bound,
        "budget_price": proof.budget_price,
    }


def _fold(lake: Lake, n_people: int, told: Told) -> dict[str, Any]:  # noqa: ARG001
    tomorrow = AS_OF + timedelta(days=1)
    refresh_state(lake=lake, as_of=tomorrow, known_at=tomorrow, progress=told)
    marks = lake.engine.rows(lake.table(STATE_MARKS.name).order_by(ibis.desc("step")).limit(1))
    return {"n_seen": int(marks[0]["n_people"])}


STAGES = {
    "portraits": Stage(run=_portraits, tables=("portrait_*", "portraits_*")),
    "value": Stage(run=_value, tables=("models", "value_scores")),
    "repeat": Stage(run=_repeat, tables=("models", "repeat_scores")),
    "affinity": Stage(run=_affinity, tables=("models", "affinity_*")),
    "demand": Stage(run=_demand, tables=("models", "demand_forecasts")),
    "plan": Stage(run=_plan, tables=("plans", "plan_assignments"), needs=("portraits", "value")),
    "fold": Stage(run=_fold, tables=(), needs=("portraits",)),
}


def run_stage(name: str, *, folder: Path, n_people: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Run a stage on the lake in `folder`, and return its figures: seconds, memory, what it says of itself.

    Parameters
    ----------
    name
        Of `STAGES`.
    folder
        Holds `lake/` and `tmp/`, for what is spilled or kept for a while.
    n_people
        The size of the shop.
    settings
        Those of a shop that choose the engine.
    """
    with open_engine(Settings(**settings), temp_folder=folder / "tmp") as engine:
        lake = Lake(folder / "lake", engine=engine)
        told = Told(f"{name}, {n_people:,} people, {folder.name}")
        began, worked = time.perf_counter(), time.process_time()
        own = STAGES[name].run(lake, n_people, told)
        seconds, cpu = time.perf_counter() - began, time.process_time() - worked
        jvm = _peak_of_java()  # asked while it lives
    return {
        "seconds": seconds,
        "python_cpu_seconds": cpu,
        "python_peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "jvm_peak_bytes": jvm,
        "collected_bytes": getattr(engine, "collected_bytes", None),
        "own": own,
    }


def sums(stage: str, *, folder: Path, memory_limit: str) -> dict[str, int | float]:
    """Return a sum for each column of the tables that a stage made: equal tables give equal sums.

    DuckDB reads the tables, whoever wrote them. Numbers are added up, other plain columns hashed, and rows counted;
    lists and structs are left out, and so are the names of models and plans: they are digests of floats too.
    """
    engine = DuckDBEngine(memory_limit=memory_limit, temp_folder=folder / "tmp")
    lake = Lake(folder / "lake", engine=engine)
    wanted = {
        "portraits": "portraits_",
        "value": "value_scores",
        "repeat": "repeat_scores",
        "affinity": "affinity_scores",
        "demand": "demand_forecasts",
        "plan": "plan_assignments",
        "fold": "portrait_state",
    }
    (name,) = [one for one in lake.names() if one.startswith(wanted[stage]) and one != STATE_MARKS.name]
    rows = lake.table(name)
    found = engine.rows(rows.agg(n_rows=rows.count(), **_column_sums(rows)))[0]
    engine.close()
    return {key: value if isinstance(value, float) else int(value or 0) for key, value in found.items()}


def _column_sums(rows: Any) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, dtype in rows.drop([n for n in ("model_id", "plan_id") if n in rows.columns]).schema().items():
        column = rows[name]
        if dtype.is_boolean() or dtype.is_integer():
            kept[f"{name}: sum"] = (
                column.cast("int64").cast("decimal(38, 0)").sum()
            )  # of ids no int64 holds it
        elif dtype.is_floating():
            kept[f"{name}: sum"] = column.sum()
        elif dtype.is_string() or dtype.is_temporal():
            kept[f"{name}: hash"] = (column.cast("string").hash() % 1_000_003).sum()
        kept[f"{name}: nulls"] = column.isnull().sum()
    return kept


def _peak_of_java() -> int | None:
    """Return the most memory that the JVM of this process, its child, ever had; None: there is none, or no /proc to ask."""
    peaks = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            told = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:  # it ended meanwhile
            continue
        if told["PPid"].strip() == str(os.getpid()) and told["Name"].strip() == "java":
            peaks.append(int(told["VmHWM"].split()[0]) * 1024)
    return max(peaks, default=None)
