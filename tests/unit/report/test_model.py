"""Rates that the report derives from counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from aimwell.report.model import (
    CohortCell,
    Cohorts,
    Concentration,
    Decile,
    Deciles,
    Flow,
    FlowLink,
    TopShare,
    Totals,
)

TOTALS = Totals(
    n_orders=10,
    n_people=4,
    n_repeat_people=3,
    n_anonymous_orders=1,
    sales_minor=5000,
    recent_sales_minor=1200,
    earlier_sales_minor=1000,
    n_recent_people=2,
    first_ordered_at=datetime(2024, 1, 1),
    last_ordered_at=datetime(2024, 12, 31),
)


def test_totals() -> None:
    assert TOTALS.order_minor == 500
    assert TOTALS.repeat_rate == 0.75
    assert TOTALS.recent_rate == 0.5
    assert TOTALS.trend_rate == pytest.approx(0.2)  # 1200 / 1000 - 1


def test_no_trend_without_180_days_of_data() -> None:
    assert replace(TOTALS, first_ordered_at=datetime(2024, 7, 5)).trend_rate is None  # 179 days
    assert replace(TOTALS, earlier_sales_minor=0).trend_rate is None
    assert replace(TOTALS, n_people=0, n_repeat_people=0).repeat_rate is None


def cell(month: int, age: int, n_active: int, n_people: int) -> CohortCell:
    return CohortCell(cohort_on=date(2024, month, 1), age=age, n_active=n_active, n_people=n_people)


def test_rates_leave_out_the_cohort_of_everybody_before() -> None:
    cohorts = Cohorts(
        period="month",
        cells=(
            cell(1, 0, 100, 100),
            cell(1, 1, 90, 100),
            cell(1, 2, 80, 100),
            cell(2, 0, 10, 10),
            cell(2, 1, 3, 10),
            cell(3, 0, 30, 30),
        ),
    )
    assert cohorts.rate_at(1) == 0.3  # February's 3 of 10, not (90 + 3) / 110
    assert cohorts.rate_at(2) == 0.8  # only the first cohort has got there
    assert cohorts.rate_at(3) is None
    assert cohorts.last_age == 2


def test_flow_counts_ups_and_downs_of_those_in_both() -> None:
    flow = Flow(
        lifecycle="aipl",
        before_on=date(2024, 1, 1),
        after_on=date(2024, 4, 1),
        stages=("low", "middle", "high"),
        links=(
            FlowLink(before="low", after="high", n_people=5),
            FlowLink(before="high", after="middle", n_people=2),
            FlowLink(before="middle", after="middle", n_people=9),
            FlowLink(before=None, after="high", n_people=7),
            FlowLink(before="low", after=None, n_people=1),
        ),
    )
    assert (flow.moved(up=True), flow.moved(up=False)) == (5, 2)


def test_shares_between_curve_points_lie_on_straight_lines() -> None:
    curve = (
        TopShare(people_rate=0.1, sales_rate=0.4),
        TopShare(people_rate=0.5, sales_rate=0.8),
        TopShare(people_rate=1.0, sales_rate=1.0),
    )
    concentration = Concentration(curve=curve, n_people=10, sales_minor=100)
    assert concentration.top(0.05) == pytest.approx(0.2)  # half of the way to 0.4
    assert concentration.top(0.3) == pytest.approx(0.6)  # halfway from 0.4 to 0.8
    assert concentration.top(1.0) == pytest.approx(1.0)
    assert concentration.half_rate == 0.5


def test_deciles_add_up() -> None:
    rows = tuple(
        Decile(decile=i, n_people=2, predicted=10.0 * i, realised=5.0 if i <= 2 else 0.0)
        for i in range(1, 11)
    )
    deciles = Deciles(start_on=date(2024, 1, 1), end_on=date(2024, 4, 1), is_backtest=True, rows=rows)
    assert deciles.predicted == 2 * 10 * 55
    assert deciles.realised == 20
    assert deciles.top_rate == 1.0
