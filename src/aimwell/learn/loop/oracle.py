"""The oracle: plans with the true expected effects, which no shop can know. The one policy that looks at the truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.loop.model import Terms, View
from aimwell.learn.loop.planning import plan
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.truth import truth

__all__ = ["Oracle"]

_HORIZON_DAYS = 60


class Oracle:
    """Knows what each contact will bring on average, not what chance will make of it; looks one campaign ahead.

    Parameters
    ----------
    life
        The people, with what is hidden in them.
    terms
        The terms, the same as for everybody.
    """

    name = "oracle"

    def __init__(self, life: Life, terms: Terms) -> None:
        self._life, self._terms = life, terms

    def choose(self, view: View) -> NDArray[np.int64]:
        """Return the best plan within the budget by the true effects."""
        effect = truth(self._life, self._terms.offers, horizon_days=_HORIZON_DAYS).effect
        gain = effect.astype(np.float64) + self._terms.cost_milli / 1000.0
        return plan(
            gain,
            may=view.is_reached,
            terms=self._terms,
            budget_milli=self._terms.budget_milli,
            seed=self._terms.seed + view.month,
        ).taken
