"""Run small expressions on literal columns of text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest

from aimwell.storage.engines import Engine


@pytest.fixture
def column() -> Callable[[list[str | None]], ir.StringColumn]:
    """Return a column of these texts."""

    def make(texts: list[str | None]) -> ir.StringColumn:
        schema = {"i": "int64", "text": "string"}
        return ibis.memtable({"i": list(range(len(texts))), "text": texts}, schema=schema)["text"]

    return make


@pytest.fixture
def values(one_engine: Engine) -> Callable[[ir.Value], list[Any]]:
    """Run a column, in order of its rows."""
    return lambda value: one_engine.arrow(value.name("value").as_table())["value"].to_pylist()
