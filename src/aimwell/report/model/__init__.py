"""What each chapter of the report shows: bounded numbers, none of them about one named person."""

from __future__ import annotations

from aimwell.report.model.people import (
    Example,
    Flow,
    FlowLink,
    Lifecycle,
    SegmentShare,
    SurveyError,
    SurveyView,
)
from aimwell.report.model.plan import BudgetPoint, LimitUse, OfferChoice, PlanView, Range
from aimwell.report.model.quality import Books, Coverage, Quality, QuarantineReason
from aimwell.report.model.shop import (
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
from aimwell.report.model.value import Decile, Deciles, RivalError, ValueView
from aimwell.report.model.whole import Report, Written

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
