"""Run every benchmark, one after the other, each in a process of its own, and print what it prints.

python benchmarks/run.py                     # sizes for a laptop: about an hour on 2 cores
python benchmarks/run.py --full              # 100 million rows, 10 million people: hours, 60 GB of disk
python benchmarks/run.py --only plan
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
LAPTOP = {
    "load": ["--rows", "2000000"],
    "value": ["--people", "1000000"],
    "plan": ["--people", "1000000"],
    "portraits": ["--rows", "10000000", "--people", "100000"],
    "spark": ["--sizes", "100_000,300_000"],
    "simulator": ["--people", "100000"],
    "measure": ["--campaigns", "100", "--shops", "usual", "simulated gifts"],
    "effect": ["--repeats", "1"],
    "price": [],
    "repeat": [],
    "affinity": ["--people", "100000"],
    "needs": [],
    "demand": ["--quick"],
    "demand_outlook": [],
    "loop": ["--people", "20000", "--seeds", "3"],
}
FULL = {
    "load": ["--rows", "10000000"],
    "value": ["--people", "10000000"],
    "plan": ["--people", "10000000"],
    "portraits": ["--rows", "100000000", "--people", "1000000"],
    "spark": ["--sizes", "1_000_000,3_000_000,10_000_000", "--time-limit", "10800"],
    "simulator": [],
    "measure": [],
    "effect": ["--repeats", "5"],
    "price": [],
    "repeat": [],
    "affinity": ["--people", "1000000"],
    "needs": [],
    "demand": ["--full"],
    "demand_outlook": ["--ets"],
    "loop": [],
}


def main() -> None:
    """Run them and say how long each took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="the sizes that docs/benchmarks.md quotes")
    parser.add_argument("--only", choices=list(LAPTOP), help="one of them")
    options = parser.parse_args()
    sizes = FULL if options.full else LAPTOP
    print(
        f"Python {platform.python_version()}, {platform.machine()}, {platform.system()} {platform.release()}"
    )
    failed = []
    for name, arguments in sizes.items():
        if options.only not in (None, name):
            continue
        print(f"\n== {name} {' '.join(arguments)}", flush=True)
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="aimwell-bench-") as folder:
            place = ["--folder", folder] if name in ("load", "portraits", "spark", "simulator") else []
            done = subprocess.run([sys.executable, str(HERE / f"{name}.py"), *arguments, *place], check=False)
        print(f"-- {name}: {time.monotonic() - began:.0f} s, exit code {done.returncode}", flush=True)
        if done.returncode:
            failed.append(name)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
