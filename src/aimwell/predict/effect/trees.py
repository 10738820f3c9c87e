"""Tree parts: small LightGBM ensembles, kept as the text that LightGBM writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lightgbm as lgb
import numpy as np

from aimwell.predict.effect.measured import Array

__all__ = ["Trees", "grow"]

# Effects are small beside the noise: shallow trees, large leaves, slow steps.
_SHAPE: dict[str, Any] = {
    "learning_rate": 0.05,
    "num_leaves": 8,
    "lambda_l2": 10.0,
    "max_bin": 63,
    "verbose": -1,
    "num_threads": 1,  # so that results are the same on every machine
    "deterministic": True,
    "force_row_wise": True,
}
_LEAF_SHARE = 0.01  # of the rows, at least
_LEAF_ROWS = 50


@dataclass(frozen=True)
class Trees:
    """An ensemble of trees, as text."""

    text: str

    @cached_property
    def _booster(self) -> lgb.Booster:
        return lgb.Booster(model_str=self.text)

    def predict(self, features: Array) -> Array:
        """Return the prediction for each row: a probability for outcomes of 0 and 1."""
        return np.asarray(self._booster.predict(features, num_threads=1), dtype=np.float64)

    def as_data(self) -> dict[str, Any]:
        """Return the ensemble as JSON values."""
        return {"kind": "trees", "text": self.text}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Trees:
        """Return the ensemble that `as_data` wrote."""
        return cls(text=data["text"])


def grow(features: Array, outcome: Array, *, is_binary: bool, n_trees: int, seed: int) -> Trees:
    """Grow an ensemble.

    Parameters
    ----------
    features, outcome
        (n, d) and (n,).
    is_binary
        Whether the outcome is 0 or 1 and a probability is wanted.
    n_trees, seed
        How many, and what their randomness starts from.
    """
    leaf = max(_LEAF_ROWS, int(_LEAF_SHARE * len(outcome)))
    shape = _SHAPE | {
        "objective": "binary" if is_binary else "regression",
        "min_data_in_leaf": min(leaf, max(1, len(outcome) // 4)),
        "seed": seed,
    }
    booster = lgb.train(shape, lgb.Dataset(features, outcome, free_raw_data=False), num_boost_round=n_trees)
    return Trees(booster.model_to_string())
