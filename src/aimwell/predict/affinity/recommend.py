"""Recommendations with their reasons, for a batch of people or for one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aimwell.predict.affinity.arrays import BoolArray, FloatArray, IntArray
from aimwell.predict.affinity.candidates import FEATURES, Candidates
from aimwell.predict.affinity.choose import Wishes, choose
from aimwell.predict.affinity.histories import Histories
from aimwell.predict.affinity.model import AffinityModel, batches
from aimwell.predict.affinity.world import World

__all__ = ["Recommended", "recommend_people"]

_N_BOUGHT, _DAYS_AGO = FEATURES.index("n_bought"), FEATURES.index("days_ago")


@dataclass(frozen=True, kw_only=True)
class Recommended:
    """Products for people, sorted by person and rank, (n,) each.

    Attributes
    ----------
    person, rank
        Place of the person, and of the product in their list, from 0.
    code, score
        The product, and the probability that it is in the next basket.
    is_repeat
        Whether the person has bought it.
    because
        What the person bought that speaks most for a new product; -1: nothing, it is popular.
    n_bought, days_ago
        Of a repeat: baskets with it, and days since the last one.
    """

    person: IntArray
    rank: IntArray
    code: IntArray
    score: FloatArray
    is_repeat: BoolArray
    because: IntArray
    n_bought: IntArray
    days_ago: IntArray


def recommend_people(
    histories: Histories, model: AffinityModel, *, wishes: Wishes, shown: BoolArray | None = None
) -> Recommended:
    """Return the best products of each person.

    Parameters
    ----------
    histories
        What they bought.
    model
        The fitted model.
    wishes
        What the shop wants.
    shown
        (n_items,) which products may be shown beside what the model says; None: all.
    """
    newest = np.full(histories.n_people, np.iinfo(np.int64).max)
    np.minimum.at(newest, histories.person, histories.days)
    parts = [
        _picked(found, model, wishes=wishes, shown=shown, first=first)
        for first, found in batches(histories, model.world)
    ]
    person, rank, code, score, is_repeat, n_bought, days_ago = (
        np.concatenate([part[k] for part in parts]) for k in range(7)
    )
    return Recommended(
        person=person,
        rank=rank,
        code=code,
        score=score,
        is_repeat=is_repeat.astype(bool),
        because=_because(histories, person, code, is_new=~is_repeat.astype(bool), world=model.world),
        n_bought=n_bought.astype(np.int64),
        days_ago=np.where(is_repeat.astype(bool), days_ago + newest[person], -1).astype(np.int64),
    )


def _picked(
    found: Candidates, model: AffinityModel, *, wishes: Wishes, shown: BoolArray | None, first: int
) -> tuple[np.ndarray, ...]:
    probability = model.scorer.probabilities(found)
    allowed = None if shown is None else shown[found.code]
    place = choose(found, probability, world=model.world, wishes=wishes, allowed=allowed).place
    person, rank = np.nonzero(place >= 0)
    at = place[person, rank]
    features = found.features[at]
    n_bought, days_ago = features[:, _N_BOUGHT], np.nan_to_num(features[:, _DAYS_AGO])
    return person + first, rank, found.code[at], probability[at], found.is_repeat[at], n_bought, days_ago


def _because(
    histories: Histories, person: IntArray, code: IntArray, *, is_new: BoolArray, world: World
) -> IntArray:
    """Return for each new product the one of the person's own that speaks most for it; -1: none does."""
    m = world.relations.shape[0]
    key = np.unique(histories.person * world.n_items + histories.code)
    owner, own = key // world.n_items, key % world.n_items
    starts = np.searchsorted(owner, np.arange(histories.n_people + 1))
    wanted = np.flatnonzero(is_new & (code < m))
    sizes = (starts[1:] - starts[:-1])[person[wanted]]
    row = np.repeat(wanted, sizes)  # one row per pick and own product
    offset = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    bought = own[starts[person[row]] + offset]
    weight = world.weight(bought, code[row])
    best = np.full(len(code), -1, dtype=np.int64)
    order = np.lexsort((bought, -weight, row))
    row, bought, weight = row[order], bought[order], weight[order]
    is_first = np.r_[True, row[1:] != row[:-1]][: len(row)] & (weight > 0)
    best[row[is_first]] = bought[is_first]
    return best
