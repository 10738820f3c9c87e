"""TIFU-KNN as published, as a rival of affinity.

References
----------
Hu, H., He, X., Gao, J., Zhang, Z.-L. (2020). Modeling Personalized Item Frequency Information for Next-basket Recommendation.
SIGIR, 1071-1080. The default settings are those of the example that the authors publish, for the Ta-Feng data.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from aimwell.predict.affinity.histories import Histories

__all__ = ["tifu_knn"]

_AT_ONCE = 500  # people whose rows of all products are held


def tifu_knn(
    past: Histories,
    *,
    n_items: int,
    k: int,
    n_neighbours: int = 300,
    n_groups: int = 7,
    basket_decay: float = 0.9,
    group_decay: float = 0.7,
    own_weight: float = 0.7,
) -> np.ndarray:
    """Return (n_people, k) codes, best first.

    A person's baskets, in time, are cut into groups; a vector of products is averaged within each group with `basket_decay`,
    then over the groups with `group_decay`. The prediction is `own_weight` of that and the rest of the mean of the neighbours'.
    """
    vectors = _vectors(past, n_items=n_items, n_groups=n_groups, decays=(basket_decay, group_decay))
    square = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
    lists = np.zeros((past.n_people, k), dtype=np.int64)
    n_kept = min(n_neighbours, past.n_people - 1)
    for first in range(0, past.n_people, _AT_ONCE):
        some = vectors[first : first + _AT_ONCE]
        n = some.shape[0]
        distance = (
            square[None, :] - 2 * (some @ vectors.T).toarray()
        )  # but for what is the same for all neighbours
        distance[np.arange(n), first + np.arange(n)] = np.inf
        near = np.argpartition(distance, n_kept - 1, axis=1)[:, :n_kept]
        places = (np.repeat(np.arange(n), n_kept), near.ravel())
        mean = sparse.csr_array((np.full(near.size, 1 / n_kept), places), shape=(n, past.n_people))
        worth = (own_weight * some + (1 - own_weight) * (mean @ vectors)).toarray()
        best = np.argpartition(-worth, k - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(worth, best, axis=1), axis=1, kind="stable")
        lists[first : first + n] = np.take_along_axis(best, order, axis=1)
    return lists


def _vectors(
    past: Histories, *, n_items: int, n_groups: int, decays: tuple[float, float]
) -> sparse.csr_array:
    n_baskets = np.zeros(past.n_people, dtype=np.int64)
    np.maximum.at(n_baskets, past.person, past.turn + 1)
    n = n_baskets[past.person]
    groups = np.minimum(n_groups, n)
    group = past.turn * groups // n  # 0: the newest
    begins = -(-group * n // groups)
    size = -(-(group + 1) * n // groups) - begins
    weight = decays[0] ** (past.turn - begins) / size * decays[1] ** group / groups
    return sparse.csr_array((weight, (past.person, past.code)), shape=(past.n_people, n_items))
