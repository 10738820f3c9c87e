"""The whole main job, typed as commands, ends alike on both engines: what is shown, what is kept, and the report.

Whole numbers, texts and dates are equal; fractions are to nine digits. Moments of the machine's clock are left out, and
random ids of people are told apart by what these people bought.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake

pytestmark = pytest.mark.spark

_CLOCK = {"known_at", "first_loaded_at", "built_at", "made_at", "fitted_at", "finished_at"}
_RELATIVE = 1e-9
_WHO = {"account_id", "person_id", "canonical_id"}
_SNAPSHOT = re.compile(r"(portraits_\d{8}T\d{6})_[0-9a-f]{8}")  # its end is drawn from when it was known


def differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """Yield the places where two results differ by more than rounding."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            if key not in _CLOCK:
                yield from differences(one.get(key), other.get(key), f"{where}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{where}[{place}]")
    elif isinstance(one, str) and isinstance(other, str) and one.startswith("{") and one != other:
        yield from differences(json.loads(one), json.loads(other), where)
    elif not _is_same(one, other):
        yield f"{where}: {one!r} {other!r}"


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_RELATIVE, abs_tol=1e-12)
    if isinstance(one, str) and isinstance(other, str):
        return _SNAPSHOT.sub(r"\1", one) == _SNAPSHOT.sub(r"\1", other)
    return type(one) is type(other) and one == other


def tables(folder: Path, tmp_path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all lake tables, read by the usual engine; maps and rows in order."""
    engine = DuckDBEngine(memory_limit="1GB", temp_folder=tmp_path)
    lake = Lake(folder / "lake", engine=engine)
    try:
        return {_SNAPSHOT.sub(r"\1", name): _ordered(engine.arrow(lake.table(name))) for name in lake.names()}
    finally:
        engine.close()


def _ordered(table: pa.Table) -> list[dict[str, Any]]:
    table = table.drop_columns([name for name in table.column_names if name in _CLOCK])
    return sorted((_plain(row) for row in table.to_pylist()), key=lambda row: repr(_rounded(row)))


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its maps, which Arrow gives as pairs, and its lists of structs, which are sets, in order."""
    is_set = {k for k, v in row.items() if isinstance(v, list) and v and isinstance(v[0], tuple | dict)}
    return {k: sorted(v, key=repr) if k in is_set else v for k, v in row.items()}


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {name: f"{value:.6e}" if isinstance(value, float) else value for name, value in row.items()}


def renamed(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Return tables with accounts and people named after the least of what they did, for their ids are random."""
    names: dict[Any, str] = {}
    for table in rows.values():
        for row in table:
            did = row.get("order_id") or row.get("message_id")
            for who in (row.get("account_id"), row.get("person_id")):
                if did and who is not None:
                    names[who] = min(names.get(who, did), did)
    named = {
        name: [
            {k: names.get(v, "?") if k in _WHO and v is not None else v for k, v in row.items()}
            for row in table
        ]
        for name, table in rows.items()
    }
    return {name: sorted(table, key=lambda row: repr(_rounded(row))) for name, table in named.items()}


def test_loading_shows_the_same(loaded) -> None:
    for command, usual, spark in loaded.shown:
        assert list(differences(usual, spark, command)) == []
    books = loaded.shown[0][1]["books"]
    assert books["n_quarantined"] == 2
    assert books["n_stored"] > 10_000


def test_what_is_loaded_is_the_same(loaded, tmp_path) -> None:
    usual, spark = (renamed(tables(till.folder, tmp_path)) for till in (loaded.usual, loaded.spark))
    assert {name: len(rows) for name, rows in usual.items()} == {name: len(r) for name, r in spark.items()}
    assert list(differences(usual, spark))[:20] == []


def test_commands_show_the_same(worked) -> None:
    for command, usual, spark in worked.shown:
        assert list(differences(usual, spark, command))[:20] == []


def test_what_is_kept_is_the_same(worked, tmp_path) -> None:
    usual, spark = (tables(till.folder, tmp_path) for till in (worked.usual, worked.spark))
    assert usual.keys() == spark.keys() >= {"portrait_state", "value_scores", "plan_assignments", "models"}
    assert list(differences(usual, spark))[:20] == []


def test_plans_and_segments_are_exported_alike(worked) -> None:
    for till in (worked.usual, worked.spark):
        till.typed("plan", "export", "--out", str(till.folder / "plan"))
        till.typed("plan", "verify", str(till.folder / "plan"))
        till.typed("segment", "export", "rfm_champion", str(till.folder / "champions.csv"))
    for name in ("champions.csv", "plan/assignment.csv", "plan/people.csv"):
        usual, spark = (till.folder / name for till in (worked.usual, worked.spark))
        assert usual.read_text() == spark.read_text(), name


def test_the_report_is_the_same(worked) -> None:
    pages = []
    for till in (worked.usual, worked.spark):
        till.typed("report", "--as-of", "2025-04-01", "--out", str(till.folder / "report.html"))
        page = (till.folder / "report.html").read_text("utf-8")
        pages.append(re.sub(r"(\d+\.\d{3})\d+", r"\1", page))  # coordinates of drawings
    assert pages[0] == pages[1]


def test_either_engine_goes_on_where_the_other_stopped(worked, tmp_path) -> None:
    for till, other in ((worked.usual, worked.spark), (worked.spark, worked.usual)):
        environ = other.environ
        going = type(till)(till.folder, environ)
        going.typed("portrait", "build", "--as-of", "2025-04-08")
        going.typed("predict", "score", "value", "--as-of", "2025-04-08")
    usual, spark = (tables(till.folder, tmp_path) for till in (worked.usual, worked.spark))
    assert list(differences(usual, spark))[:20] == []
