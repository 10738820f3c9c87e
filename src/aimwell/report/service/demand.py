"""Gathers what the demand model says, and how it fared on the past."""

from __future__ import annotations

from datetime import datetime

from aimwell.base.words import Words
from aimwell.predict.demand.card import DemandCard
from aimwell.predict.demand.model import FORECAST_NAMES
from aimwell.predict.demand.service import read_card
from aimwell.predict.demand.tables.forecasts import DEMAND_FORECASTS
from aimwell.predict.model import ModelMissing
from aimwell.report.model import DemandDay, DemandRival, DemandView
from aimwell.storage.lake.lake import Lake

__all__ = ["gather_demand"]


def gather_demand(*, lake: Lake, as_of: datetime, words: Words) -> DemandView | None:
    """Return the demand model in numbers and sentences; None: there is none that knows nothing after `as_of`."""
    try:
        card = read_card(lake=lake)
    except ModelMissing:
        return None
    if card.as_of > as_of:
        return None
    return DemandView(
        n_products=card.n_products,
        days=_days(lake, as_of=as_of),
        rivals=_rivals(card, words=words),
        notes=tuple(note.said(words) for note in card.notes()),
    )


def _days(lake: Lake, *, as_of: datetime) -> tuple[DemandDay, ...]:
    if not lake.has_table(DEMAND_FORECASTS.name):
        return ()
    rows = lake.table(DEMAND_FORECASTS.name)
    mine = rows.filter(rows.level == "total", rows.grain == "day", rows.as_of <= as_of)
    shown = mine.select(
        on=mine.period_start,
        units=mine.expected_units,
        low=mine.low_units,
        high=mine.high_units,
        revenue_minor=mine.expected_revenue_minor,
    )
    return tuple(DemandDay(**row) for row in lake.engine.rows(shown.order_by("on")))


def _rivals(card: DemandCard, *, words: Words) -> tuple[DemandRival, ...]:
    tested = card.backtest
    names = [name for name in FORECAST_NAMES if any(one.forecast == name for one in tested.trials)]
    return tuple(
        DemandRival(
            name=words.say(FORECAST_NAMES[name]),
            is_model=name == "combined",
            **{level: tested.trial(level, name).rmsse for level in ("product", "category", "total")},
        )
        for name in names
    )
