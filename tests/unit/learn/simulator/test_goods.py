"""The catalogue, the calendar, and orders in full against their quick amounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import pytest

from aimwell.learn.simulator.amounts import amounts, line_counts
from aimwell.learn.simulator.baskets import lines_of
from aimwell.learn.simulator.choosing import products, shelves
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.model import Deal, Shock, Touches
from aimwell.learn.simulator.randoms import Purpose
from aimwell.learn.simulator.shapes import shape
from aimwell.learn.simulator.world import World

Make = Callable[..., World]


def test_holidays_move_with_the_moon_and_the_weekday(world: Make) -> None:
    china = world(market="china", start_on=date(2024, 1, 1), days=360, spare_days=370).season
    new_year = (date(2024, 2, 10) - date(2024, 1, 1)).days
    next_year = (date(2025, 1, 28) - date(2024, 1, 1)).days  # the eve of 29 January
    for day in (new_year, next_year):
        assert china.demand[day] < 0.5
        assert china.demand[day - 15] > 1.1
    assert china.promo[(date(2024, 11, 11) - date(2024, 1, 1)).days] == pytest.approx(0.2)
    west = world(start_on=date(2024, 1, 1), days=360).season
    friday = (date(2024, 11, 29) - date(2024, 1, 1)).days
    assert west.promo[[friday - 1, friday, friday + 3, friday + 4]].tolist() == [0.0, 0.2, 0.2, 0.0]
    mothers = (date(2024, 5, 12) - date(2024, 1, 1)).days
    gifts = west.shelf[:, 4] / west.shelf[:, 0]  # cook books are gifts, pop music is not
    assert gifts[mothers - 3] == pytest.approx(1.5)
    assert gifts[mothers + 1] == pytest.approx(1.0)


def test_trend_and_shocks(world: Make) -> None:
    plain = world().season.demand
    grown = world(trend_rate=0.5).season.demand
    assert grown[73] / plain[73] == pytest.approx(1.5 ** (73 / 365))
    shocked = world(shocks=(Shock(day=10, days=5, factor=0.5),)).season.demand
    assert (shocked / plain)[9:16].tolist() == pytest.approx([1, 0.5, 0.5, 0.5, 0.5, 0.5, 1])
    assert (world(n_shocks=3).season.demand != plain).any()


def test_clocks_change(world: Make) -> None:
    offset = world(start_on=date(2024, 1, 1), days=200).season.utc_offset
    change = (date(2024, 3, 10) - date(2024, 1, 1)).days  # New York
    assert offset[[change - 1, change]].tolist() == [-5 * 3600, -4 * 3600]


def test_nothing_is_bought_while_it_is_sold_out(world: Make) -> None:
    life = Life(world(stock_out_rate=0.2))
    orders = life.live(60).orders
    lines = lines_of(life, orders)
    is_out = life.world.catalogue.is_sold_out
    assert 0.1 < is_out.mean() < 0.3
    assert not is_out[orders.day[lines.order], lines.product].any()
    assert not is_out[:, np.unique(life.world.catalogue.shelf, return_index=True)[1]].any()


def test_the_mean_line_of_a_shelf_is_what_people_buy_there(world: Make) -> None:
    life = Life(world(people=8_000, stock_out_rate=0.1))
    goods, n, day, shelf = life.world.catalogue, 60_000, 17, 5
    who = np.flatnonzero(life.people.tier == 2)
    person = np.resize(who, n)
    chosen = products(
        life, person, np.full(n, day), nth=np.arange(n), shelf=np.full(n, shelf), purpose=Purpose.PRODUCTS
    )
    assert (goods.shelf[chosen] == shelf).all()
    prices = goods.price_minor[chosen] * (0.82 + 2 * 0.13 + 3 * 0.05)
    assert prices.mean() == pytest.approx(goods.price[day, shelf, 2], abs=4 * prices.std() / np.sqrt(n))


def test_people_choose_shelves_by_taste_and_season(world: Make) -> None:
    life = Life(world())
    n, person, day = 40_000, 3, 43  # 13 February: gifts
    chosen = shelves(life, np.full(n, person), np.full(n, day), nth=np.arange(n), purpose=Purpose.CATEGORIES)
    weight = life.people.taste[person] * life.world.season.shelf[day]
    share = weight / weight.sum()
    counted = np.bincount(chosen, minlength=share.size) / n
    assert counted == pytest.approx(share, abs=4 * np.sqrt(0.25 / n))


@pytest.mark.parametrize("like", ["gift-shop", "grocery"])
def test_quick_amounts_and_full_lines_agree(world: Make, like: str) -> None:
    life = Life(world(like))
    deals = (Deal(offer_id="d", channel="email", discount_rate=0.2, category=3),)
    life.people.opens[:] = 0.9
    life.people.impulse[:] *= 10
    touches = Touches.on(0, np.arange(2_000), np.zeros(2_000, dtype=int))
    orders = life.live(30 if like == "grocery" else 110, touches=touches, deals=deals).orders
    quick, lines = amounts(life, orders), lines_of(life, orders)
    assert (np.bincount(lines.order) == quick.n_lines).all()
    assert (quick.n_lines == line_counts(life, orders)).all()
    is_back = lines.back_day >= 0
    full = {
        "net_minor": lines.net,
        "refund_minor": lines.net * is_back,
        "profit_minor": (lines.net - lines.cost) * ~is_back,
    }
    for name, values in full.items():
        exact, about = np.bincount(lines.order, values), getattr(quick, name)
        error = np.hypot(exact.std(), about.std()) / np.sqrt(exact.size)
        assert abs(about.mean() - exact.mean()) < 4 * error, name
        if name != "refund_minor":  # too few come back to a grocery to tell
            assert about.std() == pytest.approx(exact.std(), rel=0.25), name
    brought = np.flatnonzero(orders.is_impulse & (orders.category == 3))
    firsts = np.flatnonzero((lines.line == 0) & np.isin(lines.order, brought))
    assert firsts.size > 20
    assert (life.world.catalogue.shelf[lines.product[firsts]] == 3).all()
    assert ((lines.discount > 0)[firsts]).mean() > 0.99


def test_a_discount_takes_off_its_share(world: Make, deals: Sequence[Deal]) -> None:
    life = Life(world("grocery"))
    touches = Touches.on(0, np.arange(2_000), np.ones(2_000, dtype=int))  # 20% off everything
    orders = life.live(15, touches=touches, deals=deals).orders
    quick, lines = amounts(life, orders), lines_of(life, orders)
    is_off = orders.discount > 0
    assert is_off.sum() > 500
    for net, off in (
        (quick.net_minor, quick.discount_minor),
        (np.bincount(lines.order, lines.net), np.bincount(lines.order, lines.discount)),
    ):
        assert off[is_off].sum() / (net + off)[is_off].sum() == pytest.approx(0.2, abs=0.002)
        assert (off[~is_off] == 0).all()  # no sale of the shop's own falls into these days


def test_returns_come_later_and_as_often_as_the_person_returns(world: Make) -> None:
    life = Life(world(people=4_000))
    orders = life.live(120).orders
    lines = lines_of(life, orders)
    is_back = lines.back_day >= 0
    wait = lines.back_day[is_back] - orders.day[lines.order[is_back]]
    assert (wait.min(), wait.max()) == (3, 20)
    factors = np.array([s.return_factor for s in life.world.catalogue.shelves])
    expected = (
        life.people.returns[orders.person[lines.order]] * factors[life.world.catalogue.shelf[lines.product]]
    )
    assert is_back.mean() == pytest.approx(expected.mean(), abs=4 * np.sqrt(expected.mean() / expected.size))


def test_shape_by_hand() -> None:
    # ann: days 0, 10, 40 (two orders on day 10); ben: day 5; an order of no money counts for nothing
    found = shape(
        np.array([1, 1, 1, 1, 2, 2]),
        np.array([0, 10, 10, 40, 5, 6]),
        np.array([1, 2, 1, 4, 2, 1]),
        np.array([10.0, 20.0, 5.0, 25.0, 40.0, 0.0]),
    )
    assert found.repeat_rate == 0.5
    assert (found.purchases_mean, found.purchases_median) == (2.0, 2.0)
    assert (found.gap_mean, found.gap_median) == (20.0, 20.0)  # 10 and 30 days
    assert (found.lines_mean, found.lines_median) == (2.5, 2.5)  # 1, 3, 4 and 2
    assert found.value_mean == 25.0  # 10, 25, 25 and 40
    assert found.top_tenth == 0.6  # ann's 60 of 100


def test_gap_variation_by_hand() -> None:
    # gaps 1, 1, 1, 1, 6: mean 2, sample variance (4 * 1 + 16) / 4 = 5
    days = np.array([0, 1, 2, 3, 4, 10])
    found = shape(np.zeros(6, dtype=int), days, np.ones(6), np.ones(6))
    assert found.gap_variation == pytest.approx(np.sqrt(5) / 2)
