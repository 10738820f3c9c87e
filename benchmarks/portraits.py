"""Portraits of everybody, against the same traits written by hand, and a day folded in.

    python benchmarks/portraits.py --rows 100_000_000 --people 1_000_000
    python benchmarks/portraits.py --rows 10_000_000 --people 100_000 --frames     # pandas and polars beside it

Rows are order lines and events together (two to three). All runs read the same Parquet files in the same process order,
with the same threads and memory limit, each in a process of its own, so that peak memory is each one's own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from aimwell.portraits.service import build_portraits, refresh_state, snapshot_rows
from aimwell.portraits.specs import STATE, STATE_MARKS
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake
from portraits_data import AS_OF, day_of_events, fill

TABLES = ("orders", "order_lines", "events", "products")
# Traits whose sums must agree; the hand-written ones are floats where Aimwell's are whole.
SAME = (
    "n_orders", "n_orders_90d", "spend_minor", "n_products", "n_categories", "n_brands", "n_views", "n_abandoned_cart_days",
    "n_order_days", "recency_score", "money_score",
)  # fmt: skip


def main() -> None:
    options = _options()
    if options.step:
        print(json.dumps(STEPS[options.step](options)))
        return
    if not (options.folder / "lake").exists():
        _run("fill", options)
    ours, by_hand = _run("build", options), _run("by_hand", options)
    _run("fold", options)
    for name in SAME:
        if ours["sums"][name] != by_hand["sums"][name]:
            sys.exit(f"{name}: {ours['sums'][name]} is not {by_hand['sums'][name]}")
    ratios = {name: f"{ours[name] / by_hand[name]:.2f}" for name in ("seconds", "cpu")}
    print(f"the same {len(SAME)} sums; ratio to SQL by hand: {ratios}")
    if options.frames:
        _run("pandas", options)
        _run("polars", options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=Path("bench-portraits"))
    parser.add_argument("--memory-limit", default="8GB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--new-events", type=int, default=300_000)
    parser.add_argument("--frames", action="store_true", help="pandas and polars too")
    parser.add_argument("--step", choices=list(STEPS), help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(step: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run one step in a process of its own and print what it took."""
    given = ["--rows", options.rows, "--people", options.people, "--folder", options.folder]
    given += [
        "--memory-limit",
        options.memory_limit,
        "--threads",
        options.threads,
        "--new-events",
        options.new_events,
    ]
    command = [sys.executable, __file__, "--step", step, *map(str, given)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    parts = "  ".join(f"{name} {seconds:.1f} s" for name, seconds in found.get("parts", {}).items())
    print(
        f"{step:8} {found['seconds']:8.1f} s   {found['cpu']:8.1f} s of processor   {found['peak_gib']:5.1f} GiB   {parts}",
        flush=True,
    )
    return found


def _lake(options: argparse.Namespace) -> Lake:
    spill = options.folder / "spill"
    spill.mkdir(parents=True, exist_ok=True)
    engine = DuckDBEngine(memory_limit=options.memory_limit, temp_folder=spill, threads=options.threads)
    return Lake(options.folder / "lake", engine=engine)


def _timed(run: Callable[[], Any]) -> dict[str, Any]:
    start, worked = time.perf_counter(), time.process_time()
    run()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": time.perf_counter() - start, "cpu": time.process_time() - worked, "peak_gib": peak}


def _fill(options: argparse.Namespace) -> dict[str, Any]:
    lake = _lake(options)
    n_lines = options.rows * 2 // 5
    n_events = options.rows - n_lines
    return _timed(lambda: fill(lake, n_lines=n_lines, n_events=n_events, n_people=options.people))


def _build(options: argparse.Namespace) -> dict[str, Any]:
    lake = _lake(options)
    for name in (STATE.name, STATE_MARKS.name):
        lake.place.delete(f"{lake.root}/{name}")
    state = _timed(lambda: refresh_state(lake=lake, as_of=AS_OF, known_at=AS_OF))
    drawn = _timed(lambda: build_portraits(lake=lake, as_of=AS_OF, known_at=AS_OF, built_at=AS_OF))
    rows = snapshot_rows(lake=lake, as_of=AS_OF)
    sums = lake.engine.rows(rows.agg(**{name: rows[name].sum() for name in SAME}))[0]
    return {
        "seconds": state["seconds"] + drawn["seconds"],
        "cpu": state["cpu"] + drawn["cpu"],
        "peak_gib": drawn["peak_gib"],
        "parts": {"state": state["seconds"], "portraits": drawn["seconds"]},
        "sums": {name: int(value) for name, value in sums.items()},
    }


def _by_hand(options: argparse.Namespace) -> dict[str, Any]:
    """Run the hand-written SQL into a table of a database file, so that both keep their result on disk."""
    path = options.folder / "by_hand.duckdb"
    path.unlink(missing_ok=True)
    connection = duckdb.connect(
        str(path), config={"memory_limit": options.memory_limit, "threads": options.threads}
    )
    _views(connection, options)
    sql = Path(__file__).with_suffix("").with_name("portraits_by_hand.sql").read_text("utf-8")
    found = _timed(lambda: connection.execute(sql.replace("$as_of", f"TIMESTAMP '{AS_OF}'")))
    row = connection.execute(
        "SELECT " + ", ".join(f"sum({name})" for name in SAME) + " FROM by_hand"
    ).fetchone()
    return found | {"sums": dict(zip(SAME, map(int, row), strict=True))}


def _views(connection: duckdb.DuckDBPyConnection, options: argparse.Namespace) -> None:
    """Show the files of the lake's first load; the day that `fold` appends is not among them."""
    lake = _lake(options)
    for name in TABLES:
        files = lake.paths(name, version=1)
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({files})")


def _fold(options: argparse.Namespace) -> dict[str, Any]:
    """Fold one more day of events into the state."""
    lake = _lake(options)
    if lake.version("events") == 1:
        day_of_events(lake, n_events=options.new_events, n_people=options.people, first=10 * options.rows)
    tomorrow = AS_OF + timedelta(days=1)
    return _timed(lambda: refresh_state(lake=lake, as_of=tomorrow, known_at=tomorrow))


def _frame_columns() -> dict[str, list[str]]:
    return {
        "orders": ["person_id", "ordered_at", "items_minor", "discount_minor", "coupon_code"],
        "order_lines": ["person_id", "product_id", "net_minor", "discount_minor"],
        "events": ["person_id", "name", "occurred_at"],
    }


def _files(options: argparse.Namespace, name: str) -> list[str]:
    return _lake(options).paths(name, version=1)


def _pandas(options: argparse.Namespace) -> dict[str, Any]:
    """Twenty plain aggregates, no tastes and no rhythm: what fits a data frame."""
    import pandas as pd

    def run() -> None:
        frames = {
            name: pd.concat([pd.read_parquet(f, columns=columns) for f in _files(options, name)])
            for name, columns in _frame_columns().items()
        }
        o, li, e = frames["orders"], frames["order_lines"], frames["events"]
        orders = o.groupby("person_id").agg(
            n=("items_minor", "size"), spend=("items_minor", "sum"), first=("ordered_at", "min"), last=("ordered_at", "max"),
            top=("items_minor", "max"), discount=("discount_minor", "sum"), coupons=("coupon_code", "count"),
        )  # fmt: skip
        lines = li.groupby("person_id").agg(
            n_lines=("net_minor", "size"), net=("net_minor", "sum"), n_products=("product_id", "nunique")
        )
        kinds = (
            e.groupby(["person_id", "name"])
            .agg(n=("occurred_at", "size"), last=("occurred_at", "max"))
            .unstack()
        )
        orders.join([lines], how="outer").join(
            kinds.set_axis(["_".join(c) for c in kinds.columns], axis=1), how="outer"
        )

    return _timed(run)


def _polars(options: argparse.Namespace) -> dict[str, Any]:
    """Run the aggregates of `_pandas` in polars."""
    import polars as pl

    def run() -> None:
        o, li, e = (pl.scan_parquet(_files(options, n)).select(c) for n, c in _frame_columns().items())
        col = pl.col
        orders = o.group_by("person_id").agg(
            n=pl.len(), spend=col("items_minor").sum(), first=col("ordered_at").min(), last=col("ordered_at").max(),
            top=col("items_minor").max(), discount=col("discount_minor").sum(), coupons=col("coupon_code").count(),
        )  # fmt: skip
        lines = li.group_by("person_id").agg(
            n_lines=pl.len(), net=col("net_minor").sum(), n_products=col("product_id").n_unique()
        )
        names = ["Product Viewed", "Products Searched", "Product Added", "Checkout Started", "Page Viewed"]
        kinds = e.group_by("person_id").agg(
            *[(col("name") == n).sum().alias(f"n_{n}") for n in names],
            *[col("occurred_at").filter(col("name") == n).max().alias(f"last_{n}") for n in names],
        )
        orders.join(lines, on="person_id", how="full", coalesce=True).join(
            kinds, on="person_id", how="full", coalesce=True
        ).collect(engine="streaming")

    return _timed(run)


STEPS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "fill": _fill,
    "build": _build,
    "by_hand": _by_hand,
    "fold": _fold,
    "pandas": _pandas,
    "polars": _polars,
}

if __name__ == "__main__":
    main()
