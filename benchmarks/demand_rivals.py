"""Rivals of the demand benchmarks, of `statsforecast` (extra `bench`), and how forecasts of series are measured."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

LEVELS = (0.1, 0.5, 0.9)
MIN_PERIODS = 20


@dataclass(frozen=True)
class Said:
    """A forecast: (series, ahead) each; the ends of the 80 % interval. NaN where it says nothing."""

    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray


def rivals(*, is_full: bool) -> dict[str, Callable[[int], Any]]:
    """Return what makes each model, given the periods of a season; AutoARIMA only in a full run."""
    if find_spec("statsforecast") is None:
        print("statsforecast is not installed: its models are left out.")
        return {}
    from statsforecast import models

    found: dict[str, Callable[[int], Any]] = {
        "seasonal naive": lambda season: models.SeasonalNaive(season),
        "AutoTheta": lambda season: models.AutoTheta(season_length=season),
        "AutoETS": lambda season: models.AutoETS(season_length=season),
    }
    slow = {"AutoARIMA": lambda season: models.AutoARIMA(season_length=season)}
    return found | slow if is_full else found


def foretell(
    make: Callable[[int], Any], history: np.ndarray, *, ahead: int, season: int, seconds: float
) -> tuple[Said, float]:
    """Let a model foretell each series in turn, and return also the seconds it took; what is not done in time stays NaN."""
    found = np.full((3, len(history), ahead), np.nan)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number, row in enumerate(history):
            known = row[np.isfinite(row)]
            if time.perf_counter() - start > seconds:
                break
            if len(known) < max(MIN_PERIODS, 2 * season):
                continue
            said = make(season).forecast(y=known, h=ahead, level=[80])
            found[:, number] = said["mean"], said["lo-80"], said["hi-80"]
    return Said(*np.maximum(found, 0.0)), time.perf_counter() - start


def mean_of(said: list[Said]) -> Said:
    """Return the mean of forecasts, and of the ends of their intervals."""
    return Said(
        *(np.mean([getattr(one, name) for one in said], axis=0) for name in ("expected", "low", "high"))
    )


def losses(
    history: np.ndarray, truth: np.ndarray, said: Said, *, season: int
) -> tuple[float, float, float, int]:
    """Return MASE, weighted scaled pinball loss, share inside the 80 % interval, and of how many series.

    Errors are relative to the mean absolute change from season to season before (from period to period without a season). MASE is the mean
    over series; the pinball loss is that of the 10th, 50th and 90th of 100, a series' weight is what it sold in the last season, or eight periods.
    """
    usual = np.nanmean(np.abs(history[:, season:] - history[:, :-season]), axis=1)
    known = np.isfinite(said.expected).all(axis=1) & np.isfinite(said.low).all(axis=1) & (usual > 0)
    usual, truth = usual[known], truth[known]
    low, expected, high = said.low[known], said.expected[known], said.high[known]
    mase = np.mean(np.abs(truth - expected).mean(axis=1) / usual)
    pinball = [
        np.maximum(level * (truth - one), (level - 1) * (truth - one)).mean(axis=1) / usual
        for level, one in zip(LEVELS, (low, expected, high), strict=True)
    ]
    weights = np.nansum(history[known, -max(season, 8) :], axis=1)
    weighted = np.average(2 * np.mean(pinball, axis=0), weights=weights)
    return float(mase), float(weighted), float(np.mean((truth >= low) & (truth <= high))), int(known.sum())
