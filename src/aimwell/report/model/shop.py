"""What facts alone tell: the shop in numbers, cohorts, and how sales are spread over people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from aimwell.report.model.rates import rate

__all__ = [
    "CohortCell",
    "Cohorts",
    "Concentration",
    "HourCount",
    "Month",
    "Period",
    "ShopView",
    "TopShare",
    "Totals",
]

Period = Literal["month", "quarter", "year"]


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The shop up to a moment. Sales are goods after discounts, without shipping and tax; cancelled orders are left out.

    `recent` is the last 90 days, `earlier` the 90 days before. Anonymous orders count in orders and sales, not in people.
    """

    n_orders: int
    n_people: int
    n_repeat_people: int
    n_anonymous_orders: int
    sales_minor: int
    recent_sales_minor: int
    earlier_sales_minor: int
    n_recent_people: int
    first_ordered_at: datetime
    last_ordered_at: datetime

    @property
    def order_minor(self) -> float:
        """Average sales of an order."""
        return self.sales_minor / self.n_orders

    @property
    def repeat_rate(self) -> float | None:
        """Share of people who ordered at least twice."""
        return rate(self.n_repeat_people, self.n_people)

    @property
    def recent_rate(self) -> float | None:
        """Share of people who ordered in the last 90 days."""
        return rate(self.n_recent_people, self.n_people)

    @property
    def trend_rate(self) -> float | None:
        """Change of sales, last 90 days against the 90 before: 0.1 is a tenth more; None without 180 days of data."""
        if (self.last_ordered_at - self.first_ordered_at).days < 180 or not self.earlier_sales_minor:
            return None
        return self.recent_sales_minor / self.earlier_sales_minor - 1


@dataclass(frozen=True, kw_only=True)
class Month:
    """Sales of one calendar month of the shop: people's first orders, their later ones, and orders of nobody known."""

    month_on: date
    n_orders: int
    first_minor: int
    repeat_minor: int
    anonymous_minor: int

    @property
    def sales_minor(self) -> int:
        """All sales of the month."""
        return self.first_minor + self.repeat_minor + self.anonymous_minor


@dataclass(frozen=True, kw_only=True)
class HourCount:
    """Orders placed in one hour of one weekday (0 is Monday) on the shop's wall clock."""

    weekday: int
    hour: int
    n_orders: int


@dataclass(frozen=True, kw_only=True)
class CohortCell:
    """People whose first order fell in the period that begins on `cohort_on`: how many ordered `age` periods later."""

    cohort_on: date
    age: int
    n_active: int
    n_people: int

    @property
    def active_rate(self) -> float:
        """Share of the cohort that ordered in that period."""
        return self.n_active / self.n_people


@dataclass(frozen=True, kw_only=True)
class Cohorts:
    """The retention triangle: complete periods only, a cell for every age that a cohort has reached.

    The first cohort also holds everybody who was a customer before the data begin, so rates leave it out where they can.
    """

    period: Period
    cells: tuple[CohortCell, ...]

    def rate_at(self, age: int) -> float | None:
        """Return the share active at an age over all cohorts that reached it, but the first; None if none did."""
        first_on = min(cell.cohort_on for cell in self.cells)
        all_reached = [cell for cell in self.cells if cell.age == age]
        reached = [cell for cell in all_reached if cell.cohort_on != first_on] or all_reached
        return rate(sum(c.n_active for c in reached), sum(c.n_people for c in reached))

    @property
    def last_age(self) -> int:
        """The greatest age that a cohort has reached."""
        return max((cell.age for cell in self.cells), default=0)


@dataclass(frozen=True, kw_only=True)
class TopShare:
    """Share of sales that the best customers bring; both 0..1."""

    people_rate: float
    sales_rate: float


@dataclass(frozen=True, kw_only=True)
class Concentration:
    """How sales are spread over people: the curve from the best customer to the last, in at most 200 steps.

    `half_rate` is the smallest share of people on the curve who bring half of the sales.
    """

    curve: tuple[TopShare, ...]
    n_people: int
    sales_minor: int

    def top(self, people_rate: float) -> float:
        """Return the share of sales of the best people, between curve points by straight lines."""
        before = TopShare(people_rate=0.0, sales_rate=0.0)
        for point in self.curve:
            if point.people_rate >= people_rate:
                step = point.people_rate - before.people_rate
                share = (people_rate - before.people_rate) / step if step else 1.0
                return before.sales_rate + share * (point.sales_rate - before.sales_rate)
            before = point
        return before.sales_rate

    @property
    def half_rate(self) -> float:
        """Share of people, best first, who bring half of the sales."""
        return next((p.people_rate for p in self.curve if p.sales_rate >= 0.5), 1.0)


@dataclass(frozen=True, kw_only=True)
class ShopView:
    """What facts alone tell: totals, sales by month (oldest first), hours of ordering, cohorts, and concentration."""

    totals: Totals
    months: tuple[Month, ...]
    hours: tuple[HourCount, ...]
    cohorts: Cohorts
    concentration: Concentration
