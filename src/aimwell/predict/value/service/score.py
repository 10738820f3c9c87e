"""Score: everyone's probability alive, expected orders and net margin, written to the lake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.people.service import read_facts
from aimwell.predict.service import read_model
from aimwell.predict.value.cells import DAYS_PER_WEEK
from aimwell.predict.value.model import FAMILY, ValueModel
from aimwell.predict.value.predictive import CellScores, Outlook, score_cells
from aimwell.predict.value.service.gather import Source, Summary, cell_table, summarise
from aimwell.predict.value.tables.scores import VALUE_SCORES, scored
from aimwell.storage.lake.lake import Lake

__all__ = ["ScoreSummary", "score_value"]


@dataclass(frozen=True, kw_only=True)
class ScoreSummary:
    """What a scoring brought: people, distinct histories, totals over the horizon, the table's version."""

    model_id: str
    as_of: datetime
    horizon_days: int
    n_people: int
    n_cells: int
    expected_orders: float
    expected_margin_minor: int
    version: int


def score_value(
    *,
    lake: Lake,
    as_of: datetime,
    time_zone: str,
    model_id: str | None = None,
    horizon_days: int | None = None,
    known_at: datetime | None = None,
    progress: Progress | None = None,
) -> ScoreSummary:
    """Score everyone who bought before `as_of`, and keep the scores in the lake table `value_scores`.

    The distinct histories are scored and joined back to people inside the engine, so the work in Python does
    not grow with their number.

    Parameters
    ----------
    lake
        The shop's facts, models and scores.
    as_of
        The horizon begins here; naive UTC.
    time_zone
        The shop's zone.
    model_id
        The model to use; None: the newest.
    horizon_days
        None: the model's own, for which it was back-tested.
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
    model = ValueModel.from_data(stored.body)
    days = horizon_days or model.horizon_days
    facts = read_facts(lake=lake, known_at=known_at)
    source = Source(facts=facts, engine=lake.engine, time_zone=time_zone, margin_rate=model.margin_rate)
    progress.start(text("Scoring"), total=2, unit=text("steps"))
    with source.people(as_of) as people:
        summary = summarise(people, engine=lake.engine)
        outlook = Outlook(fit=model.fit, weeks=days / DAYS_PER_WEEK, memory=model.memory)
        scores = score_cells(outlook, model.margin, summary.cells)
        progress.advance(1)
        rows = _rows(people, scores, summary=summary, model=model).mutate(
            as_of=ibis.literal(as_of).cast("timestamp"),
            model_id=ibis.literal(stored.model_id),
            horizon_days=ibis.literal(days).cast("int64"),
        )
        commit = lake.overwrite(VALUE_SCORES, rows)
    progress.done()
    return ScoreSummary(
        model_id=stored.model_id,
        as_of=as_of,
        horizon_days=days,
        n_people=commit.n_rows,
        n_cells=len(summary.cells.count),
        expected_orders=float(scores.orders @ summary.cells.count),
        expected_margin_minor=_total_margin(lake),
        version=commit.version,
    )


def _rows(people: ir.Table, scores: CellScores, *, summary: Summary, model: ValueModel) -> ir.Table:
    return scored(
        people,
        cell_table(summary.keys, vars(scores)),
        grain_days=summary.grain_days,
        margin_base_minor=model.margin.model.v,
    )


def _total_margin(lake: Lake) -> int:
    kept = lake.table(VALUE_SCORES.name)
    total = kept.agg(margin=kept.expected_margin_minor.sum().cast("int64"))
    return int(lake.engine.rows(total)[0]["margin"] or 0)
