"""The data of one offer: who was left to chance, with which probability, and what came of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from aimwell.predict.effect.measured import Array

__all__ = ["Experiment", "deal_folds"]


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """People of whom chance decided whether they got an offer; all arrays have one entry per decision.

    Attributes
    ----------
    features
        What was known before the decision, (n, d) numbers; none missing.
    is_treated
        Whether the offer was made.
    propensity
        Probability with which it would have been made, strictly between 0 and 1; known, not estimated.
    outcome
        What the person then brought: profit within the horizon, minor units (or 0 and 1).
    person
        Rows of one person share a number, 0, 1, ... without gaps.
    """

    features: Array
    is_treated: NDArray[np.bool_]
    propensity: Array
    outcome: Array
    person: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.outcome)

    @cached_property
    def is_binary(self) -> bool:
        """Whether the outcome is yes or no."""
        return bool(np.isin(self.outcome, (0.0, 1.0)).all())

    @cached_property
    def data_hash(self) -> str:
        """SHA-256 of all numbers."""
        digest = hashlib.sha256()
        for part in (self.features, self.is_treated, self.propensity, self.outcome, self.person):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Experiment:
        """Return some of the rows; the numbers of persons are closed up."""
        _, person = np.unique(self.person[chosen], return_inverse=True)
        return Experiment(
            features=self.features[chosen],
            is_treated=self.is_treated[chosen],
            propensity=self.propensity[chosen],
            outcome=self.outcome[chosen],
            person=np.asarray(person, dtype=np.int64),
        )


def deal_folds(experiment: Experiment, *, n_folds: int, seed: int) -> NDArray[np.int64]:
    """Return a fold, 0 ... n_folds - 1, for every row: all rows of a person in one, arms and outcomes spread evenly.

    People are dealt out like cards after being laid in order of arm and outcome, equal ones shuffled.
    """
    n_people = int(experiment.person.max()) + 1
    random = np.random.default_rng(seed)
    last = np.zeros(n_people, dtype=np.intp)
    last[experiment.person] = np.arange(len(experiment))
    order = np.lexsort((random.random(n_people), experiment.outcome[last], experiment.is_treated[last]))
    fold = np.empty(n_people, dtype=np.int64)
    # each round of n_folds neighbours gets every fold once, in an order of its own
    rounds = -(-n_people // n_folds)
    deals = random.permuted(np.tile(np.arange(n_folds), (rounds, 1)), axis=1).ravel()
    fold[order] = deals[:n_people]
    return fold[experiment.person]
