"""Back-test: what the models would have said one horizon ago, against what happened."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import ibis.expr.types as ir
import numpy as np

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.people.service import read_facts
from aimwell.predict.model import Abstention
from aimwell.predict.value.abstentions import no_form_fits, too_few_margins, too_little_data
from aimwell.predict.value.cells import DAYS_PER_WEEK, Array, Cells
from aimwell.predict.value.forms import fit_form
from aimwell.predict.value.gamma_gamma import fit_gamma_gamma
from aimwell.predict.value.maximum import NoMaximum
from aimwell.predict.value.model import FORMS, Backtest, FormTrial
from aimwell.predict.value.predictive import Outlook
from aimwell.predict.value.service.comparison import Comparison
from aimwell.predict.value.service.gather import Source, Summary, summarise
from aimwell.predict.value.tables.histories import CELL_KEYS, outcome_histogram
from aimwell.predict.value.trial import Trial, interval_coverage, try_memories
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake

__all__ = ["backtest_source", "backtest_value"]


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
    cut = as_of - timedelta(days=horizon_days)
    progress.start(text("Back-testing"), total=len(FORMS) + 1, unit=text("models"))
    with source.people(cut) as people, source.outcomes(cut, as_of) as outcomes:
        summary = summarise(people, engine=source.engine)
        shortage = too_little_data(summary.cells) or too_few_margins(summary.margins)
        if shortage is not None:
            return shortage
        cells, n_orders = _outcome_cells(people, outcomes, summary=summary, engine=source.engine)
        trials: dict[str, Trial] = {}
        failures: dict[str, NoMaximum] = {}
        for form, kind in FORMS.items():
            try:
                fit = fit_form(kind, summary.cells, prior=kind.prior(summary.cells))
                outlook = Outlook(fit=fit, weeks=horizon_days / DAYS_PER_WEEK)
                trials[form] = try_memories(outlook, cells, n_orders)
            except NoMaximum as exc:
                failures[form] = exc
            progress.advance(1)
        if not trials:
            return no_form_fits(list(failures.values()))
        comparison = Comparison(
            source=source,
            people=people,
            outcomes=outcomes,
            summary=summary,
            margin=fit_gamma_gamma(summary.margins, has_prior=True),
            cut=cut,
            horizon_days=horizon_days,
        )
        tested = _record(comparison, trials, failures=failures, cells=cells, n_orders=n_orders)
    progress.done()
    return tested


def _record(
    comparison: Comparison,
    trials: Mapping[str, Trial],
    *,
    failures: Mapping[str, NoMaximum],
    cells: Cells,
    n_orders: Array,
) -> Backtest:
    chosen = max(trials, key=lambda form: trials[form].log_score)
    errors, deciles = comparison.measure(trials, chosen=chosen)
    inside = comparison.inside(trials[chosen])
    return Backtest(
        cut=comparison.cut,
        horizon_days=comparison.horizon_days,
        n_people=inside["n_people"],
        chosen=chosen,
        trials=[
            *(_form_trial(form, trial) for form, trial in trials.items()),
            *(FormTrial(form=form, failure=str(failure)) for form, failure in failures.items()),
        ],
        errors=errors,
        deciles=deciles,
        interval_coverage=interval_coverage(trials[chosen].outlook, cells, n_orders),
        orders_inside_rate=inside["n_orders_inside"] / inside["n_people"],
        margin_inside_rate=inside["n_margin_inside"] / inside["n_people"],
    )


def _form_trial(form: str, trial: Trial) -> FormTrial:
    return FormTrial(
        form=form,
        log_score=trial.log_score,
        memory=trial.outlook.memory,
        log_likelihood=trial.outlook.fit.log_likelihood,
    )


def _outcome_cells(
    people: ir.Table, outcomes: ir.Table, *, summary: Summary, engine: Engine
) -> tuple[Cells, Array]:
    """Return the distinct (history, orders that followed) with counts."""
    table = outcome_histogram(people, outcomes, grain_days=summary.grain_days)
    rows = engine.arrow(table.order_by(*CELL_KEYS, "n_orders"))
    keys = np.stack([rows[key].to_numpy() for key in CELL_KEYS])
    # Every person has a history and an outcome: the distinct keys are those of the summary, in its order.
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
