"""What each chapter of the report shows: bounded numbers, none of them about one named person."""

from __future__ import annotations

from aimwell.report.model.affinity import AffinityRival, AffinityView, NeedCount
from aimwell.report.model.campaigns import CampaignsView, CampaignView, LookView
from aimwell.report.model.demand import DemandDay, DemandRival, DemandView
from aimwell.report.model.people import (
    Example,
    Flow,
    FlowLink,
    Lifecycle,
    PeopleView,
    SegmentShare,
    SurveyError,
    SurveyView,
)
from aimwell.report.model.plan import BudgetPoint, LimitUse, OfferChoice, PlanView
from aimwell.report.model.predicted import PredictedView
from aimwell.report.model.price import PriceRival, PriceView, ProductResponse
from aimwell.report.model.quality import Books, Coverage, Quality, QuarantineReason
from aimwell.report.model.repeat import RepeatRival, RepeatView, Tenth
from aimwell.report.model.shop import (
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
from aimwell.report.model.value import Decile, Deciles, RivalError, ValueView
from aimwell.report.model.whole import Report, Written

__all__ = [
    "AffinityRival",
    "AffinityView",
    "Books",
    "BudgetPoint",
    "CampaignView",
    "CampaignsView",
    "CohortCell",
    "Cohorts",
    "Concentration",
    "Coverage",
    "Decile",
    "Deciles",
    "DemandDay",
    "DemandRival",
    "DemandView",
    "Example",
    "Flow",
    "FlowLink",
    "HourCount",
    "Lifecycle",
    "LimitUse",
    "LookView",
    "Month",
    "NeedCount",
    "OfferChoice",
    "PeopleView",
    "Period",
    "PlanView",
    "PredictedView",
    "PriceRival",
    "PriceView",
    "ProductResponse",
    "Quality",
    "QuarantineReason",
    "RepeatRival",
    "RepeatView",
    "Report",
    "RivalError",
    "SegmentShare",
    "ShopView",
    "SurveyError",
    "SurveyView",
    "Tenth",
    "TopShare",
    "Totals",
    "ValueView",
    "Written",
]
