"""Gathers what the value model says, and how it fared on the past and since."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import ibis.expr.types as ir

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

__all__ = ["gather_value", "value_scores"]

_SLACK_DAYS = (
    7  # the last order may come so long before the horizon's end and the horizon still counts as over
)


def value_scores(lake: Lake) -> ir.Table | None:
    """Return the newest scores, or None when nobody was scored yet."""
    return lake.table(VALUE_SCORES.name) if lake.has_table(VALUE_SCORES.name) else None


def gather_value(facts: Facts, *, lake: Lake, words: Words, margin_rate: float) -> ValueView | None:
    """Return the value model's card in numbers and sentences; None: no model was fitted."""
    try:
        card = read_card(lake=lake)
    except ModelMissing:
        return None
    scores = value_scores(lake)
    scored = None if scores is None else _scored(scores, lake=lake)
    since = None
    if scores is not None and scored is not None and scored["n_people"]:
        since = _since(
            facts,
            scores,
            lake=lake,
            start=scored["as_of"],
            days=scored["horizon_days"],
            margin_rate=margin_rate,
        )
    past = [] if card.backtest is None else [_backtest(card.backtest)]
    return ValueView(
        model=words.say(FORECAST_NAMES[card.form]),
        horizon_days=scored["horizon_days"] if scored and scored["n_people"] else card.horizon_days,
        expected_minor=scored["expected_minor"] if scored else None,
        n_scored=scored["n_people"] if scored else 0,
        deciles=(*([since] if since else []), *past),
        rivals=() if card.backtest is None else _rivals(card.backtest, words=words),
        notes=tuple(note.said(words) for note in card.notes()),
    )


def _scored(scores: ir.Table, *, lake: Lake) -> Any:
    """Return in one row how many people were scored, when, for how long, and the margin expected of all."""
    return lake.engine.rows(
        scores.aggregate(
            n_people=scores.count(),
            expected_minor=scores.expected_margin_minor.sum().fill_null(0).cast("int64"),
            as_of=scores.as_of.max(),
            horizon_days=scores.horizon_days.max(),
        )
    )[0]


def _since(
    facts: Facts, scores: ir.Table, *, lake: Lake, start: datetime, days: int, margin_rate: float
) -> Deciles | None:
    """Return the scores beside what came since; None while their horizon is not over in the data."""
    end = start + timedelta(days=days)
    last = lake.engine.rows(tables.order_ends(facts.orders))[0]["last_ordered_at"]
    if last is None or last < end - timedelta(days=_SLACK_DAYS):
        return None
    earned = margins(facts, start=start, end=end, margin_rate=margin_rate)
    rows = lake.engine.rows(tables.value_deciles(scores, earned))
    return Deciles(
        start_on=start.date(),
        end_on=end.date(),
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


def _backtest(backtest: Backtest) -> Deciles:
    rows = sorted((d for d in backtest.deciles if d.measure == "margin"), key=lambda d: d.decile)
    return Deciles(
        start_on=backtest.cut.date(),
        end_on=(backtest.cut + timedelta(days=backtest.horizon_days)).date(),
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
