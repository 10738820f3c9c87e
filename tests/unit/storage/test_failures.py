"""Drivers' errors in our words, for those that cannot be brought about in a test."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest

from aimwell.base.errors import Unavailable
from aimwell.storage.database.errors import DatabaseUnreachable
from aimwell.storage.database.failures import translated
from aimwell.storage.errors import AnotherWriter, DiskFull


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (psycopg.errors.DiskFull(), DiskFull),
        (psycopg.errors.DeadlockDetected(), AnotherWriter),
        (psycopg.errors.AdminShutdown(), DatabaseUnreachable),
    ],
)
def test_errors_of_a_server(error: psycopg.Error, expected: type[Unavailable]) -> None:
    found = translated(error, database="postgresql://ann:***@host/shop")
    assert type(found) is expected
    assert "postgresql://ann:***@host/shop" in str(found)


@pytest.mark.parametrize(
    "error", [None, ValueError(), sqlite3.IntegrityError(), psycopg.errors.UniqueViolation()]
)
def test_other_errors_pass(error: BaseException | None) -> None:
    assert translated(error, database="sqlite:///a.db") is None
