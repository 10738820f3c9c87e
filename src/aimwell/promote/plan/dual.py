"""The choice by prices: give every limit a price, and each person takes what is worth most after paying.

Lagrangian relaxation. With prices the limits no longer tie people together, so that each person is decided alone, and for *any*
prices of the right sign the sum of what people take, plus the worth of the limits, is an upper bound on every possible plan
(weak duality).

References
----------
A. M. Geoffrion (1974), "Lagrangean relaxation for integer programming", Mathematical Programming Study 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimwell.promote.plan.model import Prices, Problem
from aimwell.promote.plan.prospects import Prospects, Room

__all__ = [
    "Reach",
    "Settled",
    "bound_of",
    "charges",
    "reach_of",
    "settle",
    "tie_slopes",
    "wavering",
    "worth_of",
]

_TIE_SHARE = 1e-5  # ties are broken by at most this share of the mean expected profit


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What people take at some prices.

    Attributes
    ----------
    chosen
        (people, offers): who takes what.
    scores
        (people, offers): what each offer is worth after paying the prices; minus infinity where not eligible.
    threshold
        (people,): the score at or above which an offer is taken.
    lead
        (people,): by how much a score must change before the person decides otherwise.
    about
        (people, 2): the offers in doubt: the last that is taken and the first that is not, or one of them twice if the doubt is
        whether to take it at all.
    """

    chosen: NDArray[np.bool_]
    scores: NDArray[np.float64]
    threshold: NDArray[np.float64]
    lead: NDArray[np.float64]
    about: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Up to which lead people count as wavering: in general, about each offer, and in each segment.

    About an offer that few can be moved to, even the most doubtful are far from changing their minds; the same in a small
    segment. So each has a reach of its own.
    """

    general: float
    offers: NDArray[np.float64]
    segments: NDArray[np.float64]


def tie_slopes(problem: Problem, *, mean_value: float) -> NDArray[np.float64]:
    """Return what a person's draw (0..1) adds to each offer's score: different for each offer, and next to nothing.

    Equal people would otherwise all decide alike, and no price could divide them.
    """
    n_offers = len(problem.offers)
    return _TIE_SHARE * max(mean_value, 1.0) * (1.0 + np.arange(n_offers)) / n_offers


def settle(people: Prospects, problem: Problem, *, prices: Prices, slopes: NDArray[np.float64]) -> Settled:
    """Let each person take the best offers at these prices, at most `contacts_per_person`, and none at a loss."""
    scores = people.value - prices.budget * people.cost - charges(people, problem, prices=prices)
    scores += people.draw[:, None] * slopes
    scores[~people.eligible] = -np.inf
    n_best = min(problem.contacts_per_person, scores.shape[1])
    nearest, best = _ranked(scores, n_best + 1)
    last_in, next_out = best[:, n_best - 1], np.maximum(best[:, n_best], 0.0)
    threshold = np.maximum(last_in, 0.0)
    chosen = (scores >= threshold[:, None]) & (scores > 0.0)
    is_full = last_in > 0.0
    lead = np.where(is_full, last_in - next_out, np.abs(scores).min(axis=1, initial=np.inf))
    one = np.where(is_full, nearest[:, n_best - 1], np.abs(scores).argmin(axis=1))
    other = np.where(is_full & (next_out > 0.0), nearest[:, n_best], one)
    about = np.column_stack([one, other])
    return Settled(chosen=chosen, scores=scores, threshold=threshold, lead=lead, about=about)


def reach_of(
    settled: Settled,
    people: Prospects,
    problem: Problem,
    *,
    general: float,
    offers: NDArray[np.float64],
    segments: NDArray[np.float64],
    cost: float = 0.0,
) -> Reach:
    """Return the reach within which so many people waver in general, about each offer, and in each segment.

    `cost` is what those who waver in general shall at least cost together: to move the budget by so much, people of little cost
    are soon counted and of little use.
    """
    lead, weight = settled.lead, people.weight
    about = [(settled.about == k).any(axis=1) for k in range(len(problem.offers))]
    inside = [people.member[:, s] for s in range(len(problem.segments))]
    costs = np.take_along_axis(people.cost, settled.about[:, :1], axis=1)[:, 0] * weight
    return Reach(
        general=max(_quantile(lead, weight, count=general), _quantile(lead, costs, count=cost)),
        offers=np.array([_quantile(lead[a], weight[a], count=n) for a, n in zip(about, offers, strict=True)]),
        segments=np.array(
            [_quantile(lead[i], weight[i], count=n) for i, n in zip(inside, segments, strict=True)]
        ),
    )


def wavering(settled: Settled, people: Prospects, reach: Reach) -> NDArray[np.bool_]:
    """Return (people,): who wavers."""
    within = np.maximum(reach.offers[settled.about].max(axis=1), reach.general)
    if reach.segments.size:
        within = np.maximum(within, np.where(people.member, reach.segments, 0.0).max(axis=1))
    is_wavering: NDArray[np.bool_] = settled.lead <= within
    return is_wavering


def _quantile(lead: NDArray[np.float64], weight: NDArray[np.float64], *, count: float) -> float:
    """Return the lead that people who stand for `count` have at most."""
    order = np.argsort(lead, kind="stable")
    below = lead[order][np.cumsum(weight[order]) <= count]
    below = below[np.isfinite(below)]
    return float(below[-1]) if below.size else 0.0


def _ranked(scores: NDArray[np.float64], n_ranks: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the offers of the best scores and these scores, best first; beyond the last offer: the last, at minus infinity."""
    left, rows = scores.copy(), np.arange(len(scores))
    nearest = np.empty((len(scores), n_ranks), dtype=np.int64)
    best = np.empty((len(scores), n_ranks))
    for rank in range(n_ranks):
        nearest[:, rank] = left.argmax(axis=1)
        best[:, rank] = left[rows, nearest[:, rank]]
        left[rows, nearest[:, rank]] = -np.inf
    return nearest, best


def charges(people: Prospects, problem: Problem, *, prices: Prices) -> NDArray[np.float64]:
    """Return what the limits charge for each pair: (people, offers), or (1, offers) if no limit looks at segments."""
    per_limit = prices.limits[:, None] * problem.counts
    plain = np.array([limit.segment is None for limit in problem.limits], dtype=bool)
    charged: NDArray[np.float64] = per_limit[plain].sum(axis=0)[None, :]
    for row, limit in enumerate(problem.limits):
        if limit.segment is not None:
            inside = people.member[:, problem.segments.index(limit.segment)]
            charged = charged + inside[:, None] * per_limit[row]
    return charged


def bound_of(people: Prospects, problem: Problem, *, prices: Prices, room: Room) -> float:
    """Return what no plan for these people within `room` can exceed, in milli: the Lagrangian at these prices."""
    scores = people.value - prices.budget * people.cost - charges(people, problem, prices=prices)
    scores[~people.eligible] = 0.0
    n_best = min(problem.contacts_per_person, scores.shape[1])
    best = -np.partition(-scores, n_best - 1, axis=1)[:, :n_best]
    return float((np.maximum(best, 0.0).sum(axis=1) * people.weight).sum()) + worth_of(prices, room=room)


def worth_of(prices: Prices, *, room: Room) -> float:
    """Return the worth of the room at these prices: maxima at positive prices, minima at negative ones."""
    ends = np.where(prices.limits > 0, room.maxima, room.minima)
    return prices.budget * room.budget + float(np.where(prices.limits == 0, 0.0, prices.limits * ends).sum())
