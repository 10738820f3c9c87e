"""Merges one row into a lake and kills itself with SIGKILL at the N-th executed line of the storage wing.

Run as: python crash_writer.py FOLDER LAKE OPTIONS LINE; FOLDER is for scratch, LAKE a path or URL, OPTIONS the store's
as JSON; LINE 0 never kills and prints how many lines ran.
"""

from __future__ import annotations

import json
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
    folder, options, kill_at = Path(sys.argv[1]), json.loads(sys.argv[3]), int(sys.argv[4])
    engine = DuckDBEngine(
        memory_limit="500MB", temp_folder=folder / "tmp", threads=1, storage_options=options
    )
    lake = Lake(sys.argv[2], engine=engine, storage_options=options)
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
