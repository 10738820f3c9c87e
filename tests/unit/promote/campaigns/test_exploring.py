"""Explorers: the lowest lots of the treatment, within a share of budget, limits and people; nobody else's arm changes."""

from __future__ import annotations

from datetime import datetime

import ibis
import numpy as np
import pytest

from aimwell.base.lottery import LOTS
from aimwell.promote.campaigns.service.exploring import Explorers, find_explorers
from aimwell.promote.measure.arms import ArmShares, arms_of, assign
from aimwell.promote.plan.model import Campaign, Incrementality, Offer, Problem
from aimwell.promote.plan.service.gathering import all_choices
from aimwell.promote.policy.beliefs import with_gains
from aimwell.storage.engines import Engine

NOW = datetime(2025, 3, 1)
N = 4_000
IDS = np.random.default_rng(1).integers(-(2**62), 2**62, N)
SHARES = ArmShares(
    treatment=0.75,
    holdout=0.15,
    random=0.1,
    global_holdout=0.0,
    salt="arms",
    global_salt="shop",
    rotation_began_at=datetime(2025, 1, 1),
)


def found(
    engine: Engine, *, share: float, budget_minor: int, stock: int | None = None
) -> tuple[Explorers, dict[int, list[float]]]:
    """Return the explorers, and what a contact costs with each person, by offer, minor units."""
    offers = tuple(
        Offer(
            offer_id=name,
            name=name,
            channel="mail",
            contact_milli=20_000,
            incentive_minor=incentive,
            margin_rate=None,
            stock=limit,
        )
        for name, incentive, limit in (("tea", 0, None), ("mug", 40, stock))
    )
    campaign = Campaign(
        name="spring-1",
        currency="EUR",
        budget_minor=budget_minor,
        horizon_days=30,
        incrementality=Incrementality(low=0.1, mid=0.3, high=0.5),
        salt=SHARES.campaign_salt("spring-1"),
        holdout_share=SHARES.holdout,
    )
    problem = Problem.of(offers, campaign)
    random = np.random.default_rng(2)
    table = ibis.memtable(
        {
            "person_id": IDS,
            "response_prob": random.beta(2.0, 5.0, N),
            "margin_minor": random.gamma(4.0, 100.0, N),
        }
    )
    people = with_gains(table, None, {}, offers=offers, campaign=campaign)
    choices = all_choices(people, None, problem=problem, campaign=campaign)
    with engine.stage(assign(choices, SHARES, campaign_id="spring-1", now=NOW)) as armed:
        made = find_explorers(
            armed, people, shares=SHARES, share=share, problem=problem, campaign=campaign, engine=engine
        )
        costs = {row["person_id"]: [row["cost_0"] / 1000, row["cost_1"] / 1000] for row in engine.rows(armed)}
    return made, costs


def expected(made: Explorers, costs: dict[int, list[float]]) -> tuple[float, float]:
    """Return what explorers are expected to cost, and how many get the second offer."""
    rows = made.rows.to_pylist()
    cost = sum(float(np.dot(row["chances"][1:], costs[row["person_id"]])) for row in rows)
    return cost, sum(row["chances"][2] for row in rows)


def arms(shares: ArmShares) -> np.ndarray:
    return arms_of(IDS, shares, campaign_id="spring-1", now=NOW)


def test_the_budget_ends_exploring_and_arms_are_still_lots(engine: Engine) -> None:
    made, costs = found(engine, share=0.1, budget_minor=20_000)
    cost, _ = expected(made, costs)
    dearest = max(max(one) for one in costs.values())
    assert 2_000 - 2 * dearest < cost <= 2_000
    before, after = arms(SHARES), arms(made.shares)
    assert set(IDS[after == "explore"]) == set(made.rows["person_id"].to_pylist())
    assert set(before[after == "explore"]) == {"treatment"}
    assert (before[after != "explore"] == after[after != "explore"]).all()
    # so rare that people of the same share could come about by chance
    assert made.shares.explore == pytest.approx((after == "explore").mean(), abs=0.02)


def test_an_ample_budget_makes_a_share_of_the_people_explore(engine: Engine) -> None:
    made, _ = found(engine, share=0.1, budget_minor=10_000_000)
    assert made.shares.explore == pytest.approx(0.1 * 0.75, abs=2 / LOTS)
    assert made.shares.treatment == pytest.approx(0.9 * 0.75, abs=2 / LOTS)
    assert made.rows.num_rows == pytest.approx(300, abs=70)  # standard deviation 17


def test_limits_give_their_share_too(engine: Engine) -> None:
    made, costs = found(engine, share=0.1, budget_minor=10_000_000, stock=200)
    _, mugs = expected(made, costs)
    assert 18 < mugs <= 20
    taken = [row["explored"] for row in made.rows.to_pylist()]
    assert abs(taken.count(2) - mugs) < 5 * np.sqrt(mugs)


def test_explorers_take_what_is_believed_and_all_of_it(engine: Engine) -> None:
    made, _ = found(engine, share=0.5, budget_minor=10_000_000)
    chances = np.array(made.rows["chances"].to_pylist())
    assert chances.min() >= 0.1 / 3 - 1e-9  # everything possible is tried
    assert chances.sum(axis=1) == pytest.approx(np.ones(len(chances)))
    drawn = np.bincount(made.rows["explored"].to_numpy(), minlength=3)
    spread = np.sqrt((chances * (1 - chances)).sum(axis=0))
    assert (np.abs(drawn - chances.sum(axis=0)) < 4 * spread).all()
