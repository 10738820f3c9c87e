"""Learns a model from older baskets and tests it on newer ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import ibis.expr.types as ir
import numpy as np

from aimwell.predict.affinity.abstentions import too_little_data
from aimwell.predict.affinity.arrays import FloatArray, IntArray
from aimwell.predict.affinity.choose import Wishes, choose
from aimwell.predict.affinity.histories import Histories
from aimwell.predict.affinity.measures import (
    ListScore,
    global_top,
    list_score,
    personal_top,
    score_bins,
    truth_of,
)
from aimwell.predict.affinity.model import Decayed, Scorer, Trial, batches
from aimwell.predict.affinity.ranker import Ranker, labels, learn_ranker
from aimwell.predict.affinity.service.gather import (
    Source,
    gather_catalogue,
    gather_sample,
    gather_world,
)
from aimwell.predict.affinity.world import World
from aimwell.predict.model import Abstention

__all__ = ["Learned", "learn", "lists_of", "scored_lists", "tried"]

MAX_LESSONS = 4
_BASKETS_PER_LESSON = 3


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What some lines taught: the shop, the ranker, and the people it learned from."""

    world: World
    ranker: Ranker
    sample: Histories


def learn(lines: ir.Table, *, from_turn: int, source: Source, seed: int) -> Learned | Abstention:
    """Learn from the baskets of `from_turn` and before.

    The ranker learns from each person's newest baskets (one of three that the median person has, four at most), out of time:
    popularity and relations are then those of the baskets before all of these.

    Parameters
    ----------
    lines
        Lines by turn, staged.
    from_turn
        Newer turns are only kept in the sample, for a test.
    source, seed
        Where the data come from, and what randomness starts from.
    """
    engine = source.engine
    known = lines.filter(lines.turn >= from_turn)
    catalogue = gather_catalogue(known, source=source)
    sample = gather_sample(lines, catalogue, engine=engine)
    n_bought = len(np.unique(sample.code))
    shortage = too_little_data(n_people=sample.n_people, n_products=n_bought)
    if shortage is not None:
        return shortage
    n_lessons = _n_lessons(sample)
    older = gather_world(lines.filter(lines.turn >= from_turn + n_lessons), catalogue, engine=engine)
    ranker = _ranker(sample, older, turns=range(from_turn, from_turn + n_lessons), seed=seed)
    return Learned(world=gather_world(known, catalogue, engine=engine), ranker=ranker, sample=sample)


def tried(
    learned: Learned, *, k: int, kind: Literal["last", "rolling"], cut: datetime | None = None
) -> Trial:
    """Test on the baskets of turn 0, which `learn(from_turn=1)` did not see; all products may be shown, as people may buy them."""
    world, sample = _unfiltered(learned.world), learned.sample
    truth = truth_of(sample, turn=0, n_items=world.n_items)
    past = sample.before(0)
    popularity = world.buyer_rate * world.rebuy
    boosted, scores_ = scored_lists(past, world, learned.ranker, wishes=Wishes(k=k))
    lists: dict[str, IntArray] = {
        "boosted": boosted,
        "decayed": lists_of(past, world, Decayed(), wishes=Wishes(k=k)),
        "personal_top": personal_top(past, k=k, n_items=world.n_items),
        "global_top": global_top(popularity, k=k, n_people=past.n_people),
        "blend": personal_top(past, k=k, n_items=world.n_items, tie_break=popularity),
    }
    scores: Mapping[str, ListScore] = {name: list_score(found, truth) for name, found in lists.items()}
    n_products = max(len(truth.basket), 1)
    return Trial(
        kind=kind,
        cut=cut,
        n_people=len(truth.people),
        repeat_rate=float(truth.is_repeat.sum() / n_products),
        scores=scores,
        calibration=score_bins(boosted, scores_, truth),
    )


def lists_of(past: Histories, world: World, scorer: Scorer, *, wishes: Wishes) -> IntArray:
    """Return (n_people, k) codes of the products recommended, best first; -1: no more."""
    return scored_lists(past, world, scorer, wishes=wishes)[0]


def scored_lists(
    past: Histories, world: World, scorer: Scorer, *, wishes: Wishes
) -> tuple[IntArray, FloatArray]:
    """Return the codes that `lists_of` returns, and their probabilities; NaN: no more."""
    lists = np.full((past.n_people, wishes.k), -1, dtype=np.int64)
    scores = np.full(lists.shape, np.nan)
    for first, found in batches(past, world):
        probability = scorer.probabilities(found)
        place = choose(found, probability, world=world, wishes=wishes).place
        lists[first : first + len(place)] = np.where(place >= 0, found.code[place], -1)
        scores[first : first + len(place)] = np.where(place >= 0, probability[place], np.nan)
    return lists, scores


def _unfiltered(world: World) -> World:
    everything = np.ones(world.n_items, dtype=bool)
    return replace(world, catalogue=replace(world.catalogue, may_show=everything))


def _n_lessons(sample: Histories) -> int:
    """Return from how many baskets of each person to learn: where people have few, what is before them must not vanish."""
    n_baskets = np.zeros(sample.n_people)
    np.maximum.at(n_baskets, sample.person, sample.turn + 1.0)
    return int(np.clip(np.median(n_baskets) // _BASKETS_PER_LESSON, 1, MAX_LESSONS))


def _ranker(sample: Histories, world: World, *, turns: range, seed: int) -> Ranker:
    found, outcomes = [], []
    for turn in turns:
        before = sample.before(turn)
        is_taught = np.zeros(sample.n_people, dtype=bool)
        is_taught[sample.basket(turn)[0]] = True
        has_past = np.zeros(sample.n_people, dtype=bool)
        has_past[before.person] = True
        people = is_taught & has_past
        basket = sample.of(people).basket(turn)
        for first, some in batches(before.of(people), world):
            found.append(some)
            outcomes.append(labels(some, (basket[0] - first, basket[1]), n_items=world.n_items))
    return learn_ranker(found, outcomes, seed=seed)
