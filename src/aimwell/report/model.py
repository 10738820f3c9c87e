"""What each chapter of the report shows: bounded numbers, none of them about one named person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

__all__ = [
    "Books",
    "BudgetPoint",
    "CohortCell",
    "Cohorts",
    "Concentration",
    "Coverage",
    "Decile",
    "Deciles",
    "Example",
    "Flow",
    "FlowLink",
    "HourCount",
    "Lifecycle",
    "LimitUse",
    "Month",
    "OfferChoice",
    "Period",
    "PlanView",
    "Quality",
    "QuarantineReason",
    "Range",
    "Report",
    "RivalError",
    "SegmentShare",
    "ShopNumbers",
    "SurveyError",
    "SurveyView",
    "TopShare",
    "Totals",
    "ValueView",
    "Written",
]

Lifecycle = Literal["aipl", "rfm"]
Period = Literal["month", "quarter", "year"]


def _rate(part: float, whole: float) -> float | None:
    """Return part of whole; None where there is no whole."""
    return part / whole if whole else None


# -- the shop in numbers ----------------------------------------------------------------------------------------


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
        return _rate(self.n_repeat_people, self.n_people)

    @property
    def recent_rate(self) -> float | None:
        """Share of people who ordered in the last 90 days."""
        return _rate(self.n_recent_people, self.n_people)

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
class ShopNumbers:
    """The first chapter: totals, sales by month (oldest first), and the hours in which people order."""

    totals: Totals
    months: tuple[Month, ...]
    hours: tuple[HourCount, ...]


# -- cohorts ----------------------------------------------------------------------------------------------------


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
        return _rate(sum(c.n_active for c in reached), sum(c.n_people for c in reached))

    @property
    def last_age(self) -> int:
        """The greatest age that a cohort has reached."""
        return max((cell.age for cell in self.cells), default=0)


# -- lifecycle --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class FlowLink:
    """People who stood in one stage then and in another now; None: not yet, or no longer, there."""

    before: str | None
    after: str | None
    n_people: int


@dataclass(frozen=True, kw_only=True)
class Flow:
    """How people moved between the stages (lowest first) of a lifecycle from one snapshot to a later one."""

    lifecycle: Lifecycle
    before_at: datetime
    after_at: datetime
    stages: tuple[str, ...]
    links: tuple[FlowLink, ...]

    def moved(self, *, up: bool) -> int:
        """Return how many people stand further up (or down) than before; stages are listed from first to last."""
        place = {stage: i for i, stage in enumerate(self.stages)}
        return sum(
            link.n_people
            for link in self.links
            if link.before is not None
            and link.after is not None
            and (place[link.after] > place[link.before] if up else place[link.after] < place[link.before])
        )


# -- concentration ----------------------------------------------------------------------------------------------


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


# -- value ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Decile:
    """A tenth of the people, the best first (1): what was predicted for each on average, and what each then brought."""

    decile: int
    n_people: int
    predicted: float
    realised: float


@dataclass(frozen=True, kw_only=True)
class Deciles:
    """Predicted against realised margin (minor units) in [start_on, end_on), tenth by tenth.

    `is_backtest` says that a model of the past was tried on what followed; else it is the shop's present prediction
    beside what came since.
    """

    start_on: date
    end_on: date
    is_backtest: bool
    rows: tuple[Decile, ...]

    @property
    def predicted(self) -> float:
        """The predicted total."""
        return sum(row.predicted * row.n_people for row in self.rows)

    @property
    def realised(self) -> float:
        """What all of them brought."""
        return sum(row.realised * row.n_people for row in self.rows)

    @property
    def top_rate(self) -> float | None:
        """Share of the realised total that the best two tenths by prediction brought."""
        return _rate(sum(r.realised * r.n_people for r in self.rows if r.decile <= 2), self.realised)


@dataclass(frozen=True, kw_only=True)
class RivalError:
    """How far one way to predict was off, per person: orders, and margin in minor units; and whether it is our model."""

    name: str
    is_model: bool
    orders: float
    margin_minor: float


@dataclass(frozen=True, kw_only=True)
class ValueView:
    """What the value model says, how it fared, and what it says about itself (sentences in the report's language).

    `expected_minor` is the margin expected of everybody over the horizon; None: nobody was scored yet.
    """

    model: str
    horizon_days: int
    expected_minor: int | None
    n_scored: int
    deciles: tuple[Deciles, ...]
    rivals: tuple[RivalError, ...]
    notes: tuple[str, ...]


# -- segments ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class SegmentShare:
    """One segment: its people, their sales so far, and their expected margin over the horizon (None: no value model)."""

    name: str
    n_people: int
    sales_minor: int
    value_minor: int | None = None


@dataclass(frozen=True, kw_only=True)
class Example:
    """One person as an example, known by number only; money in minor units, None where there is none."""

    person_id: int
    segment: str
    n_orders: int
    spend_365d_minor: int
    days_since_last_order: int | None
    mean_gap_days: float | None
    top_category: str | None
    expected_margin_minor: int | None = None


# -- plan -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Range:
    """An amount in minor units with what it would be at the low and at the high end of the assumptions."""

    low: float
    mid: float
    high: float


@dataclass(frozen=True, kw_only=True)
class OfferChoice:
    """What the plan does with one offer."""

    name: str
    channel: str
    n_people: int
    cost_minor: float
    profit_minor: Range


@dataclass(frozen=True, kw_only=True)
class LimitUse:
    """A limit of the plan: used so much of so much; `gain_minor` is what one more unit of it would earn."""

    name: str
    used: float
    limit: float
    is_money: bool
    gain_minor: float

    @property
    def binds(self) -> bool:
        """Whether the limit holds the plan back."""
        return self.gain_minor > 0


@dataclass(frozen=True, kw_only=True)
class BudgetPoint:
    """Expected profit of the best plan under another budget, both in minor units."""

    budget_minor: float
    profit_minor: Range


@dataclass(frozen=True, kw_only=True)
class PlanView:
    """The plan as the report tells it.

    `gap_rate` is how far the plan may at most be from the best possible one; `budget_gain` what one more unit of money
    in the budget would earn. `incrementality` is the assumed share of orders that would not have come anyway.
    """

    name: str
    decided_at: datetime
    budget_minor: int
    cost_minor: float
    profit_minor: Range
    incrementality: Range
    n_people: int
    n_held_out: int
    gap_rate: float
    budget_gain: float
    offers: tuple[OfferChoice, ...]
    limits: tuple[LimitUse, ...]
    curve: tuple[BudgetPoint, ...]


# -- data quality -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Books:
    """The books of one source: received = stored + duplicate + quarantined."""

    source: str
    n_files: int
    n_received: int
    n_stored: int
    n_duplicate: int
    n_quarantined: int


@dataclass(frozen=True, kw_only=True)
class QuarantineReason:
    """How many rows wait in quarantine for one reason."""

    source: str
    reason: str
    detail: str
    n_rows: int


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How complete the facts are. Lines are goods of orders that were not cancelled."""

    n_orders: int
    n_anonymous_orders: int
    n_cancelled_orders: int
    n_lines: int
    n_costed_lines: int
    n_known_product_lines: int
    sales_minor: int
    costed_sales_minor: int
    n_refunds: int
    refunded_minor: int


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What the facts can bear: coverage, books of the loads, and reasons of quarantine (most frequent first)."""

    coverage: Coverage
    books: tuple[Books, ...]
    reasons: tuple[QuarantineReason, ...]


@dataclass(frozen=True, kw_only=True)
class SurveyError:
    """One trait's mean, or one segment's share, in sample surveys.

    Half of the surveys were off by at most `median_rate` of the true value, 95 of 100 by at most `most_rate`.
    """

    name: str
    is_segment: bool
    median_rate: float
    most_rate: float


@dataclass(frozen=True, kw_only=True)
class SurveyView:
    """Sample surveys of so many people, drawn again and again, against the full data."""

    n_people: int
    n_repeats: int
    errors: tuple[SurveyError, ...]


# -- the whole --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that the page shows; None or empty where the shop has not made it yet."""

    version: str
    shop_name: str
    currency: str
    time_zone: str
    margin_rate: float
    as_of: datetime
    as_of_on: date
    shop: ShopNumbers
    cohorts: Cohorts
    concentration: Concentration
    quality: Quality
    flows: tuple[Flow, ...] = ()
    value: ValueView | None = None
    segments: tuple[SegmentShare, ...] = ()
    examples: tuple[Example, ...] = ()
    plan: PlanView | None = None
    survey: SurveyView | None = None


@dataclass(frozen=True, kw_only=True)
class Written:
    """The report on disk: where, how large, and as of which moment."""

    path: Path
    n_bytes: int
    as_of: datetime
