"""A writer killed anywhere leaves the old version, in a folder and in a bucket, and a retry succeeds."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import uuid
from datetime import datetime
from pathlib import Path

import pytest

from aimwell.storage.lake.lake import Lake

from .orders_table import SPEC, parcels
from .test_lake import BEFORE, contents

CRASH_WRITER = Path(__file__).with_name("crash_writer.py")
AFTER = [
    ("a", 1, datetime(2024, 1, 5), datetime(2024, 5, 1)),  # closed by the merge
    ("a", 1, datetime(2024, 2, 3), None),
    ("b", 2, datetime(2024, 1, 6), None),
    ("c", 3, datetime(2024, 3, 1), None),
]


def run_writer(lake: Lake, scratch: Path, *, kill_at: int) -> subprocess.CompletedProcess[str]:
    scratch.mkdir(exist_ok=True)
    options = json.dumps(lake.place.delta_options or {})
    return subprocess.run(
        [sys.executable, str(CRASH_WRITER), str(scratch), lake.root, options, str(kill_at)],
        capture_output=True,
        text=True,
        check=False,
    )


def crash_everywhere(lake: Lake, scratch: Path, *, at_most: int) -> int:
    """Kill the writer at so many executed lines of storage code, evenly spread; return how many kills there were."""

    def fresh() -> Lake:
        new = Lake(
            f"{lake.root}-{uuid.uuid4().hex}", engine=lake.engine, storage_options=lake.place.delta_options
        )
        new.append(SPEC, parcels(("a", 1, "2024-01-05"), ("b", 2, "2024-01-06")))
        return new

    n_lines = int(run_writer(fresh(), scratch, kill_at=0).stdout)
    kills = range(1, n_lines, -(-n_lines // at_most))
    for line in kills:
        new = fresh()
        killed = run_writer(new, scratch, kill_at=line)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert contents(new) in (BEFORE, AFTER), f"half-written after a kill at line {line} of {n_lines}"
        retried = run_writer(new, scratch, kill_at=0)
        assert retried.returncode == 0, retried.stderr
        assert contents(new) == AFTER, f"the retry after a kill at line {line} of {n_lines} is wrong"
    return len(kills)


def test_a_killed_writer_leaves_the_old_version_and_a_retry_succeeds(lake: Lake, tmp_path: Path) -> None:
    assert crash_everywhere(lake, tmp_path / "scratch", at_most=5) == 5


@pytest.mark.deep
def test_a_writer_killed_at_any_line(folder_lake: Lake, tmp_path: Path) -> None:
    assert crash_everywhere(folder_lake, tmp_path / "scratch", at_most=1_000_000) >= 100
