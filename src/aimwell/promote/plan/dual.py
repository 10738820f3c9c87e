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
    "Settled",
    "Spans",
    "bound_of",
    "charges",
    "closeness",
    "settle",
    "spans_of",
    "tie_slopes",
    "worth_of",
]

_SPAN_SHARE = 0.01
_LEAST_SPAN = 1e-9
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
    nearest
        (people, `contacts_per_person` + 1): the offers of the best scores, best first: those that a person may waver between.
    """

    chosen: NDArray[np.bool_]
    scores: NDArray[np.float64]
    threshold: NDArray[np.float64]
    lead: NDArray[np.float64]
    nearest: NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Spans:
    """How far leads reach among those who waver about an offer, or in a segment: dense where it is small.

    A lead means little by itself: about a dear offer for few, even the most doubtful may be far from changing their minds.
    Divided by the largest span of the offers in question (and of the person's segments), leads can be compared.
    """

    offers: NDArray[np.float64]
    segments: NDArray[np.float64]


def tie_slopes(problem: Problem, *, mean_value: float) -> NDArray[np.float64]:
    """Return what a person's draw (0..1) adds to each offer's score: different for each offer, and next to nothing.

    Equal people would otherwise all decide alike, and no price could divide them.
    """
    n_offers = len(problem.offers)
    return _TIE_SHARE * max(mean_value, 1.0) * (1.0 + np.arange(n_offers)) / n_offers


def settle(
    people: Prospects, problem: Problem, *, prices: Prices, slopes: NDArray[np.float64]
) -> Settled:
    """Let each person take the best offers at these prices, at most `contacts_per_person`, and none at a loss."""
    scores = people.value - prices.budget * people.cost - charges(people, problem, prices=prices)
    scores += people.draw[:, None] * slopes
    scores[~people.eligible] = -np.inf
    n_best = min(problem.contacts_per_person, scores.shape[1])
    nearest, best = _ranked(scores, n_best + 1)
    last_in, next_out = best[:, n_best - 1], np.maximum(best[:, n_best], 0.0)
    threshold = np.maximum(last_in, 0.0)
    chosen = (scores >= threshold[:, None]) & (scores > 0.0)
    lead = np.where(last_in > 0.0, last_in - next_out, np.abs(scores).min(axis=1, initial=np.inf))
    return Settled(chosen=chosen, scores=scores, threshold=threshold, lead=lead, nearest=nearest)


def spans_of(settled: Settled, people: Prospects, problem: Problem) -> Spans:
    """Measure the spans: the lead up to which a fixed share of all people waver about an offer, or in a segment."""
    enough = _SPAN_SHARE * float(people.weight.sum())
    about = [(settled.nearest == k).any(axis=1) for k in range(len(problem.offers))]
    inside = [people.member[:, s] for s in range(len(problem.segments))]
    return Spans(
        offers=np.array([_span(settled.lead[one], people.weight[one], enough=enough) for one in about]),
        segments=np.array([_span(settled.lead[one], people.weight[one], enough=enough) for one in inside]),
    )


def closeness(settled: Settled, people: Prospects, spans: Spans) -> NDArray[np.float64]:
    """Return (people,): leads in units of the span that fits; the smaller, the more doubtful."""
    unit = spans.offers[settled.nearest].max(axis=1)
    if spans.segments.size:
        unit = np.maximum(unit, np.where(people.member, spans.segments, 0.0).max(axis=1))
    return settled.lead / np.maximum(unit, _LEAST_SPAN)


def _span(lead: NDArray[np.float64], weight: NDArray[np.float64], *, enough: float) -> float:
    order = np.argsort(lead, kind="stable")
    within = np.searchsorted(np.cumsum(weight[order]), enough)
    finite = lead[order][: within + 1]
    finite = finite[np.isfinite(finite)]
    return float(finite[-1]) if finite.size else 0.0


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
    charged = per_limit[plain].sum(axis=0)[None, :]
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
