"""The model card: what a repeat model learned, how it fared from earlier days, and where it should not be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from aimwell.base.words import Sentence, text
from aimwell.predict.repeat.model import RepeatModel
from aimwell.predict.repeat.trial import FORECASTS, OriginTrial

__all__ = ["HeadCard", "RepeatCard", "head_cards"]

TOLERATED_CALIBRATION_ERROR = 0.05
TOLERATED_BIAS = 0.1
COVERAGE_RANGE = (0.75, 0.85)


@dataclass(frozen=True, kw_only=True)
class HeadCard:
    """How one horizon is answered.

    Attributes
    ----------
    days
        Horizon.
    is_boosted
        Whether trees have a say; else the purchase process answers alone.
    window_days
        The outcomes that the trees learned from.
    n_rows
        Rows that they learned from.
    of_trees, of_process
        Weights of their log-odds.
    """

    days: int
    is_boosted: bool
    window_days: int
    n_rows: int
    of_trees: float
    of_process: float


def head_cards(model: RepeatModel) -> list[HeadCard]:
    """Return how each horizon is answered."""
    return [
        HeadCard(
            days=head.days,
            is_boosted=head.trees is not None,
            window_days=head.window_days,
            n_rows=head.n_rows,
            of_trees=head.blend.of_trees,
            of_process=head.blend.of_process,
        )
        for head in model.heads
    ]


@dataclass(frozen=True, kw_only=True)
class RepeatCard:
    """All that is known of a repeat model.

    Attributes
    ----------
    model_id, form, as_of, horizon_days, data_hash
        Which model this is, and what it learned from.
    n_people, n_drawn, n_days_learned
        Known customers; those drawn to learn from; days to learn from.
    memory
        Weight of orders older than a quarter in the purchase process.
    heads
        How each horizon is answered.
    total_weights
        "orders", "spend": the weight of the trees, 0..1; 0: the purchase process alone.
    trials
        Back-tests, the newest origin first; empty where the past was too short.
    """

    model_id: str
    form: str
    as_of: datetime
    horizon_days: int
    data_hash: str
    n_people: int
    n_drawn: int
    n_days_learned: int
    memory: float
    heads: Sequence[HeadCard]
    total_weights: Mapping[str, float]
    trials: Sequence[OriginTrial]

    def as_data(self) -> dict[str, Any]:
        """Return the card as JSON values."""
        return vars(self) | {
            "as_of": self.as_of.isoformat(),
            "heads": [asdict(head) for head in self.heads],
            "total_weights": dict(self.total_weights),
            "trials": [trial.as_data() for trial in self.trials],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> RepeatCard:
        """Return the card that `as_data` wrote."""
        return cls(
            **dict(data)
            | {
                "as_of": datetime.fromisoformat(data["as_of"]),
                "heads": [HeadCard(**head) for head in data["heads"]],
                "trials": [OriginTrial.from_data(trial) for trial in data["trials"]],
            }
        )

    def notes(self) -> list[Sentence]:
        """Return what a reader must know before trusting the numbers, worst first."""
        if not self.trials:
            template = text(
                "The past is too short for a back-test: these predictions are untested in this shop."
            )
            return [Sentence(template), *self._answers()]
        notes = [note for trial in self.trials for note in (*_losses(trial), *_doubts(trial))]
        return [*notes, *self._answers()]

    def _answers(self) -> list[Sentence]:
        """Say which horizons the process answers alone, and which were never seen in full."""
        alone = [head.days for head in self.heads if not head.is_boosted]
        carried = [head for head in self.heads if head.window_days < head.days]
        notes = []
        if alone:
            template = text(
                "Within {days} days the purchase process answers alone: boosted trees did not beat it out of time, or had too "
                "little to learn from."
            )
            notes.append(Sentence(template, {"days": ", ".join(str(days) for days in alone)}))
        for head in carried:
            template = text(
                "The past holds too few whole horizons of {days} days: the trees learned from {window_days} days, and the purchase "
                "process carries them on. That is untested in this shop."
            )
            notes.append(Sentence(template, {"days": head.days, "window_days": head.window_days}))
        return notes


def _losses(trial: OriginTrial) -> list[Sentence]:
    """Name every rule that did better than the model."""
    notes = []
    for error in (e for e in trial.heads if e.forecast != "model"):
        mine = trial.error(error.days, "model")
        if mine is None or mine.log_loss is None:
            continue
        is_sharper = error.log_loss is not None and error.log_loss < mine.log_loss
        is_better_order = error.auc is not None and mine.auc is not None and error.auc > mine.auc
        if is_sharper or is_better_order:
            template = text(
                'From {origin} on, within {days} days, "{rule}" was better than the model (log-loss {log_losses}, AUC {aucs}).'
            )
            values = {
                "origin": trial.origin_on.isoformat(),
                "days": error.days,
                "rule": Sentence(FORECASTS[error.forecast]),
                "log_losses": _pair(error.log_loss, mine.log_loss),
                "aucs": _pair(error.auc, mine.auc),
            }
            notes.append(Sentence(template, values))
    return notes


def _doubts(trial: OriginTrial) -> list[Sentence]:
    notes = []
    for error in (e for e in trial.heads if e.forecast == "model"):
        if error.calibration_error is not None and error.calibration_error > TOLERATED_CALIBRATION_ERROR:
            template = text(
                "From {origin} on, probabilities within {days} days were off by {error:.1%} on average ({chance:.1%} would be chance): "
                "{said:.0%} were expected, {came:.0%} came."
            )
            values = {"origin": trial.origin_on.isoformat(), "days": error.days}
            values |= {"error": error.calibration_error, "said": error.said, "came": error.came}
            values |= {"chance": error.chance_error or 0.0}
            notes.append(Sentence(template, values))
    notes += [
        Sentence(_BIAS[total.measure], {"bias_rate": total.bias_rate})
        for total in trial.totals
        if total.forecast == "model" and abs(total.bias_rate) > TOLERATED_BIAS
    ]
    low, high = COVERAGE_RANGE
    if not low <= trial.coverage <= high:
        template = text(
            "From {origin} on, the 80% intervals of the next date held {coverage:.0%} of the customers."
        )
        notes.append(Sentence(template, {"origin": trial.origin_on.isoformat(), "coverage": trial.coverage}))
    return notes


_BIAS = {
    "orders": text(
        "Total orders came out {bias_rate:+.0%} against the truth; treat totals with this caution."
    ),
    "spend": text("Total spend came out {bias_rate:+.0%} against the truth; treat totals with this caution."),
}


def _pair(theirs: float | None, mine: float | None) -> str:
    return " / ".join("–" if value is None else f"{value:.3f}" for value in (theirs, mine))
