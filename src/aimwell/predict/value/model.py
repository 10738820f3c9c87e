"""What value knows of a shop: the fitted models, how they fared against the truth, and when it declines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import numpy as np

from aimwell.base.words import text
from aimwell.predict.value.bgnbd import BGNBD
from aimwell.predict.value.forms import Fit, PurchaseForm
from aimwell.predict.value.gamma_gamma import GammaGamma, MarginFit
from aimwell.predict.value.mbgnbd import MBGNBD
from aimwell.predict.value.pareto_nbd import ParetoNBD

__all__ = [
    "BASELINES",
    "FAMILY",
    "FORECAST_NAMES",
    "FORMS",
    "MEASURES",
    "Backtest",
    "Decile",
    "ForecastError",
    "FormTrial",
    "Measure",
    "ValueModel",
]

FAMILY = "value"
Measure = Literal["orders", "margin"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
FORMS: dict[str, type[PurchaseForm]] = {kind.form: kind for kind in (BGNBD, MBGNBD, ParetoNBD)}
BASELINES = ("last_period", "rate", "segment_mean")

FORECAST_NAMES = {
    **{kind.form: kind.name for kind in (BGNBD, MBGNBD, ParetoNBD, GammaGamma)},
    "last_period": text("repeat last period"),
    "rate": text("each one's average rate"),
    "segment_mean": text("mean of recency x frequency segment"),
}


@dataclass(frozen=True, kw_only=True)
class ForecastError:
    """How far one forecast was from the truth.

    Attributes
    ----------
    forecast
        Name of a form or of a naive rule.
    measure
        "orders" (purchase days) or "margin" (minor units); totals and errors are in it.
    predicted, actual
        Totals over all people.
    mae, rmse
        Mean absolute and root mean square error per person.
    bias_rate
        (predicted - actual) / actual; 0 where nothing happened.
    correlation
        Between forecast and truth over people; 0 where one does not vary.
    """

    forecast: str
    measure: Measure
    n_people: int
    predicted: float
    actual: float
    mae: float
    rmse: float
    bias_rate: float
    correlation: float


@dataclass(frozen=True, kw_only=True)
class Decile:
    """A tenth of the people, ordered by forecast (1: highest): mean forecast and mean truth per person."""

    measure: Measure
    decile: int
    n_people: int
    predicted: float
    actual: float


@dataclass(frozen=True, kw_only=True)
class FormTrial:
    """One form on its trial out of time.

    Attributes
    ----------
    form
        Name.
    log_score
        Mean log-probability that it gave to what people then did; higher is better, nats.
    memory
        Weight of orders older than a quarter that scored best; 1: customers do not change.
    log_likelihood
        On the data before the cut.
    failure
        Why it could not be fitted, or None.
    """

    form: str
    log_score: float | None = None
    memory: float = 1.0
    log_likelihood: float | None = None
    failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What the models would have said one horizon ago, and what then happened.

    Attributes
    ----------
    cut, horizon_days
        Models saw what happened before `cut` (naive UTC); the truth is what happened in the `horizon_days`
        from it.
    n_people
        People known at the cut.
    chosen
        The form with the highest log-score.
    trials, errors, deciles
        All forms; all forecasts by both measures; the chosen form's tenths by both measures.
    interval_coverage
        Share of people inside the 80 % interval of orders, exact for counts: a person whose outcome straddles
        an end of the interval counts in part (non-randomised probability integral transform).
    orders_inside_rate, margin_inside_rate
        Plain shares inside the stated intervals; counts are lumpy, so the first is above 80 % by nature.
    """

    cut: datetime
    horizon_days: int
    n_people: int
    chosen: str
    trials: Sequence[FormTrial]
    errors: Sequence[ForecastError]
    deciles: Sequence[Decile]
    interval_coverage: float
    orders_inside_rate: float
    margin_inside_rate: float

    def error(self, forecast: str, *, measure: Measure) -> ForecastError:
        """Return the errors of one forecast."""
        return next(e for e in self.errors if (e.forecast, e.measure) == (forecast, measure))

    def closer_rules(self, measure: Measure) -> list[str]:
        """Return the naive rules with a smaller absolute and a smaller squared error than the chosen form."""
        mine = self.error(self.chosen, measure=measure)
        rules = [e for e in self.errors if e.measure == measure and e.forecast in BASELINES]
        return [e.forecast for e in rules if e.mae < mine.mae and e.rmse < mine.rmse]

    @property
    def memory(self) -> float:
        """Weight of old orders with which the chosen form scored best."""
        return next(t.memory for t in self.trials if t.form == self.chosen)


@dataclass(frozen=True, kw_only=True)
class ValueModel:
    """All that scoring needs.

    Attributes
    ----------
    fit, margin
        Purchases, and margin per purchase day.
    memory
        See `Cells.remembered`.
    horizon_days
        What the scores are over, unless another horizon is asked for.
    grain_days
        Days that counted as one when it was fitted.
    margin_rate
        Share of net sales that was margin where the cost was unknown.
    """

    fit: Fit
    margin: MarginFit
    memory: float
    horizon_days: int
    grain_days: int
    margin_rate: float

    def as_data(self) -> dict[str, Any]:
        """Return the model as JSON values."""
        fit, margin = asdict(self.fit), asdict(self.margin)
        return {
            "fit": fit | {"model": self.fit.model.form} | _lists(fit),
            "margin": margin | {"model": self.margin.model.form} | _lists(margin),
            "memory": self.memory,
            "horizon_days": self.horizon_days,
            "grain_days": self.grain_days,
            "margin_rate": self.margin_rate,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> ValueModel:
        """Return the model that `as_data` wrote."""
        fit = data["fit"] | _arrays(data["fit"])
        margin = data["margin"] | _arrays(data["margin"])
        return cls(
            fit=Fit(**fit | {"model": FORMS[fit["model"]].from_logs(fit["logs"])}),
            margin=MarginFit(**margin | {"model": GammaGamma.from_logs(margin["logs"])}),
            memory=data["memory"],
            horizon_days=data["horizon_days"],
            grain_days=data["grain_days"],
            margin_rate=data["margin_rate"],
        )


def _lists(fitted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: np.asarray(fitted[name]).tolist() for name in ("logs", "covariance")}


def _arrays(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: np.array(data[name]) for name in ("logs", "covariance")}
