"""Aimwell's own loop: explores, learns the effect of each offer on each person, plans within the budget, holds out, and goes on learning.

Month 0 is the test that all policies begin with. After it, a share of the people that shrinks from month to month explores (Thompson's
rule of `promote/policy`), the others get the plan (`promote/plan`) unless a lot holds them out. The probability of everything is kept, so
every month is learned from by `predict/effect`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.loop.model import NOTHING, Terms, View
from aimwell.learn.loop.planning import plan
from aimwell.learn.loop.policies.lots import drawn, even_chances, lot
from aimwell.learn.loop.policies.memory import Memory
from aimwell.learn.loop.policies.sight import Sight, sight
from aimwell.learn.loop.steady import Baskets
from aimwell.promote.policy.exploration import explore

__all__ = ["Aimwell", "Habits"]

Array = NDArray[np.float64]

_EVEN_PART = (
    0.3  # of exploring is by an even lot: Thompson's rule soon leaves too few who get nothing to compare with
)


@dataclass(frozen=True, kw_only=True)
class Habits:
    """How much Aimwell leaves to chance.

    Attributes
    ----------
    exploring
        Share of people who explore, by month; the last one holds for all later months.
    held_out
        Share of the others who get nothing, so that the effect of the plan can be measured.
    relearns
        Months on whose morning effects are learned anew.
    """

    exploring: tuple[float, ...] = (1.0, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.1, 0.05)
    held_out: float = 0.03
    relearns: frozenset[int] = frozenset({1, 2, 3, 5, 7, 9})


class Aimwell:
    """The loop of Aimwell on one shop.

    Parameters
    ----------
    terms
        The terms.
    habits
        How much is left to chance.
    """

    name = "Aimwell"

    def __init__(self, terms: Terms, *, habits: Habits | None = None) -> None:
        self._terms = terms
        self._habits = habits or Habits()
        self._baskets = Baskets(terms)
        self._memory = Memory(terms)
        self._taken: NDArray[np.int64] | None = None

    def choose(self, view: View) -> NDArray[np.int64]:
        """Learn from the month before, and return the plan of this one with its explorers and holdout."""
        if self._taken is not None:
            self._memory.learn_of(self._baskets.own_orders(view, self._taken - 1))
        self._baskets.learn(view.last)
        seen, n = sight(view), len(view)
        if view.month == 0:
            chance = even_chances(view, self._terms)
            self._taken = drawn(chance, lot(n, terms=self._terms, month=0, purpose="pilot"))
        else:
            if view.month in self._habits.relearns:
                self._memory.relearn()
            chance, self._taken = self._decided(view, seen)
        self._memory.note(seen, chance, self._taken)
        return self._taken - 1

    def _decided(self, view: View, seen: Sight) -> tuple[Array, NDArray[np.int64]]:
        """Return the probabilities that decided, and who gets what (0: nothing)."""
        terms, month, n = self._terms, view.month, len(view)
        gain, gain_se = (self._baskets.margin[:, None] * part for part in self._memory.gains(seen))
        exploring = self._habits.exploring[min(month, len(self._habits.exploring) - 1)]
        explores = lot(n, terms=terms, month=month, purpose="who explores") < exploring
        may = view.is_reached & ~explores[:, None]
        held = lot(n, terms=terms, month=month, purpose="holdout") < self._habits.held_out
        share = 1.0 - exploring
        made = plan(
            gain,
            may=may,
            terms=terms,
            budget_milli=share * terms.budget_milli / (1.0 - 0.5 * self._habits.held_out),
            seed=terms.seed + month,
        )
        chance = np.zeros((n, len(terms.offers) + 1))
        chance[np.arange(n), made.taken + 1] = 1.0 - self._habits.held_out
        chance[:, 0] += self._habits.held_out
        taken = np.where(held, 0, made.taken + 1)
        left = terms.budget_milli - np.append(0.0, terms.cost_milli)[taken].sum()
        chance[explores], taken[explores] = self._explored(
            view, np.flatnonzero(explores), gain, gain_se, price=made.price, left=float(left)
        )
        return chance, taken

    def _explored(
        self, view: View, who: NDArray[np.intp], gain: Array, gain_se: Array, *, price: float, left: float
    ) -> tuple[Array, NDArray[np.int64]]:
        """Return the probabilities and lots of the explorers; those whom the budget does not reach get nothing, for sure."""
        terms = self._terms
        cost = np.tile(terms.cost_milli / 1000.0, (who.size, 1))
        found = explore(
            np.where(view.is_reached[who], gain[who], np.nan),
            gain_se[who],
            cost,
            person_id=who.astype(np.int64),
            price=price,
            salt=f"{terms.seed}/{view.month}",
            seed=terms.seed + view.month,
        )
        even = even_chances(view, terms)[who]
        chance = _EVEN_PART * even + (1.0 - _EVEN_PART) * found.chance
        taken = drawn(chance, lot(len(view), terms=terms, month=view.month, purpose="explore")[who])
        order = np.argsort(lot(len(view), terms=terms, month=view.month, purpose="queue")[who])
        spent = np.append(0.0, terms.cost_milli)[taken][order].cumsum()
        # by what the lots fell on, not by what was expected of them: the terms allow no overspending
        out = order[spent > left]
        chance[out], taken[out] = np.eye(chance.shape[1])[0], 0
        return chance, taken


assert NOTHING == -1  # noqa: S101 - places of offers and actions differ by one
