"""How good lists of products are: recall, NDCG, hits, repeat and new products apart.

References
----------
Li, M., Jullien, S., Ariannezhad, M., de Rijke, M. (2023). A Next Basket Recommendation Reality Check. ACM TOIS 41(4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

import numpy as np

from aimwell.predict.affinity.arrays import BoolArray, FloatArray, IntArray
from aimwell.predict.affinity.histories import Histories

__all__ = [
    "ListScore",
    "ScoreBin",
    "Truth",
    "global_top",
    "list_score",
    "personal_top",
    "score_bins",
    "truth_of",
]

_N_BINS = 10


@dataclass(frozen=True, kw_only=True)
class ListScore:
    """One way of recommending, measured on baskets that came.

    Attributes
    ----------
    recall, ndcg, hit_rate
        Means over people: share of the basket that was in the list; its rank-discounted gain over the best possible; share of
        people with a hit at all.
    repeat_recall, explore_recall
        Recall of products the person had bought before, and of those not; over people with such products in their basket.
    coverage
        Share of the catalogue that is in anybody's list.
    """

    recall: float
    ndcg: float
    hit_rate: float
    repeat_recall: float
    explore_recall: float
    coverage: float

    def as_data(self) -> Mapping[str, float]:
        """Return JSON values."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class ScoreBin:
    """Products in lists with scores alike: how many, how probable they were said to be, and the share that came."""

    n_products: int
    said: float
    came: float


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Baskets that came: sorted keys person x n_items + code, and what each person had bought."""

    basket: IntArray
    bought: IntArray
    people: IntArray  # those with a basket
    n_items: int

    @cached_property
    def is_repeat(self) -> BoolArray:
        """Which products of the baskets their person had bought, (len(basket),)."""
        return _is_in(self.basket, self.bought)


def truth_of(histories: Histories, *, turn: int, n_items: int) -> Truth:
    """Return the baskets of a turn, of people who had bought something before."""
    person, code = histories.basket(turn)
    before = histories.before(turn)
    has_past = np.zeros(histories.n_people, dtype=bool)
    has_past[before.person] = True
    kept = has_past[person]
    return Truth(
        basket=np.unique(person[kept] * n_items + code[kept]),
        bought=np.unique(before.person * n_items + before.code),
        people=np.unique(person[kept]),
        n_items=n_items,
    )


def list_score(lists: IntArray, truth: Truth) -> ListScore:
    """Measure lists.

    Parameters
    ----------
    lists
        (n_people, k) codes, best first; -1: no more.
    truth
        What came.
    """
    shown = lists[truth.people]
    keys = np.where(shown >= 0, truth.people[:, None] * truth.n_items + shown, -1)
    hit = _is_in(keys, truth.basket)
    is_repeat = _is_in(keys, truth.bought)
    owner = truth.basket // truth.n_items
    size = _per(owner, truth, np.ones(len(owner)))
    n_repeat = _per(owner, truth, truth.is_repeat.astype(float))
    discount = 1 / np.log2(np.arange(2, lists.shape[1] + 2))
    best = np.cumsum(discount)[np.minimum(size, lists.shape[1]).astype(int) - 1]
    return ListScore(
        recall=_mean(hit.sum(axis=1) / size),
        ndcg=_mean((hit * discount).sum(axis=1) / best),
        hit_rate=_mean(hit.max(axis=1, initial=False)),
        repeat_recall=_share((hit & is_repeat).sum(axis=1), n_repeat),
        explore_recall=_share((hit & ~is_repeat).sum(axis=1), size - n_repeat),
        coverage=len(np.unique(shown[shown >= 0])) / truth.n_items,
    )


def score_bins(lists: IntArray, scores: FloatArray, truth: Truth) -> list[ScoreBin]:
    """Return how probable the products in lists were said to be and how many came, by tenths of the scores, lowest first.

    Parameters
    ----------
    lists, scores
        (n_people, k) codes and their probabilities; code -1: no more.
    truth
        What came.
    """
    shown = lists[truth.people]
    real = shown >= 0
    came = _is_in(truth.people[:, None] * truth.n_items + shown, truth.basket)[real]
    said = scores[truth.people][real]
    parts = np.array_split(np.argsort(said, kind="stable"), min(_N_BINS, max(len(said), 1)))
    return [
        ScoreBin(n_products=len(part), said=_mean(said[part]), came=_mean(came[part]))
        for part in parts
        if len(part)
    ]


def personal_top(
    histories: Histories,
    *,
    k: int,
    n_items: int,
    tie_break: FloatArray | None = None,
    decay: float | None = None,
) -> IntArray:
    """Return the products each person bought most often.

    Parameters
    ----------
    histories
        What they bought.
    k, n_items
        How many, of how many products.
    tie_break
        (n_items,) popularity: added to the counts at less than one purchase, and what fills lists up; None: the smaller code.
    decay
        Baskets after which a purchase weighs 1/e; None: all weigh the same.
    """
    weight = np.exp(-histories.turn / decay) if decay else np.ones(len(histories.turn))
    key, place = np.unique(histories.person * n_items + histories.code, return_inverse=True)
    worth = np.bincount(place, weights=weight, minlength=len(key))
    person, code = key // n_items, key % n_items
    if tie_break is not None:
        share = tie_break / (tie_break.max(initial=0.0) + 1e-9) * 0.99
        worth = worth + share[code] * (1.0 if decay is None else 1e-3)
    order = np.lexsort((code, -worth, person))
    person, code = person[order], code[order]
    rank = np.arange(len(order)) - np.searchsorted(person, person)
    lists = np.full((histories.n_people, k), -1, dtype=np.int64)
    lists[person[rank < k], rank[rank < k]] = code[rank < k]
    return lists if tie_break is None else _filled(lists, np.argsort(-tie_break, kind="stable"))


def global_top(popularity: FloatArray, *, k: int, n_people: int) -> IntArray:
    """Return the most popular products for everybody."""
    return np.tile(np.argsort(-popularity, kind="stable")[:k], (n_people, 1))


def _filled(lists: IntArray, popular: IntArray) -> IntArray:
    """Fill lists that are too short with popular products that are not in them."""
    k = lists.shape[1]
    for row in np.flatnonzero((lists < 0).any(axis=1)):
        own = lists[row][lists[row] >= 0]
        more = [code for code in popular[: 2 * k] if code not in own]
        lists[row] = np.r_[own, np.array(more, dtype=np.int64)[: k - len(own)], np.full(k, -1)][:k]
    return lists


def _is_in(keys: IntArray, ascending: IntArray) -> BoolArray:
    """Say which keys are among sorted ones: many times faster than `numpy.isin`, which sorts both."""
    if not len(ascending):
        return np.zeros(keys.shape, dtype=bool)
    place = np.minimum(np.searchsorted(ascending, keys), len(ascending) - 1)
    return np.asarray(ascending[place] == keys)


def _per(owner: IntArray, truth: Truth, values: FloatArray) -> FloatArray:
    sums = np.bincount(np.searchsorted(truth.people, owner), weights=values, minlength=len(truth.people))
    return sums.astype(float)


def _share(hits: FloatArray, of: FloatArray) -> float:
    counted = of > 0
    return _mean(hits[counted] / of[counted])


def _mean(values: FloatArray | BoolArray) -> float:
    return float(np.mean(values)) if len(values) else 0.0
