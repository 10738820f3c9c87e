"""Tables of value: what counts as a purchase, what as margin, and that every expression compiles for both engines."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from aimwell.intake.facts import FACTS
from aimwell.people.model import Facts
from aimwell.predict.value.tables.forecasts import covered, decile_sums, error_sums, forecasts, segment_means
from aimwell.predict.value.tables.histories import histogram, histories, margin_histogram, outcome_histogram
from aimwell.predict.value.tables.scores import scored
from aimwell.predict.value.tables.spending import margins, outcomes, purchase_days
from aimwell.storage.engines import Engine

pytestmark = pytest.mark.both_engines

CUT = datetime(2025, 3, 1)
KEYS = {"frequency": "int64", "recent": "int64", "recency_bin": "int64", "age_bin": "int64"}
SCORES = ("alive_prob", "orders", "orders_low", "orders_high", "margin", "margin_low", "margin_high")


def fact_rows(name: str, *rows: dict[str, Any]) -> ir.Table:
    schema = FACTS[name].schema
    empty = dict.fromkeys(schema)
    found = [empty | {"source": "shop"} | row for row in rows]
    return ibis.memtable(pa.Table.from_pylist(found, schema=schema.to_pyarrow()))


def facts(
    *,
    orders: list[dict[str, Any]],
    order_lines: list[dict[str, Any]] | None = None,
    refunds: list[dict[str, Any]] | None = None,
) -> Facts:
    given = {"orders": orders, "order_lines": order_lines or [], "refunds": refunds or []}
    return Facts(**{name: fact_rows(name, *given.get(name, [])) for name in FACTS})


def order(order_id: str, person_id: int | None, at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "person_id": person_id,
        "ordered_at": at,
        "local_at": at,
        "status": "completed",
        "n_lines": 1,
    } | more


def line(order_id: str, at: datetime, net_minor: int, *, person_id: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "person_id": person_id,
        "ordered_at": at,
        "net_minor": net_minor,
        "is_fee": False,
    } | more


JAN, FEB = datetime(2025, 1, 10, 12), datetime(2025, 2, 20, 12)


def test_orders_of_one_local_day_are_one_purchase(engine: Engine) -> None:
    shop = facts(
        orders=[
            order(
                "a", 1, datetime(2025, 1, 9, 20), local_at=datetime(2025, 1, 10, 4)
            ),  # the 10th in Shanghai
            order("b", 1, datetime(2025, 1, 10, 3), local_at=datetime(2025, 1, 10, 11)),
            order("c", 1, FEB),
            order("d", None, FEB),  # anonymous
            order("e", 2, FEB, status="cancelled"),
            order("f", 2, CUT),  # the moment of the cut is the future
        ]
    )
    days = purchase_days(shop, start=None, end=CUT)
    assert engine.rows(days.order_by("person_id", "bought_on")) == [
        {"person_id": 1, "bought_on": date(2025, 1, 10)},
        {"person_id": 1, "bought_on": date(2025, 2, 20)},
    ]


def test_margin_is_net_less_cost_else_a_rate_less_refunds(engine: Engine) -> None:
    shop = facts(
        orders=[
            order("a", 1, JAN),
            order("b", 1, FEB, n_lines=0, items_minor=333),  # an export without lines
            order("c", 1, FEB, status="cancelled"),
        ],
        order_lines=[
            line("a", JAN, 1000, cost_minor=600),  # 400
            line("a", JAN, 1001),  # rated
            line("a", JAN, 500, is_fee=True),  # postage
            line("c", FEB, 9000),  # cancelled
        ],
        refunds=[
            {"order_id": "a", "person_id": 1, "refunded_at": FEB, "amount_minor": 100},
            {
                "order_id": "c",
                "person_id": 1,
                "refunded_at": FEB,
                "amount_minor": 9000,
            },  # of the cancelled order
            {"order_id": "a", "person_id": 1, "refunded_at": CUT, "amount_minor": 100},  # later
        ],
    )
    # 400 + .3 * (1001 + 333 - 100) = 400 + 370.2
    assert engine.rows(margins(shop, start=None, end=CUT, margin_rate=0.3)) == [
        {"person_id": 1, "margin_minor": 770}
    ]


def test_a_window_with_a_refund_alone_is_an_outcome(engine: Engine) -> None:
    shop = facts(orders=[], refunds=[{"person_id": 7, "refunded_at": FEB, "amount_minor": 1000}])
    window = {"start": datetime(2025, 2, 1), "end": CUT}
    found = outcomes(purchase_days(shop, **window), margins(shop, **window, margin_rate=0.3))
    assert engine.rows(found) == [{"person_id": 7, "n_orders": 0, "margin_minor": -300}]


def people(engine: Engine, *days: tuple[int, date], margin_minor: int = 0) -> ir.Table:
    bought = ibis.memtable([{"person_id": p, "bought_on": d} for p, d in days])
    earned = ibis.memtable([{"person_id": p, "margin_minor": margin_minor} for p in {p for p, _ in days}])
    return histories(bought, earned, last_on=date(2025, 2, 28))


def test_history_counts_days_between_first_last_and_end(engine: Engine) -> None:
    """The last 91 days before 1 March are those from 30 November on; a first purchase in them is no repeat."""
    table = people(
        engine,
        (1, date(2024, 11, 1)),
        (1, date(2024, 11, 29)),  # repeat, not recent
        (1, date(2024, 11, 30)),  # recent
        (1, date(2025, 2, 28)),
        (2, date(2025, 2, 1)),
        margin_minor=5,
    )
    assert engine.rows(table.order_by("person_id")) == [
        # 1 November to 28 February: 29 + 31 + 31 + 28 = 119 days
        {
            "person_id": 1,
            "frequency": 3,
            "recent": 2,
            "recency_days": 119,
            "age_days": 119,
            "margin_minor": 5,
        },
        {"person_id": 2, "frequency": 0, "recent": 0, "recency_days": 0, "age_days": 27, "margin_minor": 5},
    ]


def test_histogram_counts_people_and_keeps_their_sums(engine: Engine) -> None:
    table = people(engine, (1, date(2025, 2, 1)), (2, date(2025, 2, 2)), (3, date(2025, 1, 1)))
    # ages 27, 26 and 58 days: the first two share the bin 21..27 of 7-day bins
    assert engine.rows(histogram(table, grain_days=7).order_by("age_bin")) == [
        {
            "frequency": 0,
            "recent": 0,
            "recency_bin": 0,
            "age_bin": 3,
            "n_people": 2,
            "recency_sum_days": 0,
            "age_sum_days": 53,
        },
        {
            "frequency": 0,
            "recent": 0,
            "recency_bin": 0,
            "age_bin": 8,
            "n_people": 1,
            "recency_sum_days": 0,
            "age_sum_days": 58,
        },
    ]


@pytest.mark.parametrize(("margin_minor", "is_null"), [(1000, False), (0, True), (-50, True)])
def test_margins_not_above_zero_share_the_null_bin(engine: Engine, margin_minor: int, is_null: bool) -> None:
    table = people(engine, (1, date(2025, 2, 1)), (1, date(2025, 2, 2)), margin_minor=margin_minor)
    row = engine.rows(margin_histogram(table, step=0.01))[0]
    assert (row["n_orders"], row["n_people"], row["margin_sum_minor"]) == (2, 1, margin_minor)
    assert (row["margin_bin"] is None) == is_null


def test_outcome_histogram_counts_those_who_bought_nothing(engine: Engine) -> None:
    table = people(engine, (1, date(2025, 2, 1)), (2, date(2025, 2, 1)))
    after = ibis.memtable([{"person_id": 2, "n_orders": 3, "margin_minor": 10}])
    rows = engine.rows(outcome_histogram(table, after, grain_days=1).order_by("n_orders"))
    assert [(row["n_orders"], row["n_people"]) for row in rows] == [(0, 1), (3, 1)]


def test_scores_scale_with_the_margin_of_the_person(engine: Engine) -> None:
    table = people(engine, (1, date(2025, 2, 1)), margin_minor=200)
    cells = ibis.memtable(
        [
            dict.fromkeys(KEYS, 0)
            | {"age_bin": 27}
            | dict(zip(SCORES, (0.9, 1.5, 0, 3, 2.0, 0.5, 4.0), strict=True))
        ]
    )
    assert engine.rows(scored(table, cells, grain_days=1, margin_base_minor=100.0)) == [
        {
            "person_id": 1,
            "alive_prob": 0.9,
            "expected_orders": 1.5,
            "orders_low": 0,
            "orders_high": 3,
            "expected_margin_minor": 600,  # (100 + 200) * 2
            "margin_low_minor": 150,
            "margin_high_minor": 1200,
        }
    ]


def test_a_customer_at_a_loss_has_his_interval_the_right_way_round(engine: Engine) -> None:
    table = people(engine, (1, date(2025, 2, 1)), margin_minor=-300)
    cells = ibis.memtable(
        [
            dict.fromkeys(KEYS, 0)
            | {"age_bin": 27}
            | dict(zip(SCORES, (0.9, 1.5, 0, 3, 2.0, 0.5, 4.0), strict=True))
        ]
    )
    row = engine.rows(scored(table, cells, grain_days=1, margin_base_minor=100.0))[0]
    assert (row["margin_low_minor"], row["expected_margin_minor"], row["margin_high_minor"]) == (
        -800,
        -400,
        -100,
    )


def beside() -> ir.Table:
    """Three people: forecasts 2, 1, 0 orders against 1, 1, 1 that came; margins alike in minor units."""
    return ibis.memtable(
        [
            {
                "person_id": person,
                "rate_orders": rate * 1_000_000,
                "actual_orders": 1_000_000,
                "rate_margin": rate * 100,
                "actual_margin": 100,
            }
            for person, rate in ((1, 2), (2, 1), (3, 0))
        ]
    )


def test_error_sums_are_exact(engine: Engine) -> None:
    row = engine.rows(error_sums(beside(), forecasts=["rate"]).order_by("measure"))[0]
    assert row == {
        "forecast": "rate",
        "measure": "margin",
        "n_people": 3,
        "predicted": 300,
        "actual": 300,
        "absolute": 200,
        "predicted_squared": 50_000,  # 200^2 + 100^2
        "actual_squared": 30_000,
        "product": 30_000,
    }


def test_deciles_begin_with_the_highest_forecasts(engine: Engine) -> None:
    rows = engine.rows(decile_sums(beside(), forecast="rate", measure="margin").order_by("decile"))
    assert [(row["decile"], row["predicted"]) for row in rows] == [(1, 200), (2, 100), (3, 0)]


def test_segment_mean_and_last_period_and_rate(engine: Engine) -> None:
    """Two people alike, of whom one bought twice for 100 in the next period: the segment's mean is 1 and 50."""
    table = people(engine, (1, date(2025, 2, 1)), (2, date(2025, 2, 1)), margin_minor=10)
    after = ibis.memtable([{"person_id": 2, "n_orders": 2, "margin_minor": 100}])
    cells = ibis.memtable(
        [dict.fromkeys(KEYS, 0) | {"age_bin": 27, "bgnbd_orders": 0.25, "bgnbd_margin": 0.5}]
    )
    wide = forecasts(
        table,
        outcomes=after,
        previous=after,
        segments=segment_means(table, after),
        cell_scores=cells,
        forms=["bgnbd"],
        margin_base_minor=30.0,
        grain_days=1,
        horizon_days=91,
    )
    row = engine.rows(wide.filter(wide.person_id == 1))[0]
    assert {
        name: row[f"{name}_orders"] / 1e6
        for name in ("actual", "last_period", "rate", "segment_mean", "bgnbd")
    } == {
        "actual": 0,
        "last_period": 0,
        "rate": 0,
        "segment_mean": 1,
        "bgnbd": 0.25,
    }
    assert (row["segment_mean_margin"], row["bgnbd_margin"]) == (50, 20)  # (30 + 10) * .5


def test_covered_counts_outcomes_inside_their_intervals(engine: Engine) -> None:
    intervals = ibis.memtable(
        [
            {
                "person_id": p,
                "orders_low": 0,
                "orders_high": 1,
                "margin_low_minor": 0,
                "margin_high_minor": 50,
            }
            for p in (1, 2)
        ]
    )
    after = ibis.memtable([{"person_id": 2, "n_orders": 1, "margin_minor": 60}])
    assert engine.rows(covered(intervals, after)) == [
        {"n_people": 2, "n_orders_inside": 2, "n_margin_inside": 1}
    ]


@cache
def expressions() -> dict[str, ir.Table]:
    shop = Facts(**{name: ibis.table(spec.schema, name=name) for name, spec in FACTS.items()})
    window = {"start": datetime(2025, 1, 1), "end": CUT}
    days, earned = purchase_days(shop, **window), margins(shop, **window, margin_rate=0.3)
    table, after = histories(days, earned, last_on=date(2025, 2, 28)), outcomes(days, earned)
    cells = ibis.table(KEYS | dict.fromkeys(SCORES, "float64"), name="cell_scores")
    forms = ibis.table(KEYS | {"bgnbd_orders": "float64", "bgnbd_margin": "float64"}, name="form_scores")
    scores = scored(table, cells, grain_days=7, margin_base_minor=3.0)
    wide = forecasts(
        table,
        outcomes=after,
        previous=after,
        segments=segment_means(table, after),
        cell_scores=forms,
        forms=["bgnbd"],
        margin_base_minor=3.0,
        grain_days=7,
        horizon_days=91,
    )
    return {
        "purchase_days": days,
        "margins": earned,
        "outcomes": after,
        "histories": table,
        "histogram": histogram(table, grain_days=7),
        "outcome_histogram": outcome_histogram(table, after, grain_days=7),
        "margin_histogram": margin_histogram(table, step=0.01),
        "scored": scores,
        "segment_means": segment_means(table, after),
        "forecasts": wide,
        "error_sums": error_sums(wide, forecasts=["bgnbd", "rate"]),
        "decile_sums": decile_sums(wide, forecast="bgnbd", measure="orders"),
        "covered": covered(scores, after),
    }


@pytest.mark.parametrize("dialect", ["duckdb", "pyspark"])
@pytest.mark.parametrize("name", list(expressions()))
def test_compiles(name: str, dialect: str) -> None:
    assert ibis.to_sql(expressions()[name], dialect=dialect)
