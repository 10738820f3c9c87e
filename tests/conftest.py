"""What all tests share: a fixed zone, a small engine, an empty lake."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake

os.environ["TZ"] = "UTC"
time.tzset()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    folder = tmp_path / "engine"
    folder.mkdir()
    engine = DuckDBEngine(memory_limit="1GB", temp_folder=folder, threads=2)
    yield engine
    engine.close()


@pytest.fixture
def lake(tmp_path: Path, engine: DuckDBEngine) -> Lake:
    return Lake(tmp_path / "lake", engine=engine)
