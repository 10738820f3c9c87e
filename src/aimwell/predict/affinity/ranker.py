"""The blend: boosted trees that turn the features of a person and a product into a probability for the next basket."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import lightgbm as lgb
import numpy as np

from aimwell.predict.affinity.arrays import FloatArray
from aimwell.predict.affinity.candidates import FEATURES, Candidates

__all__ = ["N_TREES", "Ranker", "labels", "learn_ranker"]

N_TREES = 100
_MISS_SHARE = (
    0.5  # of candidates that were not bought: the others teach little, and the fit takes half the time
)
_SHAPE: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.07,
    "num_leaves": 15,
    "min_data_in_leaf": 200,
    "lambda_l2": 1.0,
    "max_bin": 127,
    "verbose": -1,
    "num_threads": 1,  # two would give the same trees
    "deterministic": True,
    "force_row_wise": True,
}


@dataclass(frozen=True)
class Ranker:
    """An ensemble of trees, as the text that LightGBM writes."""

    text: str

    @cached_property
    def _booster(self) -> lgb.Booster:
        return lgb.Booster(model_str=self.text)

    def probabilities(self, found: Candidates) -> FloatArray:
        """Return (n,) the probability that each product is in the person's next basket."""
        if not len(found.code):
            return np.zeros(0)
        return np.asarray(self._booster.predict(found.features, num_threads=1))

    @property
    def weights(self) -> dict[str, float]:
        """Each feature's share of the gain of all splits."""
        gain = self._booster.feature_importance("gain")
        total = max(float(gain.sum()), 1e-12)
        return {name: float(g) / total for name, g in zip(FEATURES, gain, strict=True)}


def labels(found: Candidates, basket: tuple[np.ndarray, np.ndarray], *, n_items: int) -> FloatArray:
    """Return 1 for candidates that are in their person's basket (person, code), else 0."""
    bought = basket[0] * n_items + basket[1]
    return np.isin(found.person * n_items + found.code, bought).astype(float)


def learn_ranker(found: Sequence[Candidates], outcomes: Sequence[FloatArray], *, seed: int) -> Ranker:
    """Learn from what came: candidates, and 1 where the product was in the basket.

    Of those that were not in it half is drawn, and weighs twice as much, so that probabilities stay what they are.

    Parameters
    ----------
    found, outcomes
        Of one or more baskets.
    seed
        What randomness starts from.
    """
    outcome = np.concatenate(outcomes)
    is_taught = (outcome > 0) | (np.random.default_rng(seed).random(len(outcome)) < _MISS_SHARE)
    features = np.concatenate([one.features for one in found])[is_taught]
    outcome = outcome[is_taught]
    weight = np.where(outcome > 0, 1.0, 1 / _MISS_SHARE)
    leaf = min(_SHAPE["min_data_in_leaf"], max(1, len(outcome) // 50))
    shape = _SHAPE | {"seed": seed, "min_data_in_leaf": leaf}
    data = lgb.Dataset(features, outcome, weight=weight, feature_name=list(FEATURES))
    return Ranker(lgb.train(shape, data, num_boost_round=N_TREES).model_to_string())
