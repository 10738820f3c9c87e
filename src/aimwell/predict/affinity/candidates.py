"""Which products are considered for each person, and what is known of each pair: the features that are ranked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from aimwell.predict.affinity.arrays import BoolArray, FloatArray, IntArray
from aimwell.predict.affinity.histories import Histories
from aimwell.predict.affinity.world import World

__all__ = ["FEATURES", "MAX_OWN", "Candidates", "candidates"]

MAX_OWN = 100
"""Products a person has bought that are considered: the most often and most lately bought."""

N_RELATED, N_POPULAR, N_CATEGORIES = 20, 15, 3
DECAYS = (3.0, 8.0, 20.0, 60.0)  # baskets after which a purchase weighs 1/e
USUAL_DECAY = 2  # place in DECAYS of the one that ranks best alone

FEATURES = (
    *(f"decayed_{decay:.0f}" for decay in DECAYS),
    "n_bought",
    "turns_ago",
    "days_ago",
    "due",
    "rate",
    "n_baskets",
    "basket_size",
    "buyer_rate",
    "rebuy",
    "recent_rate",
    "season_rate",
    "category_decayed",
    "category_days_ago",
    "category_share",
    "related",
)
"""Names of the features, in the order of their columns."""


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Pairs of person and product, sorted by both.

    Attributes
    ----------
    person, code
        (n,) the pair.
    is_repeat
        (n,) whether the person has bought the product.
    features
        (n, len(FEATURES)) float32; NaN: does not apply.
    n_people
        Of the histories.
    """

    person: IntArray
    code: IntArray
    is_repeat: BoolArray
    features: FloatArray
    n_people: int


@dataclass(frozen=True, kw_only=True)
class _Own:
    """One row per person and product bought: how often, how lately, how regularly."""

    person: IntArray
    code: IntArray
    decayed: FloatArray  # (n, len(DECAYS))
    n_bought: FloatArray
    turns_ago: FloatArray
    days_ago: FloatArray
    gap_turns: FloatArray  # mean between two purchases; NaN for a single one


def candidates(histories: Histories, world: World) -> Candidates:
    """Return what may come next for each person: what they bought, what goes with it, what is popular, what their categories sell.

    Days are counted from each person's newest basket, so that features are the same whenever they are looked at.

    Parameters
    ----------
    histories
        Lines of some people; memory is about 100 rows and `4 x world.relations.shape[0]` bytes for each.
    world
        The shop.
    """
    own = _own(histories)
    related = _related(own, world, n_people=histories.n_people)
    shelves = _Shelves.of(own, world, n_people=histories.n_people)
    kept = _strongest(own)
    new = _unbought(own, world, related=related, shelves=shelves, n_people=histories.n_people)
    person = np.concatenate([own.person[kept], new // world.n_items])
    code = np.concatenate([own.code[kept], new % world.n_items])
    columns = _own_columns(own, kept=kept, n_new=len(new))
    columns += _person_columns(histories, person, n_bought=columns[len(DECAYS)])
    columns += [
        world.buyer_rate[code],
        world.rebuy[code],
        world.recent_rate[code],
        world.season_rate[code],
        *shelves.columns(person, code, world),
        _at(related, person, code),
    ]
    is_repeat = np.arange(len(person)) < len(kept)
    order = np.lexsort((code, person))
    return Candidates(
        person=person[order],
        code=code[order],
        is_repeat=is_repeat[order],
        features=np.column_stack(columns).astype(np.float32)[order],
        n_people=histories.n_people,
    )


def _own(lines: Histories) -> _Own:
    order = np.lexsort((lines.turn, lines.code, lines.person))
    person, code, turn, days = (a[order] for a in (lines.person, lines.code, lines.turn, lines.days))
    newest = np.full(lines.n_people, np.iinfo(np.int64).max)
    np.minimum.at(newest, person, days)
    first = np.flatnonzero(np.r_[True, (person[1:] != person[:-1]) | (code[1:] != code[:-1])][: len(person)])
    last = np.r_[first[1:], len(person)][: len(first)] - 1
    n_bought = (last - first + 1).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = np.where(n_bought > 1, (turn[last] - turn[first]) / (n_bought - 1), np.nan)
    decayed = [_sums(np.exp(-turn / decay), first) for decay in DECAYS]
    return _Own(
        person=person[first],
        code=code[first],
        decayed=np.column_stack(decayed),
        n_bought=n_bought,
        turns_ago=turn[first].astype(float),
        days_ago=(days[first] - newest[person[first]]).astype(float),
        gap_turns=gap,
    )


def _sums(values: FloatArray, first: IntArray) -> FloatArray:
    return np.add.reduceat(values, first) if len(first) else values[:0]


def _strongest(own: _Own) -> IntArray:
    """Return the places of each person's `MAX_OWN` most often and most lately bought products."""
    order = np.lexsort((own.code, -own.decayed[:, USUAL_DECAY], own.person))
    person = own.person[order]
    place = np.arange(len(order)) - np.searchsorted(person, person)
    return np.sort(order[place < MAX_OWN])


def _related(own: _Own, world: World, *, n_people: int) -> FloatArray:
    """Return (n_people, m + 1): how much what people bought speaks for each of the first products; the last column is 0."""
    m = world.relations.shape[0]
    inside = own.code < m
    table = np.zeros((n_people, m + 1), dtype=np.float32)
    ones = np.ones(int(inside.sum()), dtype=np.float32)
    matrix = sparse.csr_array((ones, (own.person[inside], own.code[inside])), shape=(n_people, m))
    table[:, :m] = (matrix @ world.relations).toarray()
    return table


def _at(related: FloatArray, person: IntArray, code: IntArray) -> FloatArray:
    return np.asarray(related[person, np.minimum(code, related.shape[1] - 1)])


@dataclass(frozen=True, kw_only=True)
class _Shelves:
    """What people bought by category; one row per person and category, sorted, and each person's favourites."""

    key: IntArray  # person x n_shelves + shelf; shelf 0: category unknown
    decayed: FloatArray
    days_ago: FloatArray
    favourites: IntArray  # (n_people, N_CATEGORIES) categories; -1: none

    @classmethod
    def of(cls, own: _Own, world: World, *, n_people: int) -> _Shelves:
        n_shelves = len(world.catalogue.categories) + 1
        keys = own.person * n_shelves + world.catalogue.category[own.code] + 1
        key, place = np.unique(keys, return_inverse=True)
        decayed = np.bincount(place, weights=own.decayed[:, USUAL_DECAY], minlength=len(key)).astype(float)
        days_ago = np.full(len(key), np.inf)
        np.minimum.at(days_ago, place, own.days_ago)
        favourites = np.full((n_people, N_CATEGORIES), -1, dtype=np.int64)
        order = np.lexsort((key, -decayed, key // n_shelves))
        order = order[key[order] % n_shelves > 0]
        person = key[order] // n_shelves
        rank = np.arange(len(order)) - np.searchsorted(person, person)
        top = rank < N_CATEGORIES
        favourites[person[top], rank[top]] = key[order][top] % n_shelves - 1
        return cls(key=key, decayed=decayed, days_ago=days_ago, favourites=favourites)

    def columns(self, person: IntArray, code: IntArray, world: World) -> list[FloatArray]:
        """Return category_decayed, category_days_ago and category_share of pairs."""
        n_shelves = len(world.catalogue.categories) + 1
        wanted = person * n_shelves + world.catalogue.category[code] + 1
        place = np.minimum(np.searchsorted(self.key, wanted), max(len(self.key) - 1, 0))
        found = self.key[place] == wanted if len(self.key) else np.zeros(len(wanted), dtype=bool)
        decayed = np.where(found, self.decayed[place], 0.0) if len(self.key) else np.zeros(len(wanted))
        days_ago = np.where(found, self.days_ago[place], np.nan) if len(self.key) else decayed + np.nan
        n_people = len(self.favourites)
        total = np.bincount(self.key // n_shelves, weights=self.decayed, minlength=n_people)
        return [decayed, days_ago, decayed / np.maximum(total[person], 1e-9)]


def _unbought(own: _Own, world: World, *, related: FloatArray, shelves: _Shelves, n_people: int) -> IntArray:
    """Return keys person x n_items + code of products the person has not bought and may be shown, sorted."""
    first = np.arange(n_people)[:, None] * world.n_items
    m = related.shape[1] - 1
    found = []
    if m:
        open_ = related[:, :m] * world.catalogue.may_show[:m]
        inside = own.code < m
        open_[own.person[inside], own.code[inside]] = 0.0
        n_kept = min(N_RELATED, m)
        best = np.argpartition(-open_, n_kept - 1, axis=1)[:, :n_kept]
        speaks = np.take_along_axis(open_, best, axis=1) > 0
        found.append((first + best)[speaks])
    found.append((first + world.popular[None, :N_POPULAR]).ravel())
    shelf = world.best_of_categories[shelves.favourites].reshape(n_people, -1)
    found.append((first + shelf)[shelf >= 0])
    keys = np.unique(np.concatenate(found))
    bought = own.person * world.n_items + own.code
    return keys[~np.isin(keys, bought, assume_unique=True)]


def _own_columns(own: _Own, *, kept: IntArray, n_new: int) -> list[FloatArray]:
    """Return the features of what was bought, 0 or NaN for what was not."""
    due = (own.turns_ago[kept] + 1) / own.gap_turns[kept]
    zero, none = np.zeros(n_new), np.full(n_new, np.nan)
    columns = [np.r_[own.decayed[kept, k], zero] for k in range(len(DECAYS))]
    columns.append(np.r_[own.n_bought[kept], zero])
    columns += [np.r_[values[kept], none] for values in (own.turns_ago, own.days_ago)]
    return [*columns, np.r_[due, none]]


def _person_columns(lines: Histories, person: IntArray, *, n_bought: FloatArray) -> list[FloatArray]:
    """Return rate (purchases per basket), n_baskets and basket_size of each row's person."""
    n_baskets = np.zeros(lines.n_people)
    np.maximum.at(n_baskets, lines.person, lines.turn + 1.0)
    n_baskets = np.maximum(n_baskets, 1.0)
    size = np.bincount(lines.person, minlength=lines.n_people) / n_baskets
    return [n_bought / n_baskets[person], n_baskets[person], size[person]]
