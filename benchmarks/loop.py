"""The loop, shown: Aimwell's yearly profit beside other policies' and an oracle's, in simulated shops.

    python benchmarks/loop.py [--people 100000] [--seeds 20] [--processes 2] [--markdown FILE.md] [--chart FILE.svg] [--json FILE.json]

Everything is simulated (see docs/loop.md). The table is printed; progress goes to stderr.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from aimwell.learn.loop.compare import Standing, compare, standings
from aimwell.report.charts.bars import Span, spans
from aimwell.report.charts.theme import WIDE, Scale, svg


class _Told:
    """Progress as lines on stderr."""

    def start(self, label: str, *, total: int | None = None, unit: str = "") -> None:
        self._total, self._n, self._began = total, 0, time.perf_counter()
        print(f"{label}: 0 of {total} {unit}", file=sys.stderr, flush=True)

    def advance(self, count: int) -> None:
        self._n += count
        seconds = time.perf_counter() - self._began
        print(f"{self._n} of {self._total}, {seconds:.0f} s", file=sys.stderr, flush=True)

    def done(self) -> None:
        pass


def markdown(found: tuple[Standing, ...], *, people: int, seeds: int) -> str:
    """Return the table; money in major units per person and year."""
    head = (
        f"Simulated: {seeds} shops of {people:,} people, 12 monthly campaigns each; dollars of profit per person and year. "
        "Intervals: 95 %, paired by seed.\n\n"
        "| policy (simulated) | mean yearly profit | Aimwell ahead by | interval | worst seed | seeds ahead |\n|---|--:|--:|:-:|--:|--:|\n"
    )
    return head + "".join(row(one, seeds) for one in found)


def row(one: Standing, seeds: int) -> str:
    if one.ahead_minor is None:
        return f"| {one.policy} | {one.mean_minor / 100:.3f} | | | | |\n"
    low, high, worst = (x / 100 for x in (one.low_minor, one.high_minor, one.worst_minor))
    return (
        f"| {one.policy} | {one.mean_minor / 100:.3f} | {one.ahead_minor / 100:+.3f} | {low:+.3f} … {high:+.3f} "
        f"| {worst:+.3f} (seed {one.worst_seed}) | {one.n_won} of {seeds} |\n"
    )


def chart(found: tuple[Standing, ...], *, people: int, seeds: int) -> str:
    """Return an SVG of Aimwell's lead over each policy."""
    rows = [
        Span(
            label=one.policy,
            low=one.low_minor / 100,
            high=one.high_minor / 100,
            point=one.ahead_minor / 100,
        )
        for one in found
        if one.ahead_minor is not None
    ]
    title = f"Aimwell's lead in {seeds} simulated shops of {people:,} people"
    amounts = Scale(
        title="simulated dollars per person and year ahead, 95 % interval", read=lambda x: f"{x:g}"
    )
    return str(svg(spans(rows, amounts=amounts, width=WIDE), title=title, description=title))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--chart", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(
            name, "1"
        )  # a seed is a process; threads inside would only get in each other's way
    years = compare(
        people=options.people,
        seeds=range(1, options.seeds + 1),
        processes=options.processes,
        progress=_Told(),
    )
    found = standings(years)
    size = {"people": options.people, "seeds": options.seeds}
    print(markdown(found, **size))
    if options.markdown:
        options.markdown.write_text(markdown(found, **size), "utf-8")
    if options.chart:
        options.chart.write_text(chart(found, **size), "utf-8")
    if options.json:
        rows = {"standings": [asdict(one) for one in found], "years": [asdict(year) for year in years]}
        options.json.write_text(json.dumps(rows, indent=1), "utf-8")


if __name__ == "__main__":
    main()
