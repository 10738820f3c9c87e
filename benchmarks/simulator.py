"""The simulator: a world's history on one core, and a month of the loop.

    python benchmarks/simulator.py [--people 1000000] [--like gift-shop] [--no-events] [--loop-people 100000] [--folder DIR]

First a world is written to Parquet files, events and truth too, in a process of its own whose memory is measured. Then what `make loop`
does each month for one policy: live thirty days with a contact to everybody, and ask the truth about five deals for everybody. CPU
seconds are shown beside the seconds on the clock, which other programs lengthen.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import Any

import numpy as np

from aimwell.learn.simulator.files import write_world
from aimwell.learn.simulator.ledger import Ledger
from aimwell.learn.simulator.model import Deal, Touches
from aimwell.learn.simulator.presets import PRESETS
from aimwell.learn.simulator.saving import TruthFolder
from aimwell.learn.simulator.truth import truth
from aimwell.learn.simulator.world import World

DEALS = (
    Deal(offer_id="news", channel="email", contact_milli=1_000),
    Deal(offer_id="ten", channel="email", discount_rate=0.1, contact_milli=1_000),
    Deal(offer_id="twenty", channel="email", discount_rate=0.2, contact_milli=1_000),
    Deal(offer_id="text", channel="sms", discount_rate=0.1, contact_milli=5_000),
    Deal(offer_id="shelf", channel="email", discount_rate=0.15, category=3, contact_milli=1_000),
)


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    clock, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - clock, time.process_time() - cpu, result


def written(like: str, people: int, has_events: bool, folder: str) -> dict[str, Any]:
    """Write a world in a process of its own; return its figures."""
    world = World(PRESETS[like](people=people), 1)
    place = Path(folder)
    kept = TruthFolder.make(place / "truth", apart_from=place / "files")
    clock, cpu, done = timed(lambda: write_world(world, place / "files", truth=kept, has_events=has_events))
    size = sum(path.stat().st_size for path in (place / "files").iterdir())
    return {
        "clock": clock,
        "cpu": cpu,
        "rows": done.rows,
        "bytes": size,
        "peak_kb": getrusage(RUSAGE_SELF).ru_maxrss,
    }


def show_world(options: argparse.Namespace) -> None:
    scratch = tempfile.mkdtemp(prefix="aimwell-bench-", dir=options.folder)
    try:
        with get_context("spawn").Pool(1) as pool:
            found = pool.apply(written, (options.like, options.people, options.events, scratch))
    finally:
        shutil.rmtree(scratch)
    print(
        f"{options.like}, {options.people:,} people, 365 days, to Parquet: {found['clock']:.0f} s ({found['cpu']:.0f} s of CPU), "
        f"peak memory {found['peak_kb'] / 1024:.0f} MiB, files {found['bytes'] / 2**20:.0f} MiB"
    )
    for name, rows in found["rows"].items():
        print(f"  {name:12} {rows:14,} rows")


def show_loop(options: argparse.Namespace) -> None:
    n = options.loop_people
    ledger = Ledger(World(PRESETS[options.like](people=n), 1))
    for label, work in (
        ("180 days of history", lambda: ledger.live(180)),
        (
            "a month with a contact to everybody",
            lambda: ledger.live(30, touches=Touches.on(180, np.arange(n), np.arange(n) % 5), deals=DEALS),
        ),
        (f"the truth about {len(DEALS)} deals, 60 days ahead", lambda: truth(ledger.life, DEALS)),
    ):
        clock, cpu, _ = timed(work)
        print(f"{n:,} people: {label}: {clock:.2f} s ({cpu:.2f} s of CPU)")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--loop-people", type=int, default=100_000)
    parser.add_argument("--like", choices=list(PRESETS), default="gift-shop")
    parser.add_argument("--events", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}"
    )
    show_world(options)
    show_loop(options)


if __name__ == "__main__":
    main()
