"""Our compilers are those of Ibis, but for what we say ourselves: a class between them would take methods of the engine away."""

from __future__ import annotations

import pytest
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from aimwell.storage.engines.duckdb import _Compiler


def changed(ours: type, parent: type) -> set[str]:
    return {
        name
        for name in dir(parent)
        if name.startswith("visit_") and getattr(ours, name) is not getattr(parent, name)
    }


def test_duckdb_changes_only_fractions() -> None:
    assert changed(_Compiler, DuckDBCompiler) == {"visit_NonNullLiteral"}


def test_spark_changes_only_what_it_says() -> None:
    pytest.importorskip("pyspark")
    from ibis.backends.sql.compilers.pyspark import PySparkCompiler

    from aimwell.storage.engines import spark_dialect

    names = "ArrayIndex Cast IsNull LStrip NonNullLiteral NotNull RStrip StringSplit Strip TimestampTruncate"
    assert changed(spark_dialect._Compiler, PySparkCompiler) == {f"visit_{name}" for name in names.split()}
