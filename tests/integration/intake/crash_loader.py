"""Loads one file into a shop folder in a process of its own, and kills itself at the n-th write; run by test_killed.py."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from aimwell.base.clock import FixedClock
from aimwell.intake.service import Desk, load_files
from aimwell.storage.database import Database
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake
from aimwell.trust.vault import Vault


class Bomb:
    """Counts the moments before and after every write; at the n-th the process is killed."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.n = 0

    def tick(self) -> None:
        self.n += 1
        if self.n == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


class FragileLake(Lake):
    """A lake whose writes are moments."""

    bomb: Bomb

    def _commit(self, *args: Any, **kwargs: Any) -> None:
        self.bomb.tick()
        super()._commit(*args, **kwargs)
        self.bomb.tick()


class FragileDatabase(Database):
    """A database whose transactions are moments: before the first statement, before the commit, after it."""

    bomb: Bomb

    @contextmanager
    def begin(self, *, lock: str | None = None) -> Iterator[Any]:
        self.bomb.tick()
        with super().begin(lock=lock) as connection:
            yield connection
            self.bomb.tick()
        self.bomb.tick()


def load(folder: Path, file: Path, *, bomb: Bomb, year: int) -> int:
    """Load the file, and return how many moments there were."""
    engine = DuckDBEngine(memory_limit="1GB", temp_folder=folder / "tmp", threads=1)
    lake = FragileLake(folder / "lake", engine=engine)
    database = FragileDatabase.open(f"sqlite:///{folder / 'aimwell.db'}")
    lake.bomb = database.bomb = bomb
    Vault.create_keys(folder / "keys")
    desk = Desk(
        lake=lake,
        database=database,
        vault=Vault(database=database, keys=folder / "keys", country="CN"),
        clock=FixedClock(datetime(year, 1, 1)),
        scratch=folder / "tmp",
        currency="CNY",
        zone="Asia/Shanghai",
    )
    load_files([file], desk=desk)
    database.close()
    engine.close()
    return bomb.n


if __name__ == "__main__":
    n_moments = load(Path(sys.argv[1]), Path(sys.argv[2]), bomb=Bomb(int(sys.argv[3])), year=int(sys.argv[4]))
    sys.stdout.write(str(n_moments))
