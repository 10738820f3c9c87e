"""Runs the migrations; the only place that imports Alembic, which takes longer than most commands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from aimwell.storage.database.errors import DatabaseNewer

__all__ = ["migrate"]


def migrate(connection: sa.Connection, *, database: str) -> None:
    """Bring the tables to this program's revision, inside the connection's transaction.

    Parameters
    ----------
    connection
        In a transaction that other migrations wait for.
    database
        The database's name for messages.

    Raises
    ------
    DatabaseNewer
        If a newer Aimwell has already changed the tables.
    """
    config = Config()
    config.set_main_option("script_location", "aimwell.storage.database:migrations")
    scripts = ScriptDirectory.from_config(config)
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None and revision not in {s.revision for s in scripts.walk_revisions()}:
        raise DatabaseNewer(database=database, revision=revision, known=scripts.get_current_head())
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
