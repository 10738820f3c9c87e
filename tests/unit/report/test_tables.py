"""What the report gathers, by hand on a few rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from aimwell.intake.facts import FACTS
from aimwell.report import tables

pytestmark = pytest.mark.both_engines

Rows = Callable[[ir.Table], list[dict[str, Any]]]
FactsOf = Callable[..., ir.Table]
AS_OF = datetime(2025, 4, 1)


def order(
    order_id: str, person_id: int | None, at: datetime, items_minor: int = 1000, **more: Any
) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "person_id": person_id,
        "ordered_at": at,
        "items_minor": items_minor,
        **more,
    }


@pytest.fixture
def orders(table_of: FactsOf) -> ir.Table:
    """Ann (1) orders in January, February and March; Bob (2) in February; someone unknown in March."""
    return table_of(
        "orders",
        order("a1", 1, datetime(2025, 1, 6, 10), 500),  # a Monday
        order("a2", 1, datetime(2025, 2, 3, 10), 700),  # a Monday
        order("a3", 1, datetime(2025, 3, 31, 23, 59), 900),  # last minute before as_of: counts
        order("b1", 2, datetime(2025, 2, 4, 18), 2000),
        order("x1", None, datetime(2025, 3, 1, 9), 300),
        order("b2", 2, datetime(2025, 3, 5), 9999, status="cancelled"),
        order("a4", 1, datetime(2025, 4, 1), 8888),  # as_of itself: does not count
    )


@pytest.fixture
def counted(orders: ir.Table) -> ir.Table:
    return tables.counted_orders(orders, as_of=AS_OF)


def test_orders_count_up_to_as_of_without_cancelled_ones(counted: ir.Table, rows: Rows) -> None:
    found = {row["order_id"]: row["order_no"] for row in rows(counted)}
    assert found == {"a1": 1, "a2": 2, "a3": 3, "b1": 1, "x1": None}


def test_totals(counted: ir.Table, rows: Rows) -> None:
    # recent: 2025-01-01 .. 2025-04-01 holds all five; nothing lies in the 90 days before
    assert rows(tables.totals(counted, as_of=AS_OF)) == [
        {
            "n_orders": 5,
            "n_people": 2,
            "n_repeat_people": 1,
            "n_anonymous_orders": 1,
            "sales_minor": 500 + 700 + 900 + 2000 + 300,
            "recent_sales_minor": 4400,
            "earlier_sales_minor": 0,
            "n_recent_people": 2,
            "first_ordered_at": datetime(2025, 1, 6, 10),
            "last_ordered_at": datetime(2025, 3, 31, 23, 59),
        }
    ]


def test_recent_and_earlier_days_are_half_open(table_of: FactsOf, rows: Rows) -> None:
    orders = table_of(
        "orders",
        order("a", 1, datetime(2024, 10, 3), 1),  # 180 days before as_of: earlier
        order("b", 1, datetime(2024, 10, 2, 23), 2),  # before that
        order("c", 1, datetime(2025, 1, 1), 4),  # 90 days before: recent
        order("d", 1, datetime(2024, 12, 31, 23), 8),  # earlier
    )
    total = rows(tables.totals(tables.counted_orders(orders, as_of=AS_OF), as_of=AS_OF))[0]
    assert (total["recent_sales_minor"], total["earlier_sales_minor"]) == (4, 1 + 8)


def test_months_part_first_repeat_and_anonymous_sales(counted: ir.Table, rows: Rows) -> None:
    assert rows(tables.monthly_sales(counted)) == [
        month(date(2025, 1, 1), 1, first_minor=500),
        month(date(2025, 2, 1), 2, first_minor=2000, repeat_minor=700),
        month(date(2025, 3, 1), 2, repeat_minor=900, anonymous_minor=300),
    ]


def month(month_on: date, n_orders: int, **minors: int) -> dict[str, Any]:
    return {
        "month_on": month_on,
        "n_orders": n_orders,
        "first_minor": 0,
        "repeat_minor": 0,
        "anonymous_minor": 0,
    } | minors


def test_hours_are_those_of_the_shop(table_of: FactsOf, rows: Rows) -> None:
    orders = table_of("orders", order("a", 1, datetime(2025, 1, 5, 23), local_at=datetime(2025, 1, 6, 7)))
    found = rows(tables.buying_hours(tables.counted_orders(orders, as_of=AS_OF)))
    assert found == [{"weekday": 0, "hour": 7, "n_orders": 1}]  # Monday in the shop, Sunday in UTC


def test_cohorts_by_month(counted: ir.Table, rows: Rows) -> None:
    january, february = 2025 * 12, 2025 * 12 + 1
    assert rows(tables.cohort_cells(counted, months=1, until=AS_OF)) == [
        {"cohort_no": january, "age": 0, "n_active": 1},
        {"cohort_no": january, "age": 1, "n_active": 1},
        {"cohort_no": january, "age": 2, "n_active": 1},
        {"cohort_no": february, "age": 0, "n_active": 1},
    ]


def test_cohorts_leave_the_incomplete_period_out(counted: ir.Table, rows: Rows) -> None:
    ages = [row["age"] for row in rows(tables.cohort_cells(counted, months=1, until=datetime(2025, 3, 1)))]
    assert ages == [0, 1, 0]
    quarters = rows(tables.cohort_cells(counted, months=3, until=AS_OF))
    assert quarters == [{"cohort_no": 2025 * 4, "age": 0, "n_active": 2}]


def test_concentration_goes_from_best_to_last(table_of: FactsOf, rows: Rows) -> None:
    orders = table_of("orders", *(order(f"o{i}", i, datetime(2025, 1, 1), 100 * i) for i in range(1, 401)))
    steps = rows(tables.concentration_steps(tables.counted_orders(orders, as_of=AS_OF)))
    assert len(steps) == tables.CURVE_STEPS
    assert steps[0] == {"step": 0, "n_people": 2, "sales_minor": 40_000 + 39_900}
    assert sum(step["sales_minor"] for step in steps) == 100 * 400 * 401 // 2


def test_people_with_equal_sales_are_told_apart_by_number(table_of: FactsOf, rows: Rows) -> None:
    orders = table_of("orders", *(order(f"o{i}", i, datetime(2025, 1, 1), 7) for i in range(10)))
    steps = rows(tables.concentration_steps(tables.counted_orders(orders, as_of=AS_OF)))
    assert [step["step"] for step in steps] == list(range(0, 200, 20))


def test_deciles_set_predictions_against_what_came(rows: Rows) -> None:
    scores = memtable(
        {"person_id": list(range(20)), "expected_margin_minor": [100 * (20 - i) for i in range(20)]}
    )
    earned = memtable({"person_id": [0, 1, 19, 77], "margin_minor": [50, -10, 5, 999]})
    found = rows(tables.value_deciles(scores, earned))
    assert len(found) == 10
    assert found[0] == {"decile": 1, "n_people": 2, "predicted_minor": 2000 + 1900, "realised_minor": 40}
    assert found[9] == {"decile": 10, "n_people": 2, "predicted_minor": 200 + 100, "realised_minor": 5}
    assert sum(row["realised_minor"] for row in found) == 45  # who was not scored does not count


def test_segments_with_and_without_scores(rows: Rows) -> None:
    portraits = memtable(
        {"person_id": [1, 2, 3, 4], "seg": ["top", "top", "low", None], "spend": [30, 20, 5, 1]}
    )
    bare = tables.segment_shares(portraits, segment="seg", spend="spend", scores=None)
    assert rows(bare) == [
        {"name": "top", "n_people": 2, "sales_minor": 50, "value_minor": None},
        {"name": "low", "n_people": 1, "sales_minor": 5, "value_minor": None},
    ]
    scores = memtable({"person_id": [1, 2], "expected_margin_minor": [7, 8]})
    valued = tables.segment_shares(portraits, segment="seg", spend="spend", scores=scores)
    assert [row["value_minor"] for row in rows(valued)] == [15, None]


def test_examples_are_the_best_of_their_segments(rows: Rows) -> None:
    portraits = memtable(
        {
            "person_id": [1, 2, 3, 4],
            "rfm_segment": ["champion", "champion", "lost", "new"],
            "spend_365d_minor": [10, 90, 5, 1],
        }
    )
    found = tables.example_people(portraits, segments=("champion", "lost"), columns=("spend_365d_minor",))
    assert rows(found) == [
        {"person_id": 2, "rfm_segment": "champion", "spend_365d_minor": 90},
        {"person_id": 3, "rfm_segment": "lost", "spend_365d_minor": 5},
    ]


def test_offers_of_a_plan_without_the_held_out(rows: Rows) -> None:
    assignments = memtable(
        {
            "offer_id": ["tea", "tea", "cup", "tea"],
            "channel": ["mail", "mail", "app", "mail"],
            "arm": ["treatment", "treatment", "treatment", "holdout"],
            "value_milli": [10, 20, 50, 999],
            "cost_milli": [1, 2, 3, 999],
        }
    )
    assert rows(tables.offer_totals(assignments)) == [
        {"offer_id": "cup", "channel": "app", "n_people": 1, "value_milli": 50, "cost_milli": 3},
        {"offer_id": "tea", "channel": "mail", "n_people": 2, "value_milli": 30, "cost_milli": 3},
    ]


def test_coverage(orders: ir.Table, table_of: FactsOf, rows: Rows) -> None:
    assert rows(tables.coverage_of_orders(orders, as_of=AS_OF)) == [
        {"n_orders": 5, "n_anonymous_orders": 1, "n_cancelled_orders": 1}
    ]
    at = {"ordered_at": datetime(2025, 2, 1), "person_id": 1}
    lines = table_of(
        "order_lines",
        {**at, "order_id": "a1", "line_no": 1, "product_id": "tea", "net_minor": 300, "cost_minor": 100},
        {**at, "order_id": "a1", "line_no": 2, "product_id": "cup", "net_minor": 200},
        {**at, "order_id": "a1", "line_no": 3, "product_id": "post", "net_minor": 50, "is_fee": True},
        {**at, "order_id": "b2", "line_no": 1, "product_id": "tea", "net_minor": 300},  # cancelled
        {**at, "order_id": "b2", "line_no": 1, "product_id": "tea", "net_minor": 40, "source": "other"},
    )
    products = table_of(
        "products", {"product_id": "tea", "category": "Drinks"}, {"product_id": "cup", "category": ""}
    )
    found = tables.coverage_of_lines(lines, orders=orders, products=products, as_of=AS_OF)
    assert rows(found) == [
        {
            "n_lines": 3,  # the other shop's order b2 is not the cancelled one
            "n_costed_lines": 1,
            "n_known_product_lines": 2,
            "sales_minor": 540,
            "costed_sales_minor": 300,
        }
    ]


def test_refunds_before_as_of(table_of: FactsOf, rows: Rows) -> None:
    refunds = table_of(
        "refunds",
        {"refund_id": "r1", "refunded_at": datetime(2025, 3, 31), "amount_minor": 250},
        {"refund_id": "r2", "refunded_at": AS_OF, "amount_minor": 999},
    )
    assert rows(tables.refund_totals(refunds, as_of=AS_OF)) == [{"n_refunds": 1, "refunded_minor": 250}]


def test_nothing_at_all_gives_zeros(table_of: FactsOf, rows: Rows) -> None:
    orders = table_of("orders")
    counted = tables.counted_orders(orders, as_of=AS_OF)
    assert rows(tables.totals(counted, as_of=AS_OF))[0]["n_orders"] == 0
    assert rows(tables.concentration_steps(counted)) == []
    assert rows(tables.order_ends(orders))[0]["last_ordered_at"] is None


def memtable(columns: dict[str, list[Any]]) -> ir.Table:
    return ibis.memtable(pa.table(columns))


def _expressions() -> dict[str, ir.Table]:
    facts = {name: ibis.table(spec.schema, name=name) for name, spec in FACTS.items()}
    counted = tables.counted_orders(facts["orders"], as_of=AS_OF)
    portraits = ibis.table(
        {"person_id": "int64", "rfm_segment": "string", "spend_365d_minor": "int64"}, name="portraits"
    )
    scores = ibis.table({"person_id": "int64", "expected_margin_minor": "int64"}, name="scores")
    earned = ibis.table({"person_id": "int64", "margin_minor": "int64"}, name="earned")
    assignments = ibis.table(
        {
            "offer_id": "string",
            "channel": "string",
            "arm": "string",
            "value_milli": "int64",
            "cost_milli": "int64",
        },
        name="assignments",
    )
    return {
        "counted_orders": counted,
        "totals": tables.totals(counted, as_of=AS_OF),
        "monthly_sales": tables.monthly_sales(counted),
        "buying_hours": tables.buying_hours(counted),
        "cohort_cells": tables.cohort_cells(counted, months=3, until=AS_OF),
        "concentration_steps": tables.concentration_steps(counted),
        "value_deciles": tables.value_deciles(scores, earned),
        "segment_shares": tables.segment_shares(
            portraits, segment="rfm_segment", spend="spend_365d_minor", scores=scores
        ),
        "example_people": tables.example_people(portraits, segments=("lost",), columns=("spend_365d_minor",)),
        "offer_totals": tables.offer_totals(assignments),
        "coverage_of_orders": tables.coverage_of_orders(facts["orders"], as_of=AS_OF),
        "coverage_of_lines": tables.coverage_of_lines(
            facts["order_lines"], orders=facts["orders"], products=facts["products"], as_of=AS_OF
        ),
        "refund_totals": tables.refund_totals(facts["refunds"], as_of=AS_OF),
        "order_ends": tables.order_ends(facts["orders"]),
    }


@pytest.mark.parametrize("dialect", ["duckdb", "pyspark"])
def test_every_expression_compiles_for_every_engine(dialect: str) -> None:
    expressions = _expressions()
    assert set(expressions) == {name for name in tables.__all__ if name[0].islower()}
    for expression in expressions.values():
        assert "SELECT" in ibis.to_sql(expression, dialect=dialect)
