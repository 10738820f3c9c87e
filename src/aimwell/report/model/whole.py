"""The whole report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from aimwell.report.model.people import Example, Flow, SegmentShare, SurveyView
from aimwell.report.model.plan import PlanView
from aimwell.report.model.quality import Quality
from aimwell.report.model.shop import Cohorts, Concentration, ShopNumbers
from aimwell.report.model.value import ValueView

__all__ = ["Report", "Written"]


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
