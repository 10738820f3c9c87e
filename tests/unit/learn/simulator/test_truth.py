"""The truth is exact: it is what the lives do on average, and by hand where a hand can do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from aimwell.learn.simulator.errors import PastTheEnd
from aimwell.learn.simulator.ledger import Ledger
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.model import Deal, Nature, Need, Shelf, Touches, WorldSpec
from aimwell.learn.simulator.truth import truth
from aimwell.learn.simulator.world import World

Make = Callable[..., World]


def test_a_life_without_moves_is_counted_by_hand() -> None:
    # One shelf, one price, nobody moves or differs: each day an order with probability 1 - exp(-rate * demand).
    far = 1e12
    nature = Nature(
        shelves=(Shelf(name="Tea", price=10.0, margin_rate=0.5),),
        order_rate=0.1,
        order_rate_shape=np.inf,
        need_rates=(0, 0, 1.0, 1.0, 1.0, 0, 0),
        days_stocked=far,
        days_sated=far,
        days_open=far,
        days_lapsed=far,
        days_keen=far,
        days_to_lapse=far,
        days_to_go=far,
        lapse_after_order=0.0,
        keen_after_order=0.0,
        lines=3.0,
        lines_spread=0.0,
        price_spread=0.0,
        return_rate=0.0,
        case_rate=0.0,
        dogs_share=0.0,
        hunters_share=0.0,
        annual=0.0,
        stockpile=0.0,
    )
    spec = WorldSpec(
        name="plain", nature=nature, people=200, products=1, days=30, share_at_start=1.0, stock_out_rate=0.0
    )
    life = Life(World(spec, 1))
    margin = 1_000 - int(life.world.catalogue.cost_minor[0])  # one product of exactly 10.00
    pieces = 0.82 + 2 * 0.13 + 3 * 0.05
    rate = 0.1 * np.where(life.people.kind == 1, 1.6, 1.0)  # "sure" people buy more
    weekdays = np.array([1.03, 1.02, 1.0, 0.98, 0.97, 1.0, 1.0])
    orders = sum(1.0 - np.exp(-rate * weekdays[day % 7]) for day in range(20))  # 1 January 2024 is a Monday
    expected = np.where(life.people.need == Need.LAPSED, 0.0, orders * 3.0 * pieces * margin)
    assert truth(life, (), horizon_days=20).baseline == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("like", ["gift-shop", "grocery"])
def test_the_truth_is_the_mean_of_many_lives(world: Make, deals: Sequence[Deal], like: str) -> None:
    check_mean_of_lives(world(like), deals, n_lives=25)


@pytest.mark.deep
@pytest.mark.parametrize("like", ["gift-shop", "grocery"])
def test_the_truth_is_the_mean_of_very_many_lives(world: Make, deals: Sequence[Deal], like: str) -> None:
    check_mean_of_lives(world(like, people=8_000), deals, n_lives=300)


def check_mean_of_lives(made: World, deals: Sequence[Deal], *, n_lives: int) -> None:
    """Lead the same people from one morning many times, each time with other draws, and compare means.

    z: mean of (what happened - what was foretold) over its standard error; slope: of what happened on what was foretold.
    """
    morning, n = Ledger(made), made.spec.people
    morning.live(30)
    half = np.arange(0, n, 2)
    morning.live(
        5, touches=Touches.on(30, half, np.ones(half.size, dtype=int)), deals=deals
    )  # some are at work still
    foretold = truth(morning.life, deals, horizon_days=40)
    is_born = morning.life.state.need != Need.UNBORN
    misses: list[list[float]] = [[] for _ in range(len(deals) + 1)]
    slopes: list[list[float]] = [[] for _ in deals]
    for life in range(n_lives):
        draws = World(made.spec, 1_000 + life)
        draws.__dict__.update(season=made.season, catalogue=made.catalogue)

        def lived(touches: Touches | None, draws: World = draws) -> np.ndarray:
            twin = morning.copy()
            twin.life.world = draws
            return twin.live(40, touches=touches, deals=deals).profit_minor

        without = lived(None)
        misses[-1].append(float((without - foretold.baseline)[is_born].mean()))
        for deal in range(len(deals)):
            gain = lived(Touches.on(35, np.arange(n), np.full(n, deal))) - without
            effect = foretold.effect[:, deal].astype(float)
            misses[deal].append(float((gain - effect).mean()))
            slopes[deal].append(float((gain * effect).sum() / (effect**2).sum()))
    for miss in misses:
        assert abs(np.mean(miss)) < 4 * np.std(miss) / np.sqrt(n_lives)
    for slope in slopes:
        error = np.std(slope) / np.sqrt(n_lives)
        assert abs(np.mean(slope) - 1.0) < 4 * error
        assert error < 0.25


def test_asking_for_the_truth_changes_nothing(world: Make, deals: Sequence[Deal]) -> None:
    life = Life(world())
    before = life.state.copy()
    truth(life, deals)
    assert (life.state.need == before.need).all()
    assert life.day == 0


def test_people_differ_and_sleeping_dogs_are_best_left_alone(world: Make, deals: Sequence[Deal]) -> None:
    life = Life(world(people=8_000))
    life.live(60)
    effect = truth(life, deals).effect
    is_there = life.state.is_reached[:, 0] & (life.state.need != Need.GONE) & (life.state.need != Need.UNBORN)
    assert (effect[~is_there, :2] == 0).all()
    means = [effect[is_there & (life.people.kind == kind), 1].mean() for kind in range(4)]
    ordinary, sure, dog, hunter = means
    assert dog < 0 < ordinary < hunter
    assert sure < ordinary
    share_helped = (effect[is_there, 1] > 0).mean()
    assert 0.3 < share_helped < 0.9


def test_a_contacts_cost_is_taken_off_once(world: Make) -> None:
    life = Life(world())
    free, dear = (
        Deal(offer_id="a", channel="email"),
        Deal(offer_id="b", channel="email", contact_milli=250_000),
    )
    effect = truth(life, (free, dear)).effect
    is_reached = (effect != 0).any(axis=1)
    assert (effect[is_reached, 0] - effect[is_reached, 1]) == pytest.approx(250.0, abs=0.01)


def test_tired_people_gain_less(world: Make, deals: Sequence[Deal]) -> None:
    life = Life(world(people=8_000))
    fresh = truth(life, deals).effect[:, 1]
    helped = fresh > 0
    gains = [fresh[helped].mean()]
    for tired in (2.0, 5.0, 10.0):
        life.state.tired[:] = tired
        gains.append(truth(life, deals).effect[helped, 1].mean())
    assert all(later < earlier for earlier, later in pairwise(gains))


def test_the_truth_of_the_open_depends_on_the_need(world: Make, deals: Sequence[Deal]) -> None:
    life = Life(world())
    values = []
    for need in (Need.LAPSED, Need.STOCKED, Need.SATED, Need.OPEN, Need.KEEN):
        life.state.need[:] = need
        values.append(truth(life, deals).baseline.mean())
    lapsed, stocked, sated, open_, keen = values
    assert lapsed < sated < open_ < keen
    assert stocked < sated


def test_the_truth_ends_with_the_world(world: Make, deals: Sequence[Deal]) -> None:
    with pytest.raises(PastTheEnd):
        truth(Life(world()), deals, horizon_days=211)


def test_the_horizon_cuts_the_days(world: Make) -> None:
    life = Life(world(share_at_start=1.0))
    short, long = truth(life, (), horizon_days=5), truth(life, (), horizon_days=50)
    assert (short.baseline <= long.baseline).all()
    nature = replace(life.world.spec.nature, order_rate=0.0001)
    quiet = Life(World(replace(life.world.spec, nature=nature), 1))
    assert truth(quiet, (), horizon_days=5).baseline.max() < short.baseline.max() / 10
