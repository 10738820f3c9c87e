"""Run small expressions on literal columns of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest
from ibis.backends.duckdb import Backend


@pytest.fixture(scope="session")
def connection() -> Iterator[Backend]:
    connection = ibis.duckdb.connect()
    yield connection
    connection.disconnect()


@pytest.fixture
def column(connection: Backend) -> Iterator[Callable[[list[str | None]], ir.StringColumn]]:
    """Return a column of these texts."""
    names: list[str] = []

    def make(texts: list[str | None]) -> ir.StringColumn:
        names.append(f"texts_{len(names)}")
        rows = ibis.memtable(
            {"i": list(range(len(texts))), "text": texts}, schema={"i": "int64", "text": "string"}
        )
        return connection.create_table(names[-1], rows, overwrite=True)["text"]

    yield make
    for name in names:
        connection.drop_table(name)


@pytest.fixture
def values(connection: Backend) -> Callable[[ir.Value], list[Any]]:
    """Run a column, in order of its rows."""
    return lambda value: connection.to_pyarrow(value.name("value").as_table())["value"].to_pylist()
