"""Compares forecasts with the truth, inside the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import ibis.expr.types as ir
import numpy as np

from aimwell.predict.value.cells import DAYS_PER_WEEK, Array
from aimwell.predict.value.gamma_gamma import MarginFit
from aimwell.predict.value.model import BASELINES, MEASURES, Decile, ForecastError, Measure
from aimwell.predict.value.predictive import score_cells
from aimwell.predict.value.service.gather import Source, Summary, cell_table
from aimwell.predict.value.tables.forecasts import (
    MICRO,
    covered,
    decile_sums,
    error_sums,
    forecasts,
    segment_means,
)
from aimwell.predict.value.tables.scores import scored
from aimwell.predict.value.trial import Trial

__all__ = ["Comparison"]

MIN_EARLIER_SHARE = 0.1  # a rule learned on fewer of the people would not be a fair rival


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The forecasts of one cut beside the truth, measured in the engine.

    Attributes
    ----------
    source
        Where the data come from.
    people, outcomes, summary
        Histories up to the cut, what followed, and the histories' cells.
    margin
        The margin model fitted before the cut.
    cut, horizon_days
        Start and length of the truth.
    """

    source: Source
    people: ir.Table
    outcomes: ir.Table
    summary: Summary
    margin: MarginFit
    cut: datetime
    horizon_days: int

    def measure(
        self, trials: Mapping[str, Trial], *, chosen: str
    ) -> tuple[list[ForecastError], list[Decile]]:
        """Return the errors of all forecasts by both measures, and the deciles of the chosen form."""
        engine = self.source.engine
        names = [*trials, *self._rules()]
        with self._beside(trials) as table:
            sums = {
                (row["measure"], row["forecast"]): row
                for row in engine.rows(error_sums(table, forecasts=names))
            }
            deciles = [
                _decile(row, measure=measure)
                for measure in MEASURES
                for row in engine.rows(
                    decile_sums(table, forecast=chosen, measure=measure).order_by("decile")
                )
            ]
        return [_error(sums[measure, name]) for measure in MEASURES for name in names], deciles

    @contextmanager
    def _beside(self, trials: Mapping[str, Trial]) -> Iterator[ir.Table]:
        """Hold every forecast beside the truth, computed once."""
        before = self.cut - timedelta(days=self.horizon_days)
        with self.source.outcomes(before, self.cut) as previous, self.source.people(before) as earlier:
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
            with self.source.engine.stage(table) as beside:
                yield beside

    def _rules(self) -> list[str]:
        """Return the naive rules that have enough past to be fair."""
        cells = self.summary.cells
        age_days = cells.age_weeks * DAYS_PER_WEEK
        if age_days.max() < self.horizon_days:
            return ["rate"]
        n_earlier = cells.count[age_days >= self.horizon_days].sum()
        has_segments = n_earlier >= MIN_EARLIER_SHARE * cells.n_people
        return [rule for rule in BASELINES if rule != "segment_mean" or has_segments]

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
    squares = {k: float(row[k]) / unit**2 for k in ("predicted_squared", "actual_squared", "product")}
    error_square = squares["predicted_squared"] - 2 * squares["product"] + squares["actual_squared"]
    predicted_spread = max(n * squares["predicted_squared"] - predicted**2, 0.0)
    actual_spread = max(n * squares["actual_squared"] - actual**2, 0.0)
    spread = float(np.sqrt(predicted_spread * actual_spread))
    return ForecastError(
        forecast=row["forecast"],
        measure=row["measure"],
        n_people=n,
        predicted=predicted,
        actual=actual,
        mae=absolute / n,
        rmse=float(np.sqrt(max(error_square, 0.0) / n)),
        bias_rate=(predicted - actual) / actual if actual else 0.0,
        correlation=(n * squares["product"] - predicted * actual) / spread if spread > 0 else 0.0,
    )


def _decile(row: Mapping[str, Any], *, measure: Measure) -> Decile:
    per_person = (MICRO if measure == "orders" else 1) * row["n_people"]
    return Decile(
        measure=measure,
        decile=row["decile"],
        n_people=row["n_people"],
        predicted=float(row["predicted"]) / per_person,
        actual=float(row["actual"]) / per_person,
    )
