"""Back-test: what the models would have said one horizon ago, against what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.people.service import read_facts
from aimwell.predict.model import Abstention, Note
from aimwell.predict.value.cells import Array, Cells
from aimwell.predict.value.forms import fit_form
from aimwell.predict.value.gamma_gamma import MarginFit, fit_gamma_gamma
from aimwell.predict.value.maximum import NoMaximum
from aimwell.predict.value.model import (
    BASELINES,
    FORMS,
    Backtest,
    Decile,
    ForecastError,
    FormTrial,
    too_little,
)
from aimwell.predict.value.predictive import Outlook, score_cells
from aimwell.predict.value.service.gather import Source, Summary, summarise
from aimwell.predict.value.tables.forecasts import (
    MICRO,
    covered,
    decile_sums,
    error_sums,
    forecasts,
    segment_means,
)
from aimwell.predict.value.tables.histories import CELL_KEYS, outcome_histogram
from aimwell.predict.value.tables.scores import scored
from aimwell.predict.value.trial import Trial, interval_coverage, try_memories
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake

__all__ = ["backtest_source", "backtest_value", "cell_table"]


def backtest_value(
    *,
    lake: Lake,
    as_of: datetime,
    time_zone: str,
    margin_rate: float,
    horizon_days: int = 91,
    known_at: datetime | None = None,
    progress: Progress | None = None,
) -> Backtest | Abstention:
    """Fit every form on what was known one horizon before `as_of` and score it against what happened since.

    Parameters
    ----------
    lake
        The shop's facts.
    as_of
        End of the truth, exclusive, naive UTC.
    time_zone, margin_rate
        As in the shop's settings.
    horizon_days
        Length of the truth, and of every forecast.
    known_at
        What Aimwell knew at this moment; None: now.
    progress
        Hears of the steps.

    Returns
    -------
    Backtest or Abstention
        The latter where the data before the cut are too few.
    """
    source = Source(
        facts=read_facts(lake=lake, known_at=known_at),
        engine=lake.engine,
        time_zone=time_zone,
        margin_rate=margin_rate,
    )
    return backtest_source(source, as_of=as_of, horizon_days=horizon_days, progress=progress or Silent())


def backtest_source(
    source: Source, *, as_of: datetime, horizon_days: int, progress: Progress
) -> Backtest | Abstention:
    """Run `backtest_value` on facts that are already at hand."""
    horizon = timedelta(days=horizon_days)
    cut = as_of - horizon
    progress.start(text("Back-testing"), total=3, unit="steps")
    with source.people(cut) as people, source.outcomes(cut, as_of) as outcomes:
        summary = summarise(people, engine=source.engine)
        shortage = too_little(summary.cells)
        if shortage is not None:
            return shortage
        progress.advance(1)
        margin = fit_gamma_gamma(summary.margins, has_prior=True)
        cells, n_orders = _outcome_cells(people, outcomes, summary=summary, engine=source.engine)
        tried = {
            form: _try(form, summary.cells, cells=cells, n_orders=n_orders, weeks=horizon_days / 7)
            for form in FORMS
        }
        trials = {form: trial for form, trial in tried.items() if isinstance(trial, Trial)}
        if not trials:
            return _no_form(tried)
        chosen = max(trials, key=lambda form: trials[form].log_score)
        progress.advance(1)
        comparison = _Comparison(
            source=source,
            people=people,
            outcomes=outcomes,
            summary=summary,
            margin=margin,
            horizon_days=horizon_days,
        )
        errors, deciles = comparison.measure(trials, chosen=chosen, cut=cut)
        inside = comparison.inside(trials[chosen])
        progress.done()
        return Backtest(
            cut=cut,
            horizon_days=horizon_days,
            n_people=int(summary.cells.n_people),
            chosen=chosen,
            trials=[_trial_record(form, trial) for form, trial in tried.items()],
            errors=errors,
            deciles=deciles,
            interval_coverage=interval_coverage(trials[chosen].outlook, cells, n_orders),
            orders_inside_rate=inside["n_orders_inside"] / inside["n_people"],
            margin_inside_rate=inside["n_margin_inside"] / inside["n_people"],
        )


def cell_table(keys: pa.Table, columns: Mapping[str, Array]) -> ir.Table:
    """Return values per cell as a table, its keys beside them."""
    table = keys
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return ibis.memtable(table)


def _outcome_cells(
    people: ir.Table, outcomes: ir.Table, *, summary: Summary, engine: Engine
) -> tuple[Cells, Array]:
    """Return the distinct (history, orders that followed) with counts."""
    table = outcome_histogram(people, outcomes, grain_days=summary.grain_days)
    rows = engine.arrow(table.order_by(*CELL_KEYS, "n_orders"))
    keys = np.stack([rows[key].to_numpy() for key in CELL_KEYS])
    # Every person has a history and an outcome, so the distinct keys here are those of the summary, in its order.
    _, index = np.unique(keys, axis=1, return_inverse=True)
    cells = summary.cells.part(index)
    counted = Cells(
        frequency=cells.frequency,
        recency_weeks=cells.recency_weeks,
        age_weeks=cells.age_weeks,
        count=rows["n_people"].to_numpy().astype(float),
        recent=cells.recent,
    )
    return counted, rows["n_orders"].to_numpy().astype(float)


def _try(form: str, before: Cells, *, cells: Cells, n_orders: Array, weeks: float) -> Trial | NoMaximum:
    kind = FORMS[form]
    try:
        fit = fit_form(kind, before, prior=kind.prior(before))
    except NoMaximum as exc:
        return exc
    return try_memories(Outlook(fit=fit, weeks=weeks), cells, n_orders)


def _trial_record(form: str, trial: Trial | NoMaximum) -> FormTrial:
    if isinstance(trial, NoMaximum):
        return FormTrial(form=form, log_score=None, memory=1.0, log_likelihood=None, failure=str(trial))
    return FormTrial(
        form=form,
        log_score=trial.log_score,
        memory=trial.outlook.memory,
        log_likelihood=trial.outlook.fit.log_likelihood,
    )


def _no_form(tried: Mapping[str, Trial | NoMaximum]) -> Abstention:
    return Abstention(
        code="no_form_fits",
        reason=Note(
            template=text("None of the purchase models fits this shop: {reasons}"),
            values={"reasons": "; ".join(str(trial) for trial in tried.values())},
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Comparison:
    """The forecasts of one cut beside the truth, measured in the engine."""

    source: Source
    people: ir.Table
    outcomes: ir.Table
    summary: Summary
    margin: MarginFit
    horizon_days: int

    def measure(
        self, trials: Mapping[str, Trial], *, chosen: str, cut: datetime
    ) -> tuple[list[ForecastError], list[Decile]]:
        """Return errors of all forecasts, and the deciles of the chosen form."""
        before = cut - timedelta(days=self.horizon_days)
        engine = self.source.engine
        with self.source.outcomes(before, cut) as previous, self.source.people(before) as earlier:
            baselines = self._baselines(earlier)
            table = forecasts(
                self.people,
                outcomes=self.outcomes,
                previous=previous,
                segments=segment_means(earlier, previous),
                cell_scores=self._expectations(trials),
                forms=list(trials),
                margin_base_minor=self.margin.model.v,
                grain_days=self.summary.grain_days,
                horizon_days=self.horizon_days,
            )
            with engine.stage(table) as beside:
                sums = engine.rows(error_sums(beside, forecasts=[*trials, *baselines]))
                tenths = [
                    (
                        measure,
                        engine.rows(decile_sums(beside, forecast=chosen, measure=measure).order_by("decile")),
                    )
                    for measure in ("orders", "margin")
                ]
        errors = [_error(row) for row in sums]
        return sorted(errors, key=lambda e: (e.measure, [*trials, *baselines].index(e.forecast))), _deciles(
            tenths
        )

    def _baselines(self, earlier: ir.Table) -> Sequence[str]:
        """Return the naive rules that have enough past to be fair."""
        span_days = float(self.summary.cells.age_weeks.max()) * 7
        if span_days < self.horizon_days:
            return ("rate",)
        n_earlier = self.source.engine.rows(earlier.count().name("n").as_table())[0]["n"]
        return BASELINES if n_earlier >= self.summary.cells.n_people / 10 else ("last_period", "rate")

    def _expectations(self, trials: Mapping[str, Trial]) -> ir.Table:
        columns: dict[str, Array] = {}
        cells = self.summary.cells
        for form, trial in trials.items():
            orders = trial.outlook.moments(cells).mean
            columns[f"{form}_orders"] = orders
            columns[f"{form}_margin"] = orders * self.margin.model.per_order(cells.frequency + 1)
        return cell_table(self.summary.keys, columns)

    def inside(self, trial: Trial) -> dict[str, Any]:
        """Count the people who ended inside the stated intervals of the chosen form."""
        scores = score_cells(trial.outlook, self.margin, self.summary.cells)
        table = scored(
            self.people,
            cell_table(self.summary.keys, vars(scores)),
            grain_days=self.summary.grain_days,
            margin_base_minor=self.margin.model.v,
        )
        return self.source.engine.rows(covered(table, self.outcomes))[0]


def _error(row: Mapping[str, Any]) -> ForecastError:
    """Return error measures from exact sums."""
    unit = MICRO if row["measure"] == "orders" else 1
    n = row["n_people"]
    predicted, actual, absolute = (float(row[k]) / unit for k in ("predicted", "actual", "absolute"))
    pp, aa, pa_ = (float(row[k]) / unit**2 for k in ("predicted_squared", "actual_squared", "product"))
    spread = np.sqrt(max(n * pp - predicted**2, 0.0) * max(n * aa - actual**2, 0.0))
    return ForecastError(
        forecast=row["forecast"],
        measure=row["measure"],
        n_people=n,
        predicted=predicted,
        actual=actual,
        mae=absolute / n,
        rmse=float(np.sqrt(max(pp - 2 * pa_ + aa, 0.0) / n)),
        bias_rate=(predicted - actual) / actual if actual else 0.0,
        correlation=float((n * pa_ - predicted * actual) / spread) if spread > 0 else 0.0,
    )


def _deciles(tenths: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]) -> list[Decile]:
    return [
        Decile(
            measure="orders" if measure == "orders" else "margin",
            decile=row["decile"],
            n_people=row["n_people"],
            predicted=float(row["predicted"]) / unit / row["n_people"],
            actual=float(row["actual"]) / unit / row["n_people"],
        )
        for measure, rows in tenths
        for unit in [MICRO if measure == "orders" else 1]
        for row in rows
    ]
