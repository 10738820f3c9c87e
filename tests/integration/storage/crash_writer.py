"""Merges one row into a lake and kills itself with SIGKILL at the N-th executed line of the storage wing.

Run as: python crash_writer.py FOLDER LINE; LINE 0 never kills and prints how many lines ran.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import Txn

sys.path.insert(0, str(Path(__file__).parent))
from orders_table import SPEC, parcels


def main() -> None:
    folder, kill_at = Path(sys.argv[1]), int(sys.argv[2])
    engine = DuckDBEngine(memory_limit="500MB", temp_folder=folder / "tmp", threads=1)
    lake = Lake(folder / "lake", engine=engine)
    rows = parcels(("a", 1, "2024-02-03"), ("c", 3, "2024-03-01"))
    n_lines = 0

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal n_lines
        if f"aimwell{os.sep}storage" not in frame.f_code.co_filename:
            return None
        if event == "line":
            n_lines += 1
            if n_lines == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return count

    sys.settrace(count)
    lake.merge(SPEC, rows, on=("parcel_id",), supersede=datetime(2024, 5, 1), txn=Txn(app_id="job"))
    sys.settrace(None)
    print(n_lines)


main()
