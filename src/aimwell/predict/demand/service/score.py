"""Score: expected units at every level and grain, with intervals, written to the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import Sentence, text
from aimwell.predict.demand.abstentions import too_little_sold
from aimwell.predict.demand.hierarchy import groups, in_periods, is_open_in, periods, shared, summed
from aimwell.predict.demand.intervals import FALLBACK, bounds, unrest
from aimwell.predict.demand.learn import forecast_units
from aimwell.predict.demand.model import FAMILY, GRAINS, DemandModel
from aimwell.predict.demand.panel import Array, Panel
from aimwell.predict.demand.service.gather import Source, gather, shares
from aimwell.predict.demand.tables.forecasts import DEMAND_FORECASTS
from aimwell.predict.demand.told.prices import PlannedPrice, Repriced, Responses, repriced
from aimwell.predict.demand.told.promotions import Promotion
from aimwell.predict.demand.told.stockouts import Stockout
from aimwell.predict.model import Abstention
from aimwell.predict.service import read_model
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import Commit

__all__ = ["ScoreSummary", "score_demand"]

_STANDS_IN = {"channel": "category", "segment": "category"}  # whose errors their intervals are made of


@dataclass(frozen=True, kw_only=True)
class ScoreSummary:
    """What a scoring brought: totals over the horizon, rows, the table's version, what to know of planned prices."""

    model_id: str
    as_of: datetime
    first_on: date
    horizon_days: int
    n_products: int
    n_rows: int
    expected_units: float
    expected_revenue_minor: int
    version: int
    notes: Sequence[Sentence] = ()


@dataclass(frozen=True, kw_only=True)
class _LevelForecast:
    """One level: units so far and units and revenue to come, (keys, days)."""

    level: str
    keys: Sequence[str]
    history: Array
    units: Array
    revenue_minor: Array


def score_demand(
    *,
    lake: Lake,
    as_of: datetime,
    time_zone: str,
    promotions: Sequence[Promotion] = (),
    stockouts: Sequence[Stockout] = (),
    prices: Sequence[PlannedPrice] = (),
    responses: Responses | None = None,
    segments: ir.Table | None = None,
    model_id: str | None = None,
    known_at: datetime | None = None,
    progress: Progress | None = None,
) -> ScoreSummary | Abstention:
    """Forecast the days after `as_of` and keep the forecasts in the lake table `demand_forecasts`.

    Products and pools are forecast and reconciled with forecasts of categories and of the total, which are then their sums; channels
    and groups of customers get their share of the total over the last eight weeks; weeks and months are sums of days. So all
    levels and grains add up.

    Parameters
    ----------
    lake, time_zone, known_at, progress
        As in `fit_demand`.
    as_of
        The horizon begins on the local day of this moment; naive UTC.
    promotions
        Past and planned ones; kinds that the model does not know are passed over.
    stockouts
        Days on which products could not be bought, as in `fit_demand`.
    prices, responses
        Prices that products will have, and how their sales answer to prices, as `predict.price.service.read_responses` says.
    segments
        person_id, segment: at most one row per person; None: known and anonymous customers.
    model_id
        The model to use; None: the one in use.

    Raises
    ------
    ModelMissing
        When no model was fitted.
    """
    progress = progress or Silent()
    progress.start(text("Scoring"), total=2, unit=text("steps"))
    stored = read_model(FAMILY, lake=lake, model_id=model_id)
    model = DemandModel.from_data(stored.body)
    source = Source(
        lake=lake,
        as_of=as_of,
        time_zone=time_zone,
        category_depth=model.category_depth,
        max_products=model.max_products,
        promotions=promotions,
        stockouts=stockouts,
        known_at=known_at,
    )
    panel = gather(source, horizon_days=model.horizon_days, kinds=model.promotion_kinds)
    declined = too_little_sold(panel, horizon_days=model.horizon_days)
    if declined is not None:
        return declined
    progress.advance(1)
    ahead = repriced(panel, _expected(panel, model), prices, responses)
    found = _forecasts(panel, ahead, split=shares(source, segments=segments))
    marks = {"as_of": as_of, "model_id": stored.model_id}
    commit = _keep(found, panel, model, marks=marks, lake=lake)
    progress.done()
    summary = _summary(found[0], panel, model, marks=marks, commit=commit)
    return replace(summary, notes=ahead.notes())


def _keep(
    found: Sequence[_LevelForecast],
    panel: Panel,
    model: DemandModel,
    *,
    marks: Mapping[str, Any],
    lake: Lake,
) -> Commit:
    rows = [dict(marks) | row for one in found for row in _rows(one, panel, model.quantiles)]
    table = pa.Table.from_pylist(rows, schema=DEMAND_FORECASTS.schema.to_pyarrow())
    return lake.overwrite(DEMAND_FORECASTS, ibis.memtable(table))


def _summary(
    total: _LevelForecast, panel: Panel, model: DemandModel, *, marks: Mapping[str, Any], commit: Commit
) -> ScoreSummary:
    return ScoreSummary(
        **marks,
        first_on=panel.end_on,
        horizon_days=model.horizon_days,
        n_products=sum(1 for key in panel.keys if key),
        n_rows=commit.n_rows,
        expected_units=float(total.units.sum()),
        expected_revenue_minor=round(float(total.revenue_minor.sum())),
        version=commit.version,
    )


def _expected(panel: Panel, model: DemandModel) -> Array:
    """Return (series, days ahead): units at usual prices."""
    if not model.has_buyers:
        panel = replace(panel, buyers=None, first_buyers=None)
    return forecast_units(
        panel,
        model.trees,
        weights=model.weights,
        upper_weights=model.upper_weights,
        horizon_days=model.horizon_days,
        country=model.country,
    )


def _forecasts(
    panel: Panel, ahead: Repriced, *, split: Mapping[str, Mapping[str, tuple[float, float]]]
) -> list[_LevelForecast]:
    """Return the levels, the total first."""
    found = []
    for level, (keys, place) in groups(panel).items():
        history, units, money = (
            summed(values, place, n_keys=len(keys))
            for values in (panel.units, ahead.units, ahead.revenue_minor)
        )
        found.append(
            _LevelForecast(level=level, keys=keys, history=history, units=units, revenue_minor=money)
        )
    total = found[0]
    for level, parts in split.items():
        of_units = {key: part[0] for key, part in parts.items()}
        of_money = {key: part[1] for key, part in parts.items()}
        found.append(
            _LevelForecast(
                level=level,
                keys=tuple(parts),
                history=shared(total.history[0], of_units),
                units=shared(total.units[0], of_units),
                revenue_minor=shared(total.revenue_minor[0], of_money),
            )
        )
    return found


def _rows(
    one: _LevelForecast, panel: Panel, quantiles: Mapping[str, Sequence[float]]
) -> list[dict[str, Any]]:
    rows = []
    for grain in GRAINS:
        ahead = periods(panel.end_on, n_days=one.units.shape[1], grain=grain)
        past = periods(panel.first_on, n_days=panel.n_days, grain=grain)[-91:]
        source = _STANDS_IN.get(one.level, one.level)
        learned = quantiles.get(f"{source}/{grain}") or quantiles.get(f"{source}/week") or FALLBACK
        expected, money = in_periods(one.units, ahead), in_periods(one.revenue_minor, ahead)
        low, high = (
            end * is_open_in(panel, ahead)
            for end in bounds(expected, unrest(in_periods(one.history, past)), learned)
        )
        rows += [
            {
                "level": one.level,
                "key": key,
                "period_start": span.start_on,
                "grain": grain,
                "expected_units": float(expected[number, column]),
                "low_units": float(low[number, column]),
                "high_units": float(high[number, column]),
                "expected_revenue_minor": round(float(money[number, column])),
            }
            for number, key in enumerate(one.keys)
            for column, span in enumerate(ahead)
        ]
    return rows
