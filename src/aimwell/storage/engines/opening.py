"""Opens the engine that a shop chose: the only place that knows their names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from aimwell.base.settings import Settings
from aimwell.storage.engines import Engine
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.errors import SparkMissing

__all__ = ["open_engine"]


@contextmanager
def open_engine(settings: Settings, *, temp_folder: Path, scratch: str | None = None) -> Iterator[Engine]:
    """Keep the engine named by `settings.engine` open until the block ends.

    Parameters
    ----------
    settings
        The shop's.
    temp_folder
        For intermediate files of this process.
    scratch
        Folder or URL for those of a cluster, which all its machines see; None: `temp_folder`.

    Raises
    ------
    SparkMissing, JavaMissing, SparkUnreachable, SparkVersions
        If Spark is chosen and cannot be had.
    """
    options = settings.revealed_storage_options
    door = DuckDBEngine(
        memory_limit=settings.memory_limit,
        temp_folder=temp_folder,
        threads=settings.threads,
        storage_options=options,
    )
    with closing(door):
        if settings.engine == "duckdb":
            yield door
            return
        try:
            from aimwell.storage.engines.spark import SparkEngine  # takes seconds, and an extra
            from aimwell.storage.engines.spark_session import spark_session
        except ModuleNotFoundError as exc:
            raise SparkMissing(module=exc.name) from exc
        with (
            spark_session(
                settings.spark_url,
                options=settings.spark_options,
                memory=settings.memory_limit,
                log=temp_folder / "spark.log",
            ) as session,
            closing(
                SparkEngine(session, scratch=scratch or str(temp_folder), door=door, storage_options=options)
            ) as engine,
        ):
            yield engine
