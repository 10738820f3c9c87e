"""Score: who orders again and when, for everyone, written to the lake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis
import ibis.expr.types as ir

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.people.service import read_facts
from aimwell.predict.repeat.model import FAMILY, RepeatModel
from aimwell.predict.repeat.tables.baskets import baskets
from aimwell.predict.repeat.tables.features import features
from aimwell.predict.repeat.tables.scores import REPEAT_SCORES, cell_columns, scored
from aimwell.predict.service import read_model
from aimwell.predict.value.service.gather import cell_table, last_day, summarise
from aimwell.storage.lake.lake import Lake

__all__ = ["ScoreSummary", "score_repeat"]


@dataclass(frozen=True, kw_only=True)
class ScoreSummary:
    """What a scoring brought: people, how many are expected to order, totals, the table's version."""

    model_id: str
    as_of: datetime
    horizon_days: int
    n_people: int
    expected_within_30: float
    expected_silent: float
    expected_orders: float
    expected_spend_minor: int
    version: int


def score_repeat(
    *,
    lake: Lake,
    as_of: datetime,
    time_zone: str,
    model_id: str | None = None,
    known_at: datetime | None = None,
    progress: Progress | None = None,
) -> ScoreSummary:
    """Score everyone who ordered before `as_of`, and keep the scores in the lake table `repeat_scores`.

    Features are expressions, the purchase process is evaluated on distinct histories, the trees in batches inside the engine.

    Parameters
    ----------
    lake
        The shop's facts, models and scores.
    as_of
        The future begins here; naive UTC.
    time_zone
        The shop's zone.
    model_id
        The model to use; None: the one in use.
    known_at
        What Aimwell knew at this moment; None: now.
    progress
        Hears of the steps.

    Raises
    ------
    ModelMissing
        When no model was fitted.
    """
    progress = progress or Silent()
    stored = read_model(FAMILY, lake=lake, model_id=model_id)
    model = RepeatModel.from_data(stored.body)
    present_on = last_day(as_of, time_zone=time_zone) + timedelta(days=1)
    bought = baskets(read_facts(lake=lake, known_at=known_at), end=as_of)
    progress.start(text("Scoring"), total=2, unit=text("steps"))
    with lake.engine.stage(features(bought, cuts=[present_on])) as people:
        summary = summarise(_as_histories(people), engine=lake.engine)
        cells = cell_table(summary.keys, cell_columns(model, summary.cells))
        progress.advance(1)
        rows = scored(people, cells, model=model, grain_days=summary.grain_days, present_on=present_on)
        rows = rows.mutate(
            as_of=ibis.literal(as_of).cast("timestamp"),
            model_id=ibis.literal(stored.model_id),
            horizon_days=ibis.literal(model.horizon_days).cast("int64"),
        )
        commit = lake.overwrite(REPEAT_SCORES, rows)
    progress.done()
    return ScoreSummary(
        model_id=stored.model_id,
        as_of=as_of,
        horizon_days=model.horizon_days,
        n_people=commit.n_rows,
        version=commit.version,
        **lake.engine.rows(_totals(lake.table(REPEAT_SCORES.name)))[0],
    )


def _totals(scores: ir.Table) -> ir.Table:
    return scores.agg(
        expected_within_30=scores.p_order_30.sum().fill_null(0.0),
        expected_silent=scores.p_silent.sum().fill_null(0.0),
        expected_orders=scores.expected_orders.sum().fill_null(0.0),
        expected_spend_minor=scores.expected_spend_minor.sum().fill_null(0).cast("int64"),
    )


def _as_histories(people: ir.Table) -> ir.Table:
    """Return features with the names that the value model's summary reads; spend stands where margins do."""
    return people.select(
        "person_id", "frequency", "recent", "recency_days", "age_days", margin_minor=people.spend_minor
    )
