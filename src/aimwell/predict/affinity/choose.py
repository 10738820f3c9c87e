"""Picks the best few of everybody's candidates, within what the shop wants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aimwell.predict.affinity.arrays import BoolArray, FloatArray, IntArray
from aimwell.predict.affinity.candidates import Candidates
from aimwell.predict.affinity.world import World

__all__ = ["Picks", "Wishes", "choose"]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What a shop wants of recommendations.

    Attributes
    ----------
    k
        How many.
    explore_share
        Share of places for products the person has not bought, 0..1: 1 shows nothing already bought, 0 nothing new. None: the
        most probable, whichever they are.
    diversity
        0..1: each product of a category lowers the weight of further ones of it by this share; 0 ranks by probability alone.
    """

    k: int = 10
    explore_share: float | None = None
    diversity: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Picks:
    """The best products of each person, best first.

    Attributes
    ----------
    place
        (n_people, k) rows of the candidates; -1: no more.
    """

    place: IntArray


def choose(
    found: Candidates,
    probability: FloatArray,
    *,
    world: World,
    wishes: Wishes,
    allowed: BoolArray | None = None,
) -> Picks:
    """Return the best `wishes.k` of each person.

    Parameters
    ----------
    found, probability
        Candidates and how probable they are.
    world
        Knows categories, and what may not be shown.
    wishes
        What the shop wants.
    allowed
        (n,) which candidates may be shown beside that; None: all.
    """
    may = world.catalogue.may_show[found.code]
    places = np.flatnonzero(may if allowed is None else may & allowed)
    table = _table(found.person[places], places, n_people=found.n_people, worth=probability[places])
    real = table >= 0
    worth = np.where(real, probability[table], -np.inf) if len(probability) else np.full(table.shape, -np.inf)
    is_new = ~found.is_repeat[table] & real if len(probability) else real
    shelf = world.catalogue.category[found.code[table]] if len(probability) else table
    taken = _greedy(worth, is_new, shelf, wishes=wishes)
    place = np.where(taken >= 0, np.take_along_axis(table, np.maximum(taken, 0), axis=1), -1)
    order = np.argsort(-np.where(place >= 0, probability[place], -np.inf), axis=1, kind="stable")
    return Picks(place=np.take_along_axis(place, order, axis=1))


def _table(person: IntArray, places: IntArray, *, n_people: int, worth: FloatArray) -> IntArray:
    """Return (n_people, most) rows of candidates, best first, filled up with -1."""
    order = np.lexsort((places, -worth, person))
    person = person[order]
    rank = np.arange(len(order)) - np.searchsorted(person, person)
    table = np.full((n_people, int(rank.max(initial=-1)) + 1), -1, dtype=np.int64)
    table[person, rank] = places[order]
    return table


def _greedy(worth: FloatArray, is_new: BoolArray, shelf: IntArray, *, wishes: Wishes) -> IntArray:
    """Return (n_people, k) columns: one product after the other, those kept for new ones first; -1: none left."""
    n_people, width = worth.shape
    taken = np.full((n_people, wishes.k), -1, dtype=np.int64)
    if not width:
        return taken
    rows = np.arange(n_people)
    left = worth.copy()
    n_new = 0 if wishes.explore_share is None else round(wishes.explore_share * wishes.k)
    for turn in range(wishes.k):
        wanted = _wanted(left, is_new, wishes=wishes, takes_new=turn < n_new)
        best = wanted.argmax(axis=1)
        is_found = wanted[rows, best] > -np.inf
        taken[is_found, turn] = best[is_found]
        left[rows[is_found], best[is_found]] = -np.inf
        if wishes.diversity:
            same = (shelf == shelf[rows, best][:, None]) & (shelf >= 0) & is_found[:, None]
            left = np.where(same, left * (1 - wishes.diversity), left)
    return taken


def _wanted(left: FloatArray, is_new: BoolArray, *, wishes: Wishes, takes_new: bool) -> FloatArray:
    """Return what is left of the kind whose turn it is; where a shop wants both, of the other kind if there is none."""
    if wishes.explore_share is None:
        return left
    mine = np.where(is_new == takes_new, left, -np.inf)
    if wishes.explore_share in (0.0, 1.0):
        return mine
    is_empty = mine.max(axis=1) == -np.inf
    return np.where(is_empty[:, None], left, mine)
