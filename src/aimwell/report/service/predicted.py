"""Gathers what the families of models say."""

from __future__ import annotations

from datetime import datetime

from aimwell.base.words import Words
from aimwell.people.model import Facts
from aimwell.report.model import PredictedView
from aimwell.report.service.affinity import gather_affinity
from aimwell.report.service.demand import gather_demand
from aimwell.report.service.price import gather_price
from aimwell.report.service.repeat import gather_repeat
from aimwell.storage.lake.lake import Lake

__all__ = ["gather_predicted"]


def gather_predicted(facts: Facts, *, lake: Lake, as_of: datetime, words: Words) -> PredictedView:
    """Return every family's view."""
    return PredictedView(
        repeat=gather_repeat(lake=lake, as_of=as_of, words=words),
        affinity=gather_affinity(lake=lake, as_of=as_of, words=words),
        demand=gather_demand(lake=lake, as_of=as_of, words=words),
        price=gather_price(facts, lake=lake, as_of=as_of, words=words),
    )
