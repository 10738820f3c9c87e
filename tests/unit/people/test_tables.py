"""Which rows hold when, and under whose name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from aimwell.people.tables import ALIASES, alias_changes, canonical, holding, linked, without_tests
from aimwell.storage.engines import Engine

pytestmark = pytest.mark.both_engines

DAY = [datetime(2026, 1, day) for day in range(1, 10)]


def table(columns: dict[str, str], *rows: tuple[Any, ...]) -> ir.Table:
    schema = ibis.schema(columns).to_pyarrow()
    return ibis.memtable(
        pa.Table.from_pylist([dict(zip(schema.names, r, strict=True)) for r in rows], schema)
    )


Rows = Callable[[ir.Table], list[tuple[Any, ...]]]


@pytest.fixture
def rows(engine: Engine) -> Rows:
    """Return what runs a table."""
    return lambda expr: sorted((tuple(row.values()) for row in engine.rows(expr)), key=repr)


def aliases(*held: tuple[int, int, str, datetime, datetime | None]) -> ir.Table:
    return table({name: str(kind) for name, kind in ALIASES.schema.items()}, *held)


VERSIONS = table(
    {"order_id": "string", "known_at": "timestamp", "superseded_at": "timestamp"},
    ("first", DAY[0], DAY[2]),
    ("second", DAY[2], DAY[4]),
    ("third", DAY[4], None),
)


@pytest.mark.parametrize(
    ("known_at", "held"),
    [
        (None, ["third"]),
        (datetime(2025, 12, 31), []),
        (DAY[0], ["first"]),  # known at that very moment
        (DAY[1], ["first"]),
        (DAY[2], ["second"]),  # never two versions at once
        (DAY[8], ["third"]),
    ],
)
def test_one_version_of_a_row_holds_at_a_time(rows: Rows, known_at: datetime | None, held: list[str]) -> None:
    assert [row[0] for row in rows(holding(VERSIONS, known_at=known_at))] == held


@pytest.mark.parametrize(
    ("known_at", "expected"),
    [
        (None, [("a", 1), ("b", 3), ("c", None), ("d", 4)]),
        (DAY[0], [("a", 1), ("b", 2), ("c", None), ("d", 4)]),  # before any link
        (DAY[1], [("a", 1), ("b", 1), ("c", None), ("d", 4)]),
        (DAY[3], [("a", 1), ("b", 3), ("c", None), ("d", 4)]),  # unlinked and linked elsewhere at once
    ],
)
def test_facts_stand_under_the_person_known_then(
    rows: Rows, known_at: datetime | None, expected: list[tuple[str, int | None]]
) -> None:
    facts = table({"order_id": "string", "person_id": "int64"}, ("a", 1), ("b", 2), ("c", None), ("d", 4))
    held = aliases((2, 1, "email", DAY[1], DAY[3]), (2, 3, "hand", DAY[3], None))
    found = canonical(facts, held, known_at=known_at)
    assert found.columns == ("order_id", "person_id")
    assert rows(found) == expected


def test_test_orders_are_left_out_and_unmarked_ones_kept(rows: Rows) -> None:
    marked = table({"order_id": "string", "is_test": "boolean"}, ("a", True), ("b", False), ("c", None))
    assert [row[0] for row in rows(without_tests(marked))] == ["b", "c"]
    assert rows(without_tests(VERSIONS.select("order_id"))) == [("first",), ("second",), ("third",)]


def test_only_differences_change(rows: Rows) -> None:
    current = aliases(
        (1, 9, "email", DAY[0], None),  # stays
        (2, 9, "email", DAY[0], None),  # ends
        (3, 9, "email", DAY[0], None),  # moves
        (4, 9, "email", DAY[0], DAY[1]),  # ended before: comes again
    )
    wanted = table(
        {"person_id": "int64", "canonical_id": "int64", "evidence": "string"},
        (1, 9, "phone"),
        (3, 8, "phone"),
        (4, 9, "email"),
    )
    assert rows(alias_changes(current, wanted, now=DAY[5])) == [
        (2, 9, "email", DAY[0], DAY[5]),
        (3, 8, "phone", DAY[5], None),
        (3, 9, "email", DAY[0], DAY[5]),
        (4, 9, "email", DAY[5], None),
    ]


def test_an_alias_replaced_in_the_moment_it_began_leaves_one_row(rows: Rows) -> None:
    current = aliases((3, 9, "email", DAY[5], None), (4, 9, "email", DAY[5], None))
    wanted = table({"person_id": "int64", "canonical_id": "int64", "evidence": "string"}, (3, 8, "phone"))
    assert rows(alias_changes(current, wanted, now=DAY[5])) == [
        (3, 8, "phone", DAY[5], None),
        (4, 9, "email", DAY[5], DAY[5]),  # held for no time at all
    ]


def test_every_expression_compiles_for_spark() -> None:
    held = ibis.table(ALIASES.schema, name="aliases")
    facts = ibis.table(
        ibis.schema(
            {
                "person_id": "int64",
                "is_test": "boolean",
                "known_at": "timestamp",
                "superseded_at": "timestamp",
            }
        ),
        name="facts",
    )
    wanted = ibis.table(
        ibis.schema({"person_id": "int64", "canonical_id": "int64", "evidence": "string"}), name="wanted"
    )
    for known_at in (None, DAY[0]):
        for expr in (
            holding(facts, known_at=known_at),
            linked(held, known_at=known_at),
            canonical(facts, held, known_at=known_at),
            without_tests(facts),
            alias_changes(held, wanted, now=DAY[0]),
        ):
            assert "SELECT" in ibis.to_sql(expr, dialect="pyspark")
