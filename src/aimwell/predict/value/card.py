"""The model card: what a value model learned, how it fared, and where it should not be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from aimwell.base.words import Sentence, text
from aimwell.predict.value.forms import Fit
from aimwell.predict.value.gamma_gamma import MarginFit
from aimwell.predict.value.model import FORECAST_NAMES, MEASURES, Backtest, Decile, ForecastError, FormTrial

__all__ = ["FormCard", "ModelCard", "form_card"]

TOLERATED_CORRELATION = 0.2
TOLERATED_NOT_POSITIVE = 0.05
TOLERATED_BIAS = 0.1
COVERAGE_RANGE = (0.75, 0.85)


@dataclass(frozen=True, kw_only=True)
class FormCard:
    """One fitted form: parameters (times in weeks, `v` in minor units), standard errors, log-likelihood."""

    form: str
    parameters: Mapping[str, float]
    standard_errors: Mapping[str, float]
    log_likelihood: float


def form_card(fit: Fit | MarginFit) -> FormCard:
    """Return the card of a fitted form."""
    return FormCard(
        form=fit.model.form,
        parameters=fit.parameters,
        standard_errors=fit.standard_errors,
        log_likelihood=fit.log_likelihood,
    )


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """All that is known of a value model.

    Attributes
    ----------
    model_id, form, as_of, horizon_days, data_hash
        Which model this is, and what it learned from.
    n_people, n_repeaters, n_purchase_days, n_cells, grain_days
        The data: known customers, those with more than one purchase day, purchase days, distinct histories.
    margin_rate
        Share of net sales taken as margin where the cost is unknown.
    memory
        Weight of orders older than a quarter.
    forms
        Every form on all data, the chosen one first.
    margin
        Gamma-Gamma.
    margin_correlation, not_positive_rate
        See `MarginFit`.
    backtest
        None where the past was too short for one.
    """

    model_id: str
    form: str
    as_of: datetime
    horizon_days: int
    data_hash: str
    n_people: int
    n_repeaters: int
    n_purchase_days: int
    n_cells: int
    grain_days: int
    margin_rate: float
    memory: float
    forms: Sequence[FormCard]
    margin: FormCard
    margin_correlation: float
    not_positive_rate: float
    backtest: Backtest | None

    def as_data(self) -> dict[str, Any]:
        """Return the card as JSON values."""
        data = asdict(self) | {"as_of": self.as_of.isoformat()}
        if self.backtest is not None:
            data["backtest"]["cut"] = self.backtest.cut.isoformat()
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> ModelCard:
        """Return the card that `as_data` wrote."""
        card = cls(
            **dict(data)
            | {
                "as_of": datetime.fromisoformat(data["as_of"]),
                "forms": [FormCard(**form) for form in data["forms"]],
                "margin": FormCard(**data["margin"]),
                "backtest": None,
            }
        )
        kept = data["backtest"]
        return card if kept is None else replace(card, backtest=_backtest(kept))

    def notes(self) -> list[Sentence]:
        """Return what a reader must know before trusting the numbers, worst first."""
        return [*_backtest_notes(self.backtest), *self._data_notes()]

    def _data_notes(self) -> list[Sentence]:
        """Return notes on the data, each beside the measure that brings it up."""
        remarks = [
            (
                abs(self.margin_correlation) > TOLERATED_CORRELATION,
                text(
                    "Who buys more often has other margins per purchase day (correlation {correlation:.2f}). The "
                    "margin model assumes no relation, so margins of the most frequent customers are biased."
                ),
                {"correlation": self.margin_correlation},
            ),
            (
                self.not_positive_rate > TOLERATED_NOT_POSITIVE,
                text(
                    "{share:.0%} of the customers brought no positive margin (returns, sales at a loss). The "
                    "margin model learned from the others."
                ),
                {"share": self.not_positive_rate},
            ),
            (
                self.memory < 1,
                text(
                    "Customers of this shop change: orders older than 13 weeks count only {memory:.0%} as "
                    "evidence on the present rate of buying."
                ),
                {"memory": self.memory},
            ),
        ]
        return [Sentence(template, values) for holds, template, values in remarks if holds]


_CLOSER_RULE = {
    "orders": text('On orders the rule "{rule}" came closer to the truth than the model.'),
    "margin": text('On margins the rule "{rule}" came closer to the truth than the model.'),
}
_BIAS = {
    "orders": text(
        "Total orders came out {bias_rate:+.0%} against the truth; treat totals with this caution."
    ),
    "margin": text(
        "Total margin came out {bias_rate:+.0%} against the truth; treat totals with this caution."
    ),
}


def _backtest_notes(backtest: Backtest | None) -> list[Sentence]:
    if backtest is None:
        template = text("The past is too short for a back-test: these predictions are untested in this shop.")
        return [Sentence(template)]
    notes = []
    for measure in MEASURES:
        notes += [
            Sentence(_CLOSER_RULE[measure], {"rule": Sentence(FORECAST_NAMES[rule])})
            for rule in backtest.closer_rules(measure)
        ]
        bias_rate = backtest.error(backtest.chosen, measure=measure).bias_rate
        if abs(bias_rate) > TOLERATED_BIAS:
            notes.append(Sentence(_BIAS[measure], {"bias_rate": bias_rate}))
    low, high = COVERAGE_RANGE
    if not low <= backtest.interval_coverage <= high:
        template = text("The 80% intervals of orders held {coverage:.0%} of the customers.")
        notes.append(Sentence(template, {"coverage": backtest.interval_coverage}))
    return notes


def _backtest(data: Mapping[str, Any]) -> Backtest:
    return Backtest(
        **dict(data)
        | {
            "cut": datetime.fromisoformat(data["cut"]),
            "trials": [FormTrial(**trial) for trial in data["trials"]],
            "errors": [ForecastError(**error) for error in data["errors"]],
            "deciles": [Decile(**decile) for decile in data["deciles"]],
        }
    )
