"""Gathers what the value model says, and how it fared on the past and since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import ibis.expr.types as ir

from aimwell.base.clock import local_time
from aimwell.base.settings import Settings
from aimwell.base.words import Words
from aimwell.people.model import Facts
from aimwell.predict.model import ModelMissing
from aimwell.predict.value.model import FORECAST_NAMES, Backtest
from aimwell.predict.value.service import read_card
from aimwell.predict.value.tables.scores import VALUE_SCORES
from aimwell.predict.value.tables.spending import margins
from aimwell.report import tables
from aimwell.report.model import Decile, Deciles, RivalError, ValueView
from aimwell.storage.lake.lake import Lake

__all__ = ["Scores", "gather_value", "read_scores"]

_SLACK_DAYS = (
    7  # the last order may come so long before the horizon's end and the horizon still counts as over
)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """The newest scores: one row per person, made at one moment for one horizon."""

    rows: ir.Table
    as_of: datetime
    horizon_days: int
    n_people: int
    expected_minor: int


def read_scores(lake: Lake, *, as_of: datetime) -> Scores | None:
    """Return the newest scores; None: there are none, or they know what happened after `as_of`."""
    if not lake.has_table(VALUE_SCORES.name):
        return None
    rows = lake.table(VALUE_SCORES.name)
    totals = lake.engine.rows(
        rows.aggregate(
            as_of=rows.as_of.max(),
            horizon_days=rows.horizon_days.max(),
            n_people=rows.count(),
            expected_minor=rows.expected_margin_minor.sum().fill_null(0).cast("int64"),
        )
    )[0]
    return Scores(rows=rows, **totals) if totals["n_people"] and totals["as_of"] <= as_of else None


def gather_value(
    facts: Facts, *, lake: Lake, scores: Scores | None, as_of: datetime, words: Words, settings: Settings
) -> ValueView | None:
    """Return the value model's card in numbers and sentences; None: there is none that knows nothing after `as_of`."""
    try:
        card = read_card(lake=lake)
    except ModelMissing:
        return None
    if card.as_of > as_of:
        return None
    deciles = []
    if scores is not None:
        earned = _earned(facts, scores, lake=lake, margin_rate=settings.margin_rate)
        if earned is not None:
            rows = lake.engine.rows(tables.value_deciles(scores.rows, earned))
            deciles.append(_since(rows, scores, time_zone=settings.time_zone))
    if card.backtest is not None:
        deciles.append(_backtest(card.backtest, time_zone=settings.time_zone))
    return ValueView(
        model=words.say(FORECAST_NAMES[card.form]),
        horizon_days=scores.horizon_days if scores else card.horizon_days,
        expected_minor=scores.expected_minor if scores else None,
        n_scored=scores.n_people if scores else 0,
        deciles=tuple(deciles),
        rivals=() if card.backtest is None else _rivals(card.backtest, words=words),
        notes=tuple(note.said(words) for note in card.notes()),
    )


def _earned(facts: Facts, scores: Scores, *, lake: Lake, margin_rate: float) -> ir.Table | None:
    """Return what people brought over the horizon of the scores; None while it is not over in the data."""
    end = scores.as_of + timedelta(days=scores.horizon_days)
    last = lake.engine.rows(tables.order_ends(facts.orders))[0]["last_ordered_at"]
    if last is None or last < end - timedelta(days=_SLACK_DAYS):
        return None
    return margins(facts, start=scores.as_of, end=end, margin_rate=margin_rate)


def _since(rows: list[dict[str, Any]], scores: Scores, *, time_zone: str) -> Deciles:
    """Return the shop's present scores beside what came since."""
    start_on = local_time(scores.as_of, time_zone).date()
    return Deciles(
        start_on=start_on,
        end_on=start_on + timedelta(days=scores.horizon_days),
        is_backtest=False,
        rows=tuple(
            Decile(
                decile=row["decile"],
                n_people=row["n_people"],
                predicted=row["predicted_minor"] / row["n_people"],
                realised=row["realised_minor"] / row["n_people"],
            )
            for row in rows
        ),
    )


def _backtest(backtest: Backtest, *, time_zone: str) -> Deciles:
    start_on = local_time(backtest.cut, time_zone).date()
    rows = sorted((d for d in backtest.deciles if d.measure == "margin"), key=lambda d: d.decile)
    return Deciles(
        start_on=start_on,
        end_on=start_on + timedelta(days=backtest.horizon_days),
        is_backtest=True,
        rows=tuple(
            Decile(decile=d.decile, n_people=d.n_people, predicted=d.predicted, realised=d.actual)
            for d in rows
        ),
    )


def _rivals(backtest: Backtest, *, words: Words) -> tuple[RivalError, ...]:
    """Return every forecast with its mean absolute errors, ours first, then by error of orders."""
    margins_off = {e.forecast: e.mae for e in backtest.errors if e.measure == "margin"}
    rivals = [
        RivalError(
            name=words.say(FORECAST_NAMES[e.forecast]),
            is_model=e.forecast == backtest.chosen,
            orders=e.mae,
            margin_minor=margins_off[e.forecast],
        )
        for e in backtest.errors
        if e.measure == "orders" and e.forecast in margins_off
    ]
    return tuple(sorted(rivals, key=lambda r: (not r.is_model, r.orders, r.name)))
