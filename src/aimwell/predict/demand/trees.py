"""One LightGBM model for all series: units relative to each series' level, with the Tweedie loss of many zeros."""

from __future__ import annotations

from typing import Any

import lightgbm as lgb
import numpy as np

from aimwell.predict.demand.features import MIN_HISTORY_DAYS, features, levels
from aimwell.predict.demand.panel import Array, Panel

__all__ = ["grow", "tree_forecast"]

_N_TREES = 120
_N_MOMENTS = 12
_STEP_DAYS = 7
_CEILING = 1.5
_MAX_ROWS = 340_000  # keeps growing within seconds, whatever the number of series
_SHAPE: dict[str, Any] = {
    "objective": "tweedie",
    "tweedie_variance_power": 1.2,
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 63,
    "lambda_l2": 5.0,
    "verbose": -1,
    "num_threads": 1,  # so that results are the same on every machine
    "deterministic": True,
    "force_row_wise": True,
}


def grow(panel: Panel, *, horizon_days: int, country: str, seed: int) -> str:
    """Return the trees as text, grown on up to twelve past moments, a week apart, whose horizons lie inside the panel.

    A row weighs as the squared ratio of the series' level and its usual jump from day to day: large relative jumps tell little.
    """
    inputs, targets, weights = [], [], []
    every = max(1, -(-len(panel.keys) * horizon_days * _N_MOMENTS // _MAX_ROWS))
    for number in range(_N_MOMENTS):
        end = panel.n_days - horizon_days - _STEP_DAYS * number
        if end < MIN_HISTORY_DAYS:
            break
        past = panel.until(end)
        level = levels(past)
        jump = np.mean(np.diff(past.units, axis=1) ** 2, axis=1) + 0.05
        rows = slice(number % every, None, every)  # of many series each moment shows others
        inputs.append(features(past, horizon_days=horizon_days, country=country)[rows])
        targets.append((panel.units[:, end : end + horizon_days] / level[:, None]).ravel()[rows])
        is_open = panel.is_open(end, horizon_days)  # what a closed day was filled with teaches nothing
        weights.append(np.outer(level**2 / jump, is_open).ravel()[rows])
    target = np.maximum(np.concatenate(targets), 0.0)
    shape = _SHAPE | {"seed": seed, "min_data_in_leaf": min(200, max(1, len(target) // 20))}
    data = lgb.Dataset(np.concatenate(inputs), label=target, weight=np.concatenate(weights))
    return str(lgb.train(shape, data, num_boost_round=_N_TREES).model_to_string())


def tree_forecast(trees: str, panel: Panel, *, horizon_days: int, country: str) -> Array:
    """Return (series, horizon_days): expected units on each day after the panel, at most `_CEILING` times the best week seen.

    Tweedie trees predict logarithms: of a series that hardly sells, a small step there can be a large number of units.
    """
    inputs = features(panel, horizon_days=horizon_days, country=country)
    found = np.asarray(lgb.Booster(model_str=trees).predict(inputs, num_threads=1), dtype=np.float64)
    units = found.reshape(-1, horizon_days) * levels(panel)[:, None]
    return np.asarray(np.minimum(units, _CEILING * _best_week(panel.units)[:, None]))


def _best_week(units: Array) -> Array:
    """Return (series,): the highest mean of seven days in a row."""
    summed = np.cumsum(np.pad(units, ((0, 0), (1, 0))), axis=1)
    days = min(7, units.shape[1])
    return np.asarray((summed[:, days:] - summed[:, :-days]).max(axis=1) / days)
