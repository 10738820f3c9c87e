"""Potential needs: categories that a person does not buy yet and people like them do, as probabilities of a first purchase.

EASE over categories says how much what a person bought speaks for another category; a logistic curve of that and of how many begin to
buy the category makes it the probability of a first purchase within the horizon. Signs are the categories that speak most for it.

References
----------
Steck, H. (2019). Embarrassingly Shallow Autoencoders for Sparse Data. The World Wide Web Conference, 3251-3257.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from scipy.special import expit, logit

from aimwell.base.words import text
from aimwell.predict.affinity.arrays import BoolArray, FloatArray, IntArray
from aimwell.predict.affinity.ease import ease
from aimwell.predict.affinity.histories import Histories
from aimwell.predict.affinity.world import World

__all__ = [
    "MAX_CATEGORIES",
    "NEEDS_NAMES",
    "NO_NEEDS",
    "Needed",
    "Needs",
    "NeedsForm",
    "NeedsTrial",
    "category_table",
    "learn_needs",
    "try_needs",
]

NeedsForm = Literal["alike", "popular", "none"]
MAX_CATEGORIES = 300  # the most bought ones
_N_SIGNS = 8  # categories that speak most for another
_PRIOR_PEOPLE = 20.0  # that everybody's rate of beginning weighs beside a category's own
_MIN_BUYERS = 5
_DIGITS = 5
NEEDS_NAMES: Mapping[str, str] = {
    "alike": text("what people with the same purchases begin to buy"),
    "popular": text("what most people begin to buy"),
    "none": text("nothing: too little was bought"),
}
_RIDGE = 1.0
_STEPS = 25
_K = 5


@dataclass(frozen=True, kw_only=True)
class Needed:
    """What some people may need, (n, k) each, the most probable first.

    Attributes
    ----------
    category
        Codes of categories; -1: no more.
    probability
        Of a first purchase within the horizon.
    first, second
        Codes of the two categories bought that speak most for it; equal where only one does.
    support_rate
        Share of the buyers of `category` who bought both.
    """

    category: IntArray
    probability: FloatArray
    first: IntArray
    second: IntArray
    support_rate: FloatArray


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What tells needs; m categories.

    Attributes
    ----------
    form
        "alike"; "popular" where the most bought categories foretold first purchases as well; "none": too little was bought.
    category
        (m,) codes, the most bought first.
    weights
        (m, m) row, the category that was bought; column, the one it speaks for.
    begin_rate
        (m,) share of people without the category who bought it within the horizon.
    curve
        (4,) of the log-odds: constant, log-odds of `begin_rate`, what speaks for the category, log of the person's categories.
    signs
        (m, s) places of the categories that speak most for each; its own, which who may need it has not bought, where fewer do.
    support_rate
        (m, s, s) share of the category's buyers who bought two of its signs; the diagonal: one.
    """

    form: NeedsForm
    category: IntArray
    weights: FloatArray
    begin_rate: FloatArray
    curve: FloatArray
    signs: IntArray
    support_rate: FloatArray

    def as_data(self) -> dict[str, Any]:
        """Return JSON values."""
        kept = {name: np.round(getattr(self, name), _DIGITS).tolist() for name in _NUMBERS}
        return kept | {"form": self.form}

    @classmethod
    def from_data(cls, data: Mapping[str, Any] | None) -> Needs:
        """Return what `as_data` wrote; None, from a model kept by an earlier version: nothing tells needs."""
        if data is None:
            return NO_NEEDS
        kinds = {name: np.int64 if name in ("category", "signs") else float for name in _NUMBERS}
        return cls(
            form=data["form"], **{name: np.asarray(data[name], dtype=kind) for name, kind in kinds.items()}
        )

    def popular(self) -> Needs:
        """Return what names the categories that most begin to buy, whatever a person bought."""
        return replace(self, form="popular", curve=np.array([0.0, 1.0, 0.0, 0.0]))

    def probabilities(self, bought: BoolArray) -> FloatArray:
        """Return (n, m) probabilities of a first purchase; NaN where a person has the category.

        Parameters
        ----------
        bought
            (n, m) whether each person bought from the categories that tell.
        """
        found = expit(_inputs(bought, self.weights, self.begin_rate) @ self.curve)
        return np.asarray(np.where(bought, np.nan, found))

    def of(self, table: BoolArray, *, k: int) -> Needed:
        """Return what people may need, of the categories that something they bought speaks for.

        Parameters
        ----------
        table
            (n_people, n_categories) whether each person bought from each category.
        k
            How many needs, at most.
        """
        bought = table[:, self.category]
        place, probability = _best(np.where(self._is_told(bought), self.probabilities(bought), np.nan), k=k)
        first, second = self._signs_of(bought, place)
        known = place >= 0
        at = np.where(known, place, 0)
        rate = self.support_rate[at, first, second] if len(self.category) else np.zeros(place.shape)

        def code(places: IntArray) -> IntArray:
            return np.where(known, self.category[places] if len(self.category) else -1, -1)

        return Needed(
            category=code(at),
            probability=probability,
            first=code(self.signs[at, first]) if len(self.category) else place,
            second=code(self.signs[at, second]) if len(self.category) else place,
            support_rate=np.where(known, rate, np.nan),
        )

    def _is_told(self, bought: BoolArray) -> BoolArray:
        """Return (n, m): a person bought one of the category's signs."""
        if not len(self.category):
            return np.zeros(bought.shape, dtype=bool)
        return np.asarray(bought[:, self.signs].any(axis=2))

    def _signs_of(self, bought: BoolArray, place: IntArray) -> tuple[IntArray, IntArray]:
        """Return the places, among a category's signs, of the two that the person bought and that speak most."""
        if not len(self.category):
            return place, place
        signs = self.signs[np.where(place >= 0, place, 0)]  # (n, k, s), the one that speaks most first
        has = np.take_along_axis(bought[:, None, :], signs.reshape(len(bought), 1, -1), axis=2).reshape(
            signs.shape
        )
        first = has.argmax(axis=2)
        rest = has & (np.arange(signs.shape[2]) != first[:, :, None])
        return first, np.where(rest.any(axis=2), rest.argmax(axis=2), first)


_NUMBERS = tuple(field.name for field in fields(Needs) if field.name != "form")
NO_NEEDS = Needs(
    form="none",
    category=np.zeros(0, dtype=np.int64),
    weights=np.zeros((0, 0)),
    begin_rate=np.zeros(0),
    curve=np.zeros(4),
    signs=np.zeros((0, 0), dtype=np.int64),
    support_rate=np.zeros((0, 0, 0)),
)
"""Tells nothing."""


@dataclass(frozen=True, kw_only=True)
class NeedsTrial:
    """How needs named before the last horizon did, against first purchases within it.

    Attributes
    ----------
    horizon_days, k
        The horizon, and categories named of each person.
    n_people, n_named
        People, and categories named.
    said, hit_rate
        Mean probability of what was named, and the share of it that was bought.
    popular_hit_rate
        The same of the most bought categories that the person did not have.
    """

    horizon_days: int
    k: int
    n_people: int
    n_named: int
    said: float
    hit_rate: float
    popular_hit_rate: float


def learn_needs(sample: Histories, world: World, *, horizon_days: int, since_days: int = 0) -> Needs:
    """Learn what tells needs: the curve from first purchases of the last horizon, relations from all purchases.

    Parameters
    ----------
    sample
        Histories of people drawn by lot.
    world
        Knows the categories of products.
    horizon_days
        Days within which a first purchase counts.
    since_days
        Only what was bought at least so many days before the end is seen.
    """
    now, before = (category_table(sample, world, since_days=since_days + days) for days in (0, horizon_days))
    popular = np.argsort(-now.sum(axis=0), kind="stable")[:MAX_CATEGORIES]
    popular = popular[now[:, popular].sum(axis=0) >= _MIN_BUYERS]
    now, before = now[:, popular], before[:, popular]
    able = before.any(axis=1)
    began = (now & ~before)[able]
    if len(popular) < 2 or not began.any():
        return NO_NEEDS
    before = before[able]
    begin_rate = _begin_rate(before, began)
    signs, support_rate = _signs(now, _weights(now))
    return Needs(
        form="alike",
        category=popular,
        weights=_weights(now),
        begin_rate=begin_rate,
        curve=_curve(_inputs(before, _weights(before), begin_rate)[~before], began[~before]),
        signs=signs,
        support_rate=support_rate,
    )


def try_needs(sample: Histories, world: World, *, horizon_days: int) -> NeedsTrial | None:
    """Name needs as of one horizon ago and compare with what was then bought for the first time; None: there is too little.

    Parameters as of `learn_needs`.
    """
    needs = learn_needs(sample, world, horizon_days=horizon_days, since_days=horizon_days)
    if needs.form == "none":
        return None
    before = category_table(sample, world, since_days=horizon_days)
    able = before.any(axis=1)
    before, came = before[able], category_table(sample, world)[able]
    named = needs.of(before, k=_K)
    has = named.category >= 0
    rank = np.where(before[:, needs.category], np.nan, before[:, needs.category].sum(axis=0)[None, :])
    popular = needs.category[_best(rank, k=_K)[0]]
    rows = np.arange(len(before))[:, None]
    return NeedsTrial(
        horizon_days=horizon_days,
        k=_K,
        n_people=len(before),
        n_named=int(has.sum()),
        said=float(named.probability[has].mean()) if has.any() else 0.0,
        hit_rate=float(came[rows, named.category][has].mean()) if has.any() else 0.0,
        popular_hit_rate=float(came[rows, popular][has].mean()) if has.any() else 0.0,
    )


def category_table(histories: Histories, world: World, *, since_days: int = 0) -> BoolArray:
    """Return (n_people, n_categories): whether each person bought from each category, at least so many days ago."""
    table = np.zeros((histories.n_people, len(world.catalogue.categories)), dtype=bool)
    shelf = world.catalogue.category[histories.code]
    known = (shelf >= 0) & (histories.days > since_days if since_days else True)
    table[histories.person[known], shelf[known]] = True
    return table


def _weights(bought: BoolArray) -> FloatArray:
    matrix = bought.astype(np.float32)
    return ease(matrix.T @ matrix, n_people=len(matrix)).astype(float)


def _begin_rate(before: BoolArray, began: BoolArray) -> FloatArray:
    """Return (m,): of those without a category the share that began, drawn to that of all categories."""
    without = (~before).sum(axis=0)
    usual = began.sum() / max(without.sum(), 1)
    return np.asarray((began.sum(axis=0) + _PRIOR_PEOPLE * usual) / (without + _PRIOR_PEOPLE))


def _inputs(bought: BoolArray, weights: FloatArray, begin_rate: FloatArray) -> FloatArray:
    """Return (n, m, 4): what the curve sees of each person and category."""
    speaks = bought.astype(float) @ weights
    size = np.log1p(bought.sum(axis=1))[:, None]
    parts = (np.ones_like(speaks), logit(begin_rate)[None, :], speaks, size)
    return np.stack(np.broadcast_arrays(*parts), axis=2)


def _curve(inputs: FloatArray, came: BoolArray) -> FloatArray:
    """Return the coefficients of a logistic regression, the slopes drawn a little to 0, by Newton's method."""
    found = np.zeros(inputs.shape[1])
    ridge = _RIDGE * np.diag([0.0, *np.ones(inputs.shape[1] - 1)])
    for _ in range(_STEPS):
        said = expit(inputs @ found)
        slope = inputs.T @ (came - said) - ridge @ found
        bend = (inputs * (said * (1 - said))[:, None]).T @ inputs + ridge + 1e-9 * np.eye(len(found))
        found = found + np.linalg.solve(bend, slope)
    return np.asarray(found)


def _signs(bought: BoolArray, weights: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the signs of each category, which its buyers bought more than others, and the shares of its buyers who did, as of `Needs`."""
    own = np.arange(len(weights))
    matrix = bought.astype(float)
    share = matrix.mean(axis=0)
    speaks = np.where(matrix.T @ matrix > len(matrix) * np.outer(share, share), weights, -np.inf)
    speaks[own, own] = -np.inf
    signs = np.argsort(-speaks, axis=0, kind="stable")[: min(_N_SIGNS, len(own) - 1)].T
    signs = np.where(np.take_along_axis(speaks.T, signs, axis=1) > 0, signs, own[:, None])
    support = np.zeros((*signs.shape, signs.shape[1]))
    for category, those in enumerate(signs):
        buyers = matrix[bought[:, category]][:, those]
        support[category] = buyers.T @ buyers / max(len(buyers), 1)
    return signs, support


def _best(values: FloatArray, *, k: int) -> tuple[IntArray, FloatArray]:
    """Return (n, k) places of the largest values and these values; -1 and NaN: no more."""
    filled = np.where(np.isfinite(values), values, -np.inf)
    place = np.argsort(-filled, axis=1, kind="stable")[:, :k]
    place = np.pad(place, ((0, 0), (0, k - place.shape[1])), constant_values=0)
    found = np.take_along_axis(filled, place, axis=1) if filled.shape[1] else np.full(place.shape, -np.inf)
    found[:, min(k, filled.shape[1]) :] = -np.inf
    return np.where(np.isfinite(found), place, -1), np.where(np.isfinite(found), found, np.nan)
