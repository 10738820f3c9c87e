"""Survey against census: how far a classical sample survey would have been from the full data.

A shop that asks 500 customers draws 500 at random and takes their mean for everybody's. Here everybody's is known, so the
survey can be held many times and each time compared. Samples are drawn without replacement from the people's places in
order of their id, by NumPy's PCG64 from a seed, so the same seed asks the same people on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

__all__ = ["Survey", "SurveyLine", "draws", "survey_line"]


@dataclass(frozen=True, kw_only=True)
class SurveyLine:
    """How well surveys of one size tell one number.

    Attributes
    ----------
    name
        The trait (its mean over the people who have it) or the segment (its share, 0..1).
    census
        The number over everybody.
    error_median, error_95, error_worst
        Half of the surveys were off by at most this, 95 of 100 by at most this, the worst by this; in the number's unit.
    relative_median, relative_95, relative_worst
        The same over the census number; None where that is 0.
    n_silent
        Surveys that asked nobody who has the trait.
    """

    name: str
    kind: Literal["trait", "segment"]
    census: float
    error_median: float
    error_95: float
    error_worst: float
    relative_median: float | None
    relative_95: float | None
    relative_worst: float | None
    n_silent: int


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Repeated surveys of one size against the census of a snapshot."""

    as_of: datetime
    n_people: int
    size: int
    repeats: int
    seed: int
    lines: tuple[SurveyLine, ...]


def draws(*, n_people: int, size: int, repeats: int, seed: int) -> np.ndarray:
    """Return the places asked: `repeats` rows of `size` different numbers in [0, n_people)."""
    rng = np.random.default_rng(seed)
    return np.stack([rng.choice(n_people, size, replace=False, shuffle=False) for _ in range(repeats)])


def survey_line(
    answers: np.ndarray, *, name: str, kind: Literal["trait", "segment"], census: float
) -> SurveyLine:
    """Return the errors of surveys about one number.

    Parameters
    ----------
    answers
        One row per survey, one column per person asked; nan: the person has no such value.
    name, kind
        What was asked.
    census
        The true mean.

    Examples
    --------
    >>> line = survey_line(np.array([[1.0, 3.0], [4.0, 6.0]]), name="x", kind="trait", census=4.0)
    >>> line.error_worst, line.relative_worst
    (2.0, 0.5)
    """
    n_told = np.sum(~np.isnan(answers), axis=1)
    told = np.nansum(answers, axis=1)[n_told > 0] / n_told[n_told > 0]
    errors = np.abs(told - census)
    median, most, worst = (
        (float(e) for e in np.quantile(errors, [0.5, 0.95, 1.0])) if len(errors) else (np.nan,) * 3
    )
    scale = abs(census)
    return SurveyLine(
        name=name,
        kind=kind,
        census=census,
        error_median=median,
        error_95=most,
        error_worst=worst,
        relative_median=median / scale if scale else None,
        relative_95=most / scale if scale else None,
        relative_worst=worst / scale if scale else None,
        n_silent=int(np.sum(n_told == 0)),
    )
