"""An S3 server of this machine, and a lake both in a folder and in a bucket of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from s3fs import S3FileSystem

from aimwell.storage.engines import Engine
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake


@pytest.fixture(scope="session")
def s3_options() -> Iterator[dict[str, str]]:
    """Start one S3 server for the whole run; return how to reach it.

    In a process of its own: `deltalake` holds Python's lock while it waits for an answer.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
        env=os.environ | {"AWS_EC2_METADATA_DISABLED": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        endpoint = next(
            m[1] for line in server.stderr if (m := re.search(r"(http://127\.0\.0\.1:\d+)", line))
        )
        threading.Thread(target=drain, args=(server.stderr,), daemon=True).start()
        yield {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }
        server.terminate()


def drain(lines: IO[str]) -> None:
    """Read on, so that the server never waits for us."""
    for _ in lines:
        pass


@pytest.fixture
def bucket(s3_options: dict[str, str]) -> str:
    """Return the URL of a new, empty bucket."""
    store = S3FileSystem(
        key=s3_options["AWS_ACCESS_KEY_ID"],
        secret=s3_options["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=s3_options["AWS_ENDPOINT_URL"],
    )
    url = f"s3://test-{uuid.uuid4().hex}"
    store.mkdir(url)
    return url


@pytest.fixture
def s3_engine(tmp_path: Path, s3_options: dict[str, str]) -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine(
        memory_limit="1GB", temp_folder=tmp_path / "s3-engine", threads=2, storage_options=s3_options
    )
    yield engine
    engine.close()


@pytest.fixture
def s3_lake(bucket: str, s3_engine: DuckDBEngine, s3_options: dict[str, str]) -> Lake:
    return Lake(f"{bucket}/shop/lake", engine=s3_engine, storage_options=s3_options)


@pytest.fixture
def folder_lake(tmp_path: Path, engine: Engine) -> Lake:
    return Lake(tmp_path / "lake", engine=engine)


@pytest.fixture(params=["folder", "s3"])
def lake(request: pytest.FixtureRequest, folder_lake: Lake) -> Lake:
    """Return an empty lake, in a folder and in a bucket."""
    lake: Lake = folder_lake if request.param == "folder" else request.getfixturevalue("s3_lake")
    return lake


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out Spark with a bucket: its S3 driver is no Python package; `s3_lake` is on DuckDB."""
    items[:] = [item for item in items if "[s3-spark" not in item.name]
