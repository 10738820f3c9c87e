"""One database per shop: a SQLite file in its folder, or PostgreSQL by URL."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError

from aimwell.storage.database.errors import DatabaseUnsupported, DatabaseUrlMalformed
from aimwell.storage.database.failures import translated

__all__ = ["Database"]

_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
_VERSION = sa.table("alembic_version", sa.column("version_num"))

# EXTRA is FULL and one more sync: of the folder, when the rollback journal goes. Only then is a commit on disk.
# Not WAL: SQLite below 3.51.3 can lose it when it starts over.
_SQLITE_SETTINGS = {
    "journal_mode": "DELETE",
    "synchronous": "EXTRA",
    "foreign_keys": "ON",
    "secure_delete": "ON",
    "temp_store": "MEMORY",
    "cache_size": "-65536",
}


class Database:
    """Transactions on one database; the driver's errors arrive as those of `aimwell.storage`.

    Parameters
    ----------
    url
        A checked URL; use `open` to check one.
    wait_seconds
        How long a transaction waits for another writer before it gives up.
    """

    def __init__(self, url: URL, *, wait_seconds: float) -> None:
        self.url = url
        self._engine = sa.create_engine(
            url,
            connect_args=_connect_args(url, wait_seconds=wait_seconds),
            hide_parameters=True,  # bound values may be personal: never in a message or a log
        )
        sa.event.listen(self._engine, "handle_error", self._translate)
        if self.dialect == "sqlite":
            sa.event.listen(self._engine, "connect", _set_up_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)

    @classmethod
    def open(cls, url: str, *, wait_seconds: float = 10.0) -> Database:
        """Return the database at `sqlite:///PATH` or `postgresql://...`; it is first touched by a transaction.

        Raises
        ------
        DatabaseUrlMalformed
            If this is no URL.
        DatabaseUnsupported
            If it names another kind of database.
        """
        try:
            parsed = make_url(url)
        except ArgumentError as exc:
            raise DatabaseUrlMalformed() from exc
        kind = parsed.get_backend_name()
        if kind not in _DRIVERS:
            raise DatabaseUnsupported(kind=kind)
        return cls(parsed.set(drivername=_DRIVERS[kind]), wait_seconds=wait_seconds)

    @property
    def dialect(self) -> str:
        """The kind of database: "sqlite" or "postgresql"."""
        return self._engine.dialect.name

    @property
    def shown(self) -> str:
        """The URL for messages: without the password."""
        return self.url.set(drivername=self.dialect).render_as_string(hide_password=True)

    @contextmanager
    def begin(self, *, lock: str | None = None) -> Iterator[sa.Connection]:
        """Open a transaction that may write; it commits when the block ends and leaves nothing when it fails.

        Parameters
        ----------
        lock
            Work of this name goes on in one transaction at a time, whichever process it is in. On SQLite this holds
            for all writing anyway.

        Raises
        ------
        AnotherWriter
            If another writer does not finish in time.
        DiskFull
            If the disk takes no more.
        DatabaseUnreachable
            If the database does not answer.
        """
        with self._engine.connect() as connection, connection.begin():
            if lock is not None and self.dialect == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(zlib.crc32(lock.encode()))))
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction that only reads, and sees one moment of the database from beginning to end."""
        with self._engine.connect() as connection:
            if self.dialect == "sqlite":
                connection = connection.execution_options(is_reading=True)
            else:
                connection = connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            with connection.begin():
                yield connection

    def revision(self) -> str | None:
        """Return the revision of the tables, or None for an empty database."""
        with self.read() as connection:
            if not sa.inspect(connection).has_table(_VERSION.name):
                return None
            return connection.execute(sa.select(_VERSION.c.version_num)).scalar_one_or_none()

    def upgrade(self) -> None:
        """Bring the tables to this program's revision, all in one transaction; a no-op if they are there.

        Raises
        ------
        DatabaseNewer
            If a newer Aimwell has already changed them.
        """
        if self.dialect == "sqlite" and self.url.database:
            Path(self.url.database).touch(mode=0o600)
        # Every command comes by here: to find nothing to do it must not wait for a writer, nor for Alembic's import.
        if self.revision() == _newest_revision():
            return
        from aimwell.storage.database.migrating import migrate

        with self.begin(lock="migrations") as connection:
            migrate(connection, database=self.shown)

    def close(self) -> None:
        """Close all connections; the next transaction opens new ones."""
        self._engine.dispose()

    def _translate(self, context: ExceptionContext) -> None:
        error = translated(context.original_exception, database=self.shown)
        if error is not None:
            raise error from context.original_exception


def _newest_revision() -> str:
    """Return this program's revision: the files of the migrations begin with theirs."""
    files = resources.files("aimwell.storage.database") / "migrations" / "versions"
    return max(file.name.split("_")[0] for file in files.iterdir() if file.name.endswith(".py"))


def _connect_args(url: URL, *, wait_seconds: float) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {"timeout": wait_seconds, "isolation_level": None}
    settings = {
        "lock_timeout": f"{round(wait_seconds * 1000)}",
        "synchronous_commit": "on",
        "timezone": "UTC",
    }
    return {
        "connect_timeout": max(2, round(wait_seconds)),
        "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
    }


def _set_up_sqlite(connection: Any, _record: object) -> None:
    for name, value in _SQLITE_SETTINGS.items():
        connection.execute(f"PRAGMA {name} = {value}")


def _begin_sqlite(connection: sa.Connection) -> None:
    """Take the write lock at once: one that is taken later cannot wait, it can only fail."""
    is_reading = connection.get_execution_options().get("is_reading", False)
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")
