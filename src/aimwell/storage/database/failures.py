"""The drivers' errors in our own words: one place for both databases."""

from __future__ import annotations

import sqlite3

import psycopg

from aimwell.base.errors import Unavailable
from aimwell.storage.database.errors import DatabaseDamaged, DatabaseUnreachable
from aimwell.storage.errors import AnotherWriter, DiskFull

__all__ = ["translated"]

_PRIMARY_CODE = 0xFF  # SQLite keeps details in the higher bits
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_CLOSED = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_IOERR}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def translated(error: BaseException | None, *, database: str) -> Unavailable | None:
    """Return the error to show in place of a driver's, or None if the driver's own should pass.

    Parameters
    ----------
    error
        What the driver raised.
    database
        The database's URL without its password.
    """
    if isinstance(error, sqlite3.Error):
        return _from_sqlite(error, database=database)
    if isinstance(error, psycopg.OperationalError):
        return _from_postgresql(error, database=database)
    return None


def _from_sqlite(error: sqlite3.Error, *, database: str) -> Unavailable | None:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & _PRIMARY_CODE
    if code in _LOCKED:
        return AnotherWriter(what=database)
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(what=database)
    if code in _CLOSED:
        return DatabaseUnreachable(database=database)
    if code in _DAMAGED:
        return DatabaseDamaged(database=database)
    return None


def _from_postgresql(error: psycopg.OperationalError, *, database: str) -> Unavailable:
    if isinstance(error, psycopg.errors.LockNotAvailable | psycopg.errors.DeadlockDetected):
        return AnotherWriter(what=database)
    if isinstance(error, psycopg.errors.DiskFull):
        return DiskFull(what=database)
    return DatabaseUnreachable(database=database)
