"""What Aimwell remembers of its months, and what it makes of it: `predict/effect` on own orders (see `steady`).

Offers that differ only by what they are about are learned together: what one shelf's offer does to people who like the shelf, the
other's does too. So each has the data of all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.loop.model import Terms
from aimwell.learn.loop.policies.sight import Sight
from aimwell.predict.effect.choose import EXTREME, Choice, choose
from aimwell.predict.effect.experiment import Experiment

__all__ = ["LEARNED_BY", "Memory"]

LEARNED_BY = (
    "s_linear",
    "t_linear",
    "x_linear",
    "dr_linear",
    "response_linear",
)  # the quick ones of `predict/effect`
_MOST_ROWS = 300_000  # that one kind of offer is learned from
_LEAST_ROWS = 50  # in each arm
_LEAST_ODDS = 0.04  # rows nearer to certainty than this tell next to nothing, loudly

Array = NDArray[np.float64]


class Memory:
    """All decisions with their probabilities, and what came of them.

    Parameters
    ----------
    terms
        The offers.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        kinds: dict[tuple[object, ...], list[int]] = {}
        for place, deal in enumerate(terms.offers):
            kind = (deal.channel, deal.discount_rate, deal.contact_milli)
            kinds.setdefault(kind, []).append(place)
        self._kinds = tuple(tuple(places) for places in kinds.values())
        self._seen: list[Sight] = []
        self._chance: list[NDArray[np.float32]] = []
        self._taken: list[NDArray[np.int64]] = []
        self._brought: list[Array] = []
        self._choices: list[Choice | None] = [None] * len(self._kinds)

    def note(self, seen: Sight, chance: Array, taken: NDArray[np.int64]) -> None:
        """Keep what was known and decided this morning; actions count from 1, 0 is nothing."""
        self._seen.append(seen)
        self._chance.append(chance.astype(np.float32))
        self._taken.append(taken)

    def learn_of(self, brought: Array) -> None:
        """Keep the own orders that followed the last decisions."""
        self._brought.append(brought)

    def relearn(self) -> None:
        """Learn the effect of every kind of offer anew from all months."""
        self._choices = [self._learned(places) for places in self._kinds]

    def gains(self, seen: Sight) -> tuple[Array, Array]:
        """Return the expected gain of every offer on everybody before its cost, and its standard error: (n, K), own orders.

        An offer that could not be learned of gains nothing.
        """
        shape = len(seen.general), len(self._terms.offers)
        gain, error = np.zeros(shape), np.zeros(shape)
        for places, choice in zip(self._kinds, self._choices, strict=True):
            if choice is None:
                continue
            found = choice.calibration
            for place in places:
                features = seen.about(self._terms.offers[place].category).astype(np.float64)
                score = (
                    np.clip(choice.order.of(features), -EXTREME, EXTREME)
                    if choice.is_usable
                    else np.float64(0.0)
                )
                gain[:, place] = found.mean.value + found.spread * score
                error[:, place] = np.sqrt(found.mean.se**2 + found.kept * found.slope.se**2 * score**2)
        return gain, error

    def _learned(self, places: Sequence[int]) -> Choice | None:
        """Return what one kind of offer does, from the rows where chance chose between one of them and nothing."""
        parts = [self._rows(month, place) for month in range(len(self._brought)) for place in places]
        features, treated, odds, brought, person = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        if min(treated.sum(), (~treated).sum()) < _LEAST_ROWS:
            return None
        _, who = np.unique(person, return_inverse=True)
        data = Experiment(
            features=features.astype(np.float64),
            is_treated=treated,
            propensity=odds,
            outcome=brought,
            person=who.astype(np.int64),
        )
        if len(data) > _MOST_ROWS:
            random = np.random.default_rng(self._terms.seed)
            data = data.rows(np.sort(random.choice(len(data), _MOST_ROWS, replace=False)))
        return choose(data, seed=self._terms.seed, learners=LEARNED_BY, n_folds=3)

    def _rows(
        self, month: int, place: int
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], Array, Array, Array]:
        """Return features, whether treated, probability of it, outcome and person of the rows of one month for one offer."""
        chance, taken = self._chance[month].astype(np.float64), self._taken[month]
        both = chance[:, place + 1] + chance[:, 0]
        odds = chance[:, place + 1] / np.maximum(both, 1e-9)
        is_either = (taken == 0) | (taken == place + 1)
        rows = np.flatnonzero(is_either & (odds >= _LEAST_ODDS) & (odds <= 1.0 - _LEAST_ODDS))
        features = self._seen[month].about(self._terms.offers[place].category)[rows]
        return features, taken[rows] > 0, odds[rows], self._brought[month][rows], rows.astype(np.float64)
