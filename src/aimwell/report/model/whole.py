"""The whole report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from aimwell.base.settings import Settings
from aimwell.report.model.campaigns import CampaignsView
from aimwell.report.model.people import PeopleView
from aimwell.report.model.plan import PlanView
from aimwell.report.model.predicted import PredictedView
from aimwell.report.model.quality import Quality
from aimwell.report.model.shop import ShopView
from aimwell.report.model.value import ValueView

__all__ = ["Report", "Written"]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that the page shows; None where the shop has not made it yet."""

    version: str
    settings: Settings
    as_of: datetime
    as_of_on: date
    shop: ShopView
    people: PeopleView
    value: ValueView | None
    predicted: PredictedView
    plan: PlanView | None
    campaigns: CampaignsView
    quality: Quality


@dataclass(frozen=True, kw_only=True)
class Written:
    """The report on disk: where, how large, and as of which moment."""

    path: Path
    n_bytes: int
    as_of: datetime
