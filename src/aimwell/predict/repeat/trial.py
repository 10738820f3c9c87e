"""The back-test: from earlier days of the shop, what the model would have said, beside naive rules and what then happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from aimwell.base.words import text
from aimwell.predict.repeat.frames import Frame
from aimwell.predict.repeat.learn import learn
from aimwell.predict.repeat.measures import (
    CalibrationBin,
    auc,
    brier,
    calibration,
    calibration_error,
    chance_calibration_error,
    log_loss,
)
from aimwell.predict.repeat.model import Predictions, RepeatModel
from aimwell.predict.repeat.next_date import HIGH, LOW, coverage
from aimwell.predict.repeat.process import View
from aimwell.predict.repeat.tables.features import FEATURES
from aimwell.predict.repeat.totals import VALUE_DAYS, Measure, base
from aimwell.predict.value.cells import Array

__all__ = ["FORECASTS", "HeadError", "OriginTrial", "TotalError", "origins", "try_origin"]

ORIGINS_DAYS = (30, 91)
FORECASTS = {
    "model": text("this model"),
    "process": text("purchase process alone (MBG/NBD)"),
    "last_period": text("repeat last period"),
    "recency": text("who bought last comes first"),
}


@dataclass(frozen=True, kw_only=True)
class HeadError:
    """How good one forecast of "orders within so many days" was.

    Attributes
    ----------
    days, forecast
        The question; a name of `FORECASTS`.
    said, came
        Mean probability, and share of people who came; `said` and all but the ranking are None where a rule gives no
        probabilities.
    auc
        None where all came, or nobody.
    log_loss, brier, calibration_error
        Smaller is better.
    chance_error
        What the calibration error would be by chance alone; None on cards of earlier versions, and where there are no probabilities.
    """

    days: int
    forecast: str
    said: float | None
    came: float
    auc: float | None
    log_loss: float | None
    brier: float | None
    calibration_error: float | None
    chance_error: float | None = None


@dataclass(frozen=True, kw_only=True)
class TotalError:
    """How far expected orders (purchase days) or spend (minor units) within `VALUE_DAYS` were from the truth, per person."""

    measure: Measure
    forecast: str
    predicted: float
    actual: float
    mae: float
    rmse: float
    bias_rate: float


@dataclass(frozen=True, kw_only=True)
class OriginTrial:
    """One origin: a model that saw only what was before, and what happened from then on.

    Attributes
    ----------
    origin_on
        The day from which it predicted.
    seen_days
        Days of truth.
    n_people
        People on trial.
    memory
        Weight of old orders that it chose.
    boosted_days
        Horizons at which its trees had a say.
    heads, totals
        Errors of all forecasts whose truth was seen in full.
    calibration
        Tenths of the people, per horizon.
    coverage
        Share inside the 80 % interval of the next date, exact for whole days; see `next_date.coverage`. The intervals end at
        the longest horizon seen.
    complete_rate, inside_rate
        Share of people whose interval has an end within the days seen, and of those the share who came between its ends.
    """

    origin_on: date
    seen_days: int
    n_people: int
    memory: float
    boosted_days: Sequence[int]
    heads: Sequence[HeadError]
    totals: Sequence[TotalError]
    calibration: Mapping[int, Sequence[CalibrationBin]]
    coverage: float
    complete_rate: float
    inside_rate: float | None

    def error(self, days: int, forecast: str) -> HeadError | None:
        """Return the errors of one forecast at one horizon; None where it was not on trial."""
        return next((e for e in self.heads if (e.days, e.forecast) == (days, forecast)), None)

    def total(self, measure: Measure, forecast: str) -> TotalError | None:
        """Return the errors of one forecast of totals; None where it was not on trial."""
        return next((e for e in self.totals if (e.measure, e.forecast) == (measure, forecast)), None)

    def as_data(self) -> dict[str, Any]:
        """Return the trial as JSON values."""
        return vars(self) | {
            "origin_on": self.origin_on.isoformat(),
            "boosted_days": list(self.boosted_days),
            "heads": [vars(one) for one in self.heads],
            "totals": [vars(one) for one in self.totals],
            "calibration": {str(days): [vars(b) for b in bins] for days, bins in self.calibration.items()},
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> OriginTrial:
        """Return the trial that `as_data` wrote."""
        return cls(
            **dict(data)
            | {
                "origin_on": date.fromisoformat(data["origin_on"]),
                "heads": [HeadError(**one) for one in data["heads"]],
                "totals": [TotalError(**one) for one in data["totals"]],
                "calibration": {
                    int(days): [CalibrationBin(**one) for one in bins]
                    for days, bins in data["calibration"].items()
                },
            }
        )


def origins(present: Frame, past: Sequence[Frame], *, horizon_days: int) -> list[Frame]:
    """Return the days from which a model is tried, the newest first: 30 and 91 days ago, and the horizon where the past allows."""
    wanted = {*ORIGINS_DAYS, horizon_days}
    return [frame for frame in past if (present.cut_on - frame.cut_on).days in wanted]


def try_origin(
    origin: Frame, past: Sequence[Frame], *, present_on: date, horizon_days: int, seed: int
) -> OriginTrial:
    """Learn a model with the eyes of one day and lay it beside what happened.

    Parameters
    ----------
    origin
        The people of that day and what they did then.
    past
        Days to learn from; later ones are not looked at.
    present_on
        The truth is known before this day.
    horizon_days, seed
        As for `learn`.
    """
    model = learn(origin, past, horizon_days=horizon_days, seed=seed)
    earlier = [frame for frame in past if frame.cut_on < origin.cut_on]
    seen_days = (present_on - origin.cut_on).days
    days = [head.days for head in model.heads if head.days <= seen_days]
    view, plain = (
        origin.view(memory=memory, within_days=model.within_days, orders_days=(VALUE_DAYS,))
        for memory in (model.memory, 1.0)
    )
    predicted = model.predict(origin.features, view)
    has_totals = seen_days >= VALUE_DAYS
    k = len(days)
    low, high = predicted.next_days(LOW), predicted.next_days(HIGH)
    is_complete = high <= days[-1] if k else np.zeros(len(origin), dtype=bool)
    is_inside = (low <= origin.next_days) & (origin.next_days <= high)
    return OriginTrial(
        origin_on=origin.cut_on,
        seen_days=seen_days,
        n_people=len(origin),
        memory=model.memory,
        boosted_days=_boosted(model, seen_days),
        heads=[e for d in days for e in _head_errors(origin, earlier, predicted, plain, days=d)],
        totals=_total_errors(origin, predicted, plain) if has_totals else [],
        calibration={d: calibration(origin.came(d), predicted.prob(d)) for d in days},
        coverage=coverage(predicted.hazard[:, :k], days, origin.next_days),
        complete_rate=float(is_complete.mean()),
        inside_rate=float(is_inside[is_complete].mean()) if is_complete.any() else None,
    )


def _boosted(model: RepeatModel, seen_days: int) -> list[int]:
    return [head.days for head in model.heads if head.trees is not None and head.days <= seen_days]


def _head_errors(
    origin: Frame, earlier: Sequence[Frame], predicted: Predictions, plain: View, *, days: int
) -> list[HeadError]:
    came = origin.came(days)
    known = [frame for frame in earlier if frame.is_seen(days, until=origin.cut_on)]
    rate = float(known[0].came(days).mean()) if known else None
    errors = [
        _head_error("model", days, came, predicted.prob(days)),
        _head_error("process", days, came, plain.within[days]),
    ]
    if rate is not None:
        errors.append(_head_error("last_period", days, came, np.full(len(came), rate)))
    silence = origin.features[:, FEATURES.index("since_days")]
    errors.append(
        HeadError(
            days=days,
            forecast="recency",
            said=None,
            came=float(came.mean()),
            auc=auc(came, -silence),
            log_loss=None,
            brier=None,
            calibration_error=None,
        )
    )
    return errors


def _head_error(forecast: str, days: int, came: Array, prob: Array) -> HeadError:
    return HeadError(
        days=days,
        forecast=forecast,
        said=float(prob.mean()),
        came=float(came.mean()),
        auc=auc(came, prob),
        log_loss=log_loss(came, prob),
        brier=brier(came, prob),
        calibration_error=calibration_error(came, prob),
        chance_error=chance_calibration_error(prob),
    )


def _total_errors(origin: Frame, predicted: Predictions, plain: View) -> list[TotalError]:
    last = {"orders": "n_91d", "spend": "spend_91d"}
    said: dict[Measure, Array] = {"orders": predicted.orders, "spend": predicted.spend_minor}
    came: dict[Measure, Array] = {"orders": origin.orders[VALUE_DAYS], "spend": origin.spend[VALUE_DAYS]}
    errors = []
    for measure, mine in said.items():
        rivals = {
            "model": mine,
            "process": base(measure, plain, days=VALUE_DAYS),
            "last_period": origin.features[:, FEATURES.index(last[measure])],
        }
        errors += [_total_error(measure, name, came[measure], values) for name, values in rivals.items()]
    return errors


def _total_error(measure: Measure, forecast: str, came: Array, said: Array) -> TotalError:
    predicted, actual = float(said.sum()), float(came.sum())
    return TotalError(
        measure=measure,
        forecast=forecast,
        predicted=predicted,
        actual=actual,
        mae=float(np.abs(said - came).mean()),
        rmse=float(np.sqrt(np.mean((said - came) ** 2))),
        bias_rate=(predicted - actual) / actual if actual else 0.0,
    )
