"""A bounded number of people as arrays, and what is left of the limits for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimwell.promote.plan.model import Problem

__all__ = ["Prospects", "Room", "available", "use_of"]


@dataclass(frozen=True, kw_only=True)
class Prospects:
    """People to choose offers for; rows are people, columns are offers in the order of the problem.

    Attributes
    ----------
    person_id
        (people,): who.
    value, cost
        (people, offers): expected incremental profit and expected cost in thousandths of a minor unit; 0 where not eligible.
    eligible
        (people, offers): who may get what.
    member
        (people, segments): who is in which of `Problem.segments`.
    draw
        (people,): a number in 0..1 made from the id; breaks ties.
    weight
        (people,): for how many people each one stands, if these are a sample; else 1.
    """

    person_id: NDArray[np.int64]
    value: NDArray[np.float64]
    cost: NDArray[np.float64]
    eligible: NDArray[np.bool_]
    member: NDArray[np.bool_]
    draw: NDArray[np.float64]
    weight: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.person_id)

    def __getitem__(self, index: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Prospects:
        """Return some of the people."""
        return Prospects(
            person_id=self.person_id[index],
            value=self.value[index],
            cost=self.cost[index],
            eligible=self.eligible[index],
            member=self.member[index],
            draw=self.draw[index],
            weight=self.weight[index],
        )


@dataclass(frozen=True, kw_only=True)
class Room:
    """What some people may use: budget in milli, contacts per limit; a minimum is what they still have to bring."""

    budget: float
    minima: NDArray[np.float64]
    maxima: NDArray[np.float64]

    @classmethod
    def of(cls, problem: Problem) -> Room:
        """Return the whole room: nobody has used anything."""
        return cls(budget=float(problem.budget_milli), minima=problem.minima, maxima=problem.maxima)

    def after(self, use: NDArray[np.float64]) -> Room:
        """Return what is left after others used so much: the budget first, then one number per limit."""
        return Room(budget=self.budget - use[0], minima=self.minima - use[1:], maxima=self.maxima - use[1:])

    def broken(self, use: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return by how much a use breaks the budget (first) and each limit; zero where it holds."""
        over = np.maximum(use[1:] - self.maxima, 0.0)
        under = np.maximum(self.minima - use[1:], 0.0)
        return np.concatenate([[max(use[0] - self.budget, 0.0)], over + under])


def use_of(
    chosen: NDArray[np.float64] | NDArray[np.bool_], people: Prospects, problem: Problem
) -> NDArray[np.float64]:
    """Return what a choice uses: expected cost in milli first, then contacts per limit."""
    taken = chosen * people.weight[:, None]
    everyone = taken.sum(axis=0)
    by_segment = people.member.T @ taken
    contacts = [
        counted @ (everyone if limit.segment is None else by_segment[problem.segments.index(limit.segment)])
        for limit, counted in zip(problem.limits, problem.counts, strict=True)
    ]
    return np.array([float((taken * people.cost).sum()), *contacts])


def available(people: Prospects, problem: Problem) -> NDArray[np.float64]:
    """Return how many contacts each limit could count at most: (limits,)."""
    counts = []
    for limit, counted in zip(problem.limits, problem.counts, strict=True):
        most = np.minimum(people.eligible @ counted, problem.contacts_per_person) * people.weight
        if limit.segment is not None:
            most = most * people.member[:, problem.segments.index(limit.segment)]
        counts.append(float(most.sum()))
    return np.array(counts)
