"""Potential needs: categories that people with the same purchases buy and a person does not yet, as rules over categories.

A rule says: who bought A and B buys C. Its confidence is the share of the buyers of A and B who bought C (shrunk towards the
share of everybody); its support rate is the share of the buyers of C who had bought A and B. A may be B: a rule with one sign.

References
----------
Agrawal, R., Imielinski, T., Swami, A. (1993). Mining association rules between sets of items in large databases. SIGMOD, 207-216.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from aimwell.predict.affinity.arrays import FloatArray, IntArray
from aimwell.predict.affinity.histories import Histories
from aimwell.predict.affinity.world import World

__all__ = ["MAX_CATEGORIES", "Rules", "mine_rules"]

MAX_CATEGORIES = 300  # the most bought ones: rules are at most 300 x 36
_N_SIGNS = 8  # categories that speak most for another
_PRIOR_PEOPLE = 20.0
_MIN_LIFT = 1.2
_MIN_TOGETHER = 5
_DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Rules, (n,) each, the most confident first: who bought `first` and `second` buys `then`; codes of categories.

    Attributes
    ----------
    confidence
        Share of those who bought both and bought `then` too, shrunk.
    support_rate
        Share of the buyers of `then` who bought both.
    """

    first: IntArray
    second: IntArray
    then: IntArray
    confidence: FloatArray
    support_rate: FloatArray

    def as_data(self) -> dict[str, Any]:
        """Return JSON values."""
        return {f.name: [round(v, _DIGITS) for v in getattr(self, f.name).tolist()] for f in fields(self)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Rules:
        """Return the rules that `as_data` wrote."""
        kinds = {f.name: float if f.name.endswith(("confidence", "rate")) else np.int64 for f in fields(cls)}
        return cls(**{name: np.asarray(data[name], dtype=kind) for name, kind in kinds.items()})

    def needs(self, bought: np.ndarray, *, k: int) -> IntArray:
        """Return for each person the rules that speak for the needs they may have.

        Parameters
        ----------
        bought
            (n_people, n_categories) bool.
        k
            How many needs, at most.

        Returns
        -------
        IntArray
            (n_people, k) places of rules, the most confident first, one per category; -1: no more.
        """
        places = np.full((len(bought), k), -1, dtype=np.int64)
        if not len(self.then):
            return places
        holds = bought[:, self.first] & bought[:, self.second] & ~bought[:, self.then]
        for turn in range(k):
            best = holds.argmax(axis=1)  # rules are sorted: the first that holds is the most confident
            found = holds[np.arange(len(bought)), best]
            places[found, turn] = best[found]
            holds &= ~((self.then[None, :] == self.then[best][:, None]) & found[:, None])
        return places


def mine_rules(histories: Histories, world: World) -> Rules:
    """Find the rules that hold among some people.

    Parameters
    ----------
    histories
        Of a sample of people.
    world
        Knows the categories of products.
    """
    bought = category_table(histories, world)
    popular = np.argsort(-bought.sum(axis=0), kind="stable")[:MAX_CATEGORIES]
    matrix = bought[:, popular].astype(np.float32)
    together = matrix.T @ matrix
    share = np.diag(together) / max(len(matrix), 1)
    found = [
        row
        for then in range(len(popular))
        for row in _rules_for(then, matrix=matrix, together=together, share=share)
    ]
    table = np.array(sorted(found, key=lambda r: (-r[3], *r[:3])), dtype=float).reshape(-1, 5)
    first, second, then = (popular[table[:, column].astype(np.int64)] for column in range(3))
    return Rules(first=first, second=second, then=then, confidence=table[:, 3], support_rate=table[:, 4])


def category_table(histories: Histories, world: World) -> np.ndarray:
    """Return (n_people, n_categories) bool: whether each person bought from each category."""
    table = np.zeros((histories.n_people, len(world.catalogue.categories)), dtype=bool)
    shelf = world.catalogue.category[histories.code]
    known = shelf >= 0
    table[histories.person[known], shelf[known]] = True
    return table


def _rules_for(
    then: int, *, matrix: FloatArray, together: FloatArray, share: FloatArray
) -> list[tuple[float, ...]]:
    """Return (first, second, then, confidence, support_rate) of the rules that end in one category."""
    n_then = together[then, then]
    if n_then < _MIN_TOGETHER:
        return []
    lift = together[then] / np.maximum(np.diag(together) * share[then], 1e-9)
    lift[then] = 0.0
    lift[together[then] < _MIN_TOGETHER] = 0.0
    signs = np.argsort(-lift, kind="stable")[:_N_SIGNS]
    signs = signs[lift[signs] > 1.0]
    buyers = matrix[matrix[:, then] > 0][:, signs]
    with_then, everybody = buyers.T @ buyers, matrix[:, signs].T @ matrix[:, signs]
    rules: list[tuple[float, ...]] = []
    for i, j in combinations_with_replacement(range(len(signs)), 2):
        n_both = with_then[i, j]
        confidence = (n_both + _PRIOR_PEOPLE * share[then]) / (everybody[i, j] + _PRIOR_PEOPLE)
        if n_both >= _MIN_TOGETHER and confidence >= _MIN_LIFT * share[then]:
            first, second = sorted((int(signs[i]), int(signs[j])))
            rules.append((first, second, then, float(confidence), float(n_both / n_then)))
    return rules
