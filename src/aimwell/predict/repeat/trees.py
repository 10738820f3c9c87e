"""Boosted trees: small LightGBM ensembles, kept as the text that LightGBM writes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import lightgbm as lgb
import numpy as np

from aimwell.predict.value.cells import Array

__all__ = ["Objective", "grow", "raw_scores"]

Objective = Literal["binary", "poisson"]

# Few people decide little: shallow trees, large leaves, slow steps, and every tree sees half of the features.
_SHAPE: dict[str, Any] = {
    "learning_rate": 0.04,
    "num_leaves": 6,
    "lambda_l2": 10.0,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 63,
    "verbose": -1,
    "num_threads": 1,  # so that results are the same on every machine
    "deterministic": True,
    "force_row_wise": True,
}
_LEAF_ROWS = 100
_LEAF_SHARE = 0.005


def grow(
    features: Array,
    outcome: Array,
    *,
    objective: Objective,
    n_trees: int,
    seed: int,
    offset: Array | None = None,
) -> str:
    """Grow an ensemble and return its text.

    Parameters
    ----------
    features, outcome
        (n, d) and (n,).
    objective
        What the raw scores are: log-odds, or the logarithm of a mean.
    n_trees, seed
        How many, and what their randomness starts from.
    offset
        (n,) raw scores from which the trees start; they learn what is missing.
    """
    leaf = max(_LEAF_ROWS, int(_LEAF_SHARE * len(outcome)))
    shape = _SHAPE | {"objective": objective, "min_data_in_leaf": leaf, "seed": seed}
    data = lgb.Dataset(features, outcome, init_score=offset, free_raw_data=False)
    return str(lgb.train(shape, data, num_boost_round=n_trees).model_to_string())


def raw_scores(text: str, features: Array) -> Array:
    """Return the raw score of each row, without the offset."""
    return np.asarray(_booster(text).predict(features, raw_score=True, num_threads=1), dtype=np.float64)


@lru_cache(maxsize=128)
def _booster(text: str) -> lgb.Booster:
    return lgb.Booster(model_str=text)
