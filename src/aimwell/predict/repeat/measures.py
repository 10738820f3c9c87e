"""How good probabilities are: ranking, sharpness, and whether they mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy
from scipy.stats import rankdata

from aimwell.predict.value.cells import Array

__all__ = [
    "CalibrationBin",
    "auc",
    "brier",
    "calibration",
    "calibration_error",
    "chance_calibration_error",
    "deviances",
    "is_clearly_less",
    "log_loss",
    "log_losses",
]

N_BINS = 10
_SURE = 1e-6


@dataclass(frozen=True, kw_only=True)
class CalibrationBin:
    """A tenth of the people by probability: how many, what was said on average, and what share came."""

    n_people: int
    said: float
    came: float


def auc(outcome: Array, score: Array) -> float | None:
    """Return the share of pairs (came, did not come) that the score orders rightly, ties half; None without both.

    References
    ----------
    Hanley, McNeil (1982), The meaning and use of the area under a receiver operating characteristic (ROC) curve, Radiology 143(1).
    """
    n_came = float(outcome.sum())
    n_not = len(outcome) - n_came
    if n_came == 0 or n_not == 0:
        return None
    ranks = rankdata(score)
    return float((ranks[outcome > 0].sum() - n_came * (n_came + 1) / 2) / (n_came * n_not))


def log_loss(outcome: Array, prob: Array) -> float:
    """Return the mean negative log-probability of what happened, in nats."""
    return float(np.mean(log_losses(outcome, prob)))


def log_losses(outcome: Array, prob: Array) -> Array:
    """Return the negative log-probability of what each did, in nats."""
    sure = np.clip(prob, _SURE, 1 - _SURE)
    return np.asarray(-np.where(outcome > 0, np.log(sure), np.log(1 - sure)))


def brier(outcome: Array, prob: Array) -> float:
    """Return the mean squared difference of probability and outcome."""
    return float(np.mean((prob - outcome) ** 2))


def calibration(outcome: Array, prob: Array) -> list[CalibrationBin]:
    """Return tenths of the people, by probability."""
    parts = np.array_split(np.argsort(prob, kind="stable"), N_BINS)
    return [
        CalibrationBin(n_people=len(p), said=float(prob[p].mean()), came=float(outcome[p].mean()))
        for p in parts
        if len(p)
    ]


def calibration_error(outcome: Array, prob: Array) -> float:
    """Return the expected calibration error over ten bins of equal size.

    References
    ----------
    Naeini, Cooper, Hauskrecht (2015), Obtaining well calibrated probabilities using Bayesian binning, AAAI.
    """
    bins = calibration(outcome, prob)
    return sum(b.n_people * abs(b.said - b.came) for b in bins) / max(len(outcome), 1)


def chance_calibration_error(prob: Array) -> float:
    """Return what `calibration_error` would be on average by chance alone, if every probability were exactly right.

    Of a bin the share that comes then lies around the mean probability with the standard deviation of a sum of independent draws, and the mean
    absolute value of a normal variable is sqrt(2 / pi) standard deviations.
    """
    parts = np.array_split(np.argsort(prob, kind="stable"), N_BINS)
    off = sum(float(np.sqrt(np.sum(prob[part] * (1 - prob[part])))) for part in parts)
    return float(np.sqrt(2 / np.pi) * off / max(len(prob), 1))


def deviances(outcome: Array, mean: Array) -> Array:
    """Return Poisson deviances, a proper score of a mean of what is never negative."""
    return np.asarray(2 * (xlogy(outcome, outcome / mean) - outcome + mean))


def is_clearly_less(mine: Array, theirs: Array) -> bool:
    """Return whether losses of the same people are less on average by more than the standard error of the difference."""
    saved = theirs - mine
    return bool(saved.mean() > saved.std() / np.sqrt(len(saved)))
