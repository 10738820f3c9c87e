"""What the families of models say, one view each."""

from __future__ import annotations

from dataclasses import dataclass

from aimwell.report.model.affinity import AffinityView
from aimwell.report.model.demand import DemandView
from aimwell.report.model.price import PriceView
from aimwell.report.model.repeat import RepeatView

__all__ = ["PredictedView"]


@dataclass(frozen=True, kw_only=True)
class PredictedView:
    """The families' views; None where no model was fitted that knows nothing after the report's day."""

    repeat: RepeatView | None
    affinity: AffinityView | None
    demand: DemandView | None
    price: PriceView | None
