"""Gathers what facts alone tell: totals, months, hours, cohorts, concentration."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, Literal

import ibis.expr.types as ir

from aimwell.base.clock import local_time
from aimwell.people.model import Facts
from aimwell.report import tables
from aimwell.report.model import (
    CohortCell,
    Cohorts,
    Concentration,
    HourCount,
    Month,
    Period,
    ShopView,
    TopShare,
    Totals,
)
from aimwell.storage.engines import Engine

__all__ = ["gather_shop"]

_MOST_MONTHS, _MOST_COHORTS = 36, 24
_LENGTHS: dict[Period, Literal[1, 3, 12]] = {"month": 1, "quarter": 3, "year": 12}


def gather_shop(facts: Facts, *, engine: Engine, as_of: datetime, time_zone: str) -> ShopView | None:
    """Return what facts before a moment tell; None: no order counts.

    Parameters
    ----------
    facts
        Rows that hold, one `person_id` per person.
    engine
        Runs the gathers.
    as_of
        The report's moment, naive UTC. The month and the cohort period that it cuts are left out.
    time_zone
        The shop's zone, which months and hours are counted in.
    """
    with engine.stage(tables.counted_orders(facts.orders, as_of=as_of)) as counted:
        total = engine.rows(tables.totals(counted, as_of=as_of))[0]
        if not total["n_orders"]:
            return None
        totals, until = Totals(**total), local_time(as_of, time_zone)
        months = [Month(**row) for row in engine.rows(tables.monthly_sales(counted))]
        hours = engine.rows(tables.buying_hours(counted))
        return ShopView(
            totals=totals,
            months=_complete(months, until=until)[-_MOST_MONTHS:],
            hours=tuple(HourCount(**row) for row in hours),
            cohorts=_cohorts(counted, engine=engine, first_on=months[0].month_on, until=until),
            concentration=_concentration(engine.rows(tables.concentration_steps(counted))),
        )


def _cohorts(counted: ir.Table, *, engine: Engine, first_on: date, until: datetime) -> Cohorts:
    """Return the triangle in months, quarters or years, whichever gives at most 24 lines."""
    n_months = _month_no(until) - _month_no(first_on)
    period: Period = "month" if n_months <= 18 else "quarter" if n_months <= 3 * _MOST_COHORTS else "year"
    length = _LENGTHS[period]
    end_no = _month_no(until) // length
    end = datetime.combine(_begin(end_no, length), time())
    rows = engine.rows(tables.cohort_cells(counted, months=length, until=end))
    return Cohorts(period=period, cells=_triangle(rows, end_no=end_no, length=length))


def _concentration(steps: list[dict[str, Any]]) -> Concentration:
    n_people, sales = sum(s["n_people"] for s in steps), sum(s["sales_minor"] for s in steps)
    curve, people_so_far, sales_so_far = [], 0, 0
    for step in steps if sales > 0 else []:
        people_so_far += step["n_people"]
        sales_so_far += step["sales_minor"]
        curve.append(TopShare(people_rate=people_so_far / n_people, sales_rate=sales_so_far / sales))
    return Concentration(curve=tuple(curve), n_people=n_people, sales_minor=sales)


def _complete(months: list[Month], *, until: datetime) -> tuple[Month, ...]:
    """Return every month from the first to the last complete one, empty ones as zeros; all if none is complete."""
    by_no = {_month_no(m.month_on): m for m in months}
    last = min(_month_no(until) - 1, max(by_no))
    nos = range(min(by_no), last + 1) if last >= min(by_no) else sorted(by_no)
    empty = {"n_orders": 0, "first_minor": 0, "repeat_minor": 0, "anonymous_minor": 0}
    return tuple(by_no.get(no) or Month(month_on=_begin(no, 1), **empty) for no in nos)


def _triangle(rows: list[dict[str, Any]], *, end_no: int, length: int) -> tuple[CohortCell, ...]:
    """Return a cell for every age that each of the last cohorts has reached, also where nobody was active."""
    active = {(row["cohort_no"], row["age"]): row["n_active"] for row in rows}
    cohort_nos = sorted({cohort_no for cohort_no, _ in active})[-_MOST_COHORTS:]
    return tuple(
        CohortCell(
            cohort_on=_begin(cohort_no, length),
            age=age,
            n_active=active.get((cohort_no, age), 0),
            n_people=active[cohort_no, 0],
        )
        for cohort_no in cohort_nos
        for age in range(end_no - cohort_no)
    )


def _month_no(day: date) -> int:
    return day.year * 12 + day.month - 1


def _begin(period_no: int, length: int) -> date:
    """Return the first day of a period, counted from year 0."""
    year, month = divmod(period_no * length, 12)
    return date(year, month + 1, 1)
