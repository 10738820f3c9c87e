"""Random campaigns, and their true optimum by a model of its own: SciPy's `milp`, built pair by pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from aimwell.promote.plan.model import Campaign, Incrementality, Limit, Offer, Problem
from aimwell.promote.plan.prospects import Prospects


@dataclass(frozen=True)
class Case:
    people: Prospects
    problem: Problem


def rows_of(
    case: Case,
) -> tuple[list[tuple[int, int]], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the pairs, and the rows `lower <= matrix @ x <= upper` over them."""
    people, problem = case.people, case.problem
    n_people, n_offers = people.value.shape
    pairs = [(i, j) for i in range(n_people) for j in range(n_offers) if people.eligible[i, j]]
    rows = [[people.cost[i, j] for i, j in pairs]]
    lower, upper = [-np.inf], [float(problem.budget_milli)]
    for limit in problem.limits:
        inside = (
            people.member[:, problem.segments.index(limit.segment)] if limit.segment else np.ones(n_people)
        )
        rows.append([float(inside[i] and problem.offers[j].offer_id in limit.offer_ids) for i, j in pairs])
        lower.append(limit.minimum)
        upper.append(np.inf if limit.maximum is None else limit.maximum)
    for person in range(n_people):
        rows.append([float(i == person) for i, _ in pairs])
        lower.append(-np.inf)
        upper.append(problem.contacts_per_person)
    return pairs, np.array(rows), np.array(lower), np.array(upper)


def optimum(case: Case) -> float | None:
    """Return the best value in whole people; None if there is no such plan."""
    pairs, matrix, lower, upper = rows_of(case)
    values = np.array([case.people.value[i, j] for i, j in pairs])
    found = milp(
        -values,
        integrality=np.ones(len(pairs)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(matrix, lower, upper),
        options={"mip_rel_gap": 0},
    )
    return None if found.x is None else float(values @ np.round(found.x))


def relaxed_optimum(case: Case) -> float:
    """Return the best value in fractions of people."""
    pairs, matrix, lower, upper = rows_of(case)
    values = np.array([case.people.value[i, j] for i, j in pairs])
    above, below = np.isfinite(upper), np.isfinite(lower)
    found = linprog(
        -values,
        A_ub=np.vstack([matrix[above], -matrix[below]]),
        b_ub=np.concatenate([upper[above], -lower[below]]),
        bounds=(0, 1),
    )
    return -float(found.fun)


def exact_bound(case: Case, *, budget_price: int, limit_prices: tuple[int, ...]) -> int:
    """Return the certificate's bound, in Python's whole numbers."""
    people, problem = case.people, case.problem
    total = budget_price * problem.budget_milli // (1 << 20)
    for price, limit in zip(limit_prices, problem.limits, strict=True):
        assert price <= 0 or limit.maximum is not None
        assert price >= 0 or limit.minimum > 0
        total += price * (limit.maximum if price > 0 else limit.minimum) if price else 0
    for i in range(len(people)):
        reduced = []
        for j, offer in enumerate(problem.offers):
            if people.eligible[i, j]:
                charged = sum(
                    price
                    for price, limit in zip(limit_prices, problem.limits, strict=True)
                    if offer.offer_id in limit.offer_ids
                    and (limit.segment is None or people.member[i, problem.segments.index(limit.segment)])
                )
                reduced.append(
                    int(people.value[i, j]) - (budget_price * int(people.cost[i, j]) >> 20) - charged
                )
        total += sum(r for r in sorted(reduced, reverse=True)[: problem.contacts_per_person] if r > 0)
    return total


def random_case(seed: int, *, n_people: int | None = None) -> Case:
    """Make a campaign with limits of every kind: budget, channels, stocks, minima, maxima, exact numbers, segments; some impossible."""
    rng = np.random.default_rng(seed)
    n_people = n_people or int(rng.integers(2, 15))
    n_offers = int(rng.integers(1, 5))
    shape = (n_people, n_offers)
    value = rng.integers(-20_000, 100_000, shape).astype(float)
    cost = rng.integers(0, 50_000, shape).astype(float)
    if seed % 5 == 0:  # ties: everybody alike
        value[:] = value[0]
        cost[:] = cost[0]
    if seed % 7 == 0:  # sorted, not random
        value = np.sort(value, axis=0)[::-1].copy()
    if seed % 11 == 0:  # everything costs the same
        cost[:] = 10_000.0
    eligible = rng.random(shape) < rng.choice([0.5, 0.8, 1.0])
    member = rng.random((n_people, 2)) < np.array([0.5, 0.2])
    offers = tuple(_offer(rng, k, n_people) for k in range(n_offers))
    limits = _limits(rng, offers, n_people)
    campaign = Campaign(
        name="random",
        currency="EUR",
        budget_minor=int(rng.integers(1, max(2, 25 * n_people))),
        horizon_days=30,
        incrementality=Incrementality(low=0.0, mid=0.5, high=1.0),
        salt=str(seed),
        contacts_per_person=int(rng.choice([1, 1, 2, 3])),
        channel_capacities={"sms": int(rng.integers(0, n_people + 1))} if rng.random() < 0.5 else {},
        limits=limits,
    )
    problem = Problem.of(offers, campaign)
    people = Prospects(
        person_id=np.arange(n_people),
        value=np.where(eligible, value, 0.0),
        cost=np.where(eligible, cost, 0.0),
        eligible=eligible,
        member=member[:, [int(name) for name in problem.segments]],
        draw=rng.random(n_people),
        weight=np.ones(n_people),
    )
    return Case(people, problem)


def _offer(rng: np.random.Generator, number: int, n_people: int) -> Offer:
    return Offer(
        offer_id=f"o{number}",
        name=f"Offer {number}",
        channel=str(rng.choice(["sms", "app"])),
        contact_milli=0,
        incentive_minor=0,
        margin_rate=0.5,
        stock=int(rng.integers(0, n_people + 1)) if rng.random() < 0.4 else None,
    )


def _limits(rng: np.random.Generator, offers: tuple[Offer, ...], n_people: int) -> tuple[Limit, ...]:
    limits = []
    everything = tuple(o.offer_id for o in offers)
    for offer in offers:
        if rng.random() < 0.35:
            minimum = int(rng.integers(0, max(1, n_people // 2)))
            maximum = minimum if rng.random() < 0.3 else int(rng.integers(minimum, n_people + 1))
            limits.append(
                Limit(
                    key=f"offer {offer.offer_id}",
                    kind="offer",
                    offer_ids=(offer.offer_id,),
                    segment=None,
                    minimum=minimum,
                    maximum=maximum,
                )
            )
    for segment in ("0", "1"):
        if rng.random() < 0.3:
            minimum = int(rng.integers(0, max(1, n_people // 4)))
            maximum = None if rng.random() < 0.5 else int(rng.integers(minimum, n_people + 1))
            ids = everything if rng.random() < 0.7 else (everything[0],)
            limits.append(
                Limit(
                    key=f"segment {segment}",
                    kind="segment" if ids == everything else "offer_segment",
                    offer_ids=ids,
                    segment=segment,
                    minimum=minimum,
                    maximum=maximum,
                )
            )
    return tuple(limits)
