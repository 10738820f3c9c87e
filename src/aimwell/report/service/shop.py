"""Gathers what facts alone tell: totals, months, hours, cohorts, concentration."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, Literal

import ibis.expr.types as ir

from aimwell.report import tables
from aimwell.report.model import (
    CohortCell,
    Cohorts,
    Concentration,
    HourCount,
    Month,
    Period,
    ShopNumbers,
    TopShare,
    Totals,
)
from aimwell.storage.engines import Engine

__all__ = ["gather_cohorts", "gather_concentration", "gather_shop"]

_MOST_MONTHS, _MOST_COHORTS = 36, 24
_LENGTHS: dict[Period, Literal[1, 3, 12]] = {"month": 1, "quarter": 3, "year": 12}


def gather_shop(
    counted: ir.Table, *, engine: Engine, as_of: datetime, local_as_of: datetime
) -> ShopNumbers | None:
    """Return the shop in numbers; None: no order counts.

    Parameters
    ----------
    counted
        As `tables.counted_orders` returns, staged.
    engine
        Runs the gathers.
    as_of, local_as_of
        The report's moment in UTC and on the shop's wall clock; the month it cuts is left out of the months.
    """
    total = engine.rows(tables.totals(counted, as_of=as_of))[0]
    if not total["n_orders"]:
        return None
    months = [Month(**row) for row in engine.rows(tables.monthly_sales(counted))]
    hours = engine.rows(tables.buying_hours(counted))
    return ShopNumbers(
        totals=Totals(**total),
        months=_complete(months, until=local_as_of)[-_MOST_MONTHS:],
        hours=tuple(HourCount(**row) for row in hours),
    )


def gather_cohorts(
    counted: ir.Table, *, engine: Engine, first_on: datetime, local_as_of: datetime
) -> Cohorts:
    """Return the retention triangle in months, quarters or years, whichever gives at most 24 lines.

    Parameters
    ----------
    counted
        As `tables.counted_orders` returns, staged.
    engine
        Runs the gather.
    first_on
        The first order on the shop's wall clock.
    local_as_of
        The report's moment on the shop's wall clock; the period it cuts is left out.
    """
    n_months = _month_no(local_as_of) - _month_no(first_on)
    period: Period = "month" if n_months <= 18 else "quarter" if n_months <= 3 * _MOST_COHORTS else "year"
    length = _LENGTHS[period]
    end_no = _month_no(local_as_of) // length
    until = datetime.combine(_begin(end_no, length), time())
    rows = engine.rows(tables.cohort_cells(counted, months=length, until=until))
    return Cohorts(period=period, cells=_triangle(rows, end_no=end_no, length=length))


def gather_concentration(counted: ir.Table, *, engine: Engine) -> Concentration:
    """Return how sales are spread over people."""
    steps = engine.rows(tables.concentration_steps(counted))
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
