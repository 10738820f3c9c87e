"""People live the same lives in whatever pieces they are led."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from aimwell.learn.simulator.errors import PastTheEnd, TouchesUnusable, WorldInvalid
from aimwell.learn.simulator.ledger import Ledger
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.lived import Orders
from aimwell.learn.simulator.model import Deal, Need, Touches
from aimwell.learn.simulator.presets import gift_shop
from aimwell.learn.simulator.randoms import BLOCK
from aimwell.learn.simulator.world import World

Make = Callable[..., World]


def told(orders: Orders, first: int = 0) -> set[tuple[int, int]]:
    return set(zip((orders.person + first).tolist(), orders.day.tolist(), strict=True))


def test_chunks_of_people_live_as_all_of_them_together(world: Make) -> None:
    whole = world(people=BLOCK + 500)
    together = told(Life(whole).live(40).orders)
    apart = [Life(whole, first=f, count=n) for f, n in whole.chunks(BLOCK)]
    assert [life.size for life in apart] == [BLOCK, 500]
    assert set().union(*(told(life.live(40).orders, life.first) for life in apart)) == together
    assert len(together) > 100


def test_more_people_change_nobody(world: Make) -> None:
    few, many = told(Life(world(people=700)).live(60).orders), told(Life(world(people=900)).live(60).orders)
    assert few == {(person, day) for person, day in many if person < 700}


def test_days_can_be_lived_in_steps(world: Make, deals: Sequence[Deal]) -> None:
    touches = Touches.on(25, np.arange(2_000), np.ones(2_000, dtype=int))
    once, steps = Life(world()), Life(world())
    lived = told(once.live(60, touches=touches, deals=deals).orders)
    parts = [steps.live(25), steps.live(10, touches=touches, deals=deals), steps.live(25)]
    assert set().union(*(told(part.orders) for part in parts)) == lived
    assert (once.state.need == steps.state.need).all()


def test_another_seed_is_another_world(world: Make) -> None:
    assert told(Life(world(seed=1)).live(30).orders) != told(Life(world(seed=2)).live(30).orders)


def test_a_copy_leaves_the_morning_as_it_was(world: Make, deals: Sequence[Deal]) -> None:
    life = Life(world())
    life.live(10)
    before = life.state.copy()
    life.copy().live(20, touches=Touches.on(10, np.arange(2_000), np.ones(2_000, dtype=int)), deals=deals)
    assert (life.state.need == before.need).all()
    assert (life.state.active.day == before.active.day).all()
    assert life.day == 10


def test_nobody_orders_before_birth_or_after_the_end(world: Make) -> None:
    made = world(share_at_start=0.0, people=5_000)
    made = World(replace(made.spec, nature=replace(made.spec.nature, days_to_go=30.0)), 1)
    life = Life(made)
    orders = life.live(120).orders
    assert (orders.day >= life.people.born[orders.person]).all()
    gone = Life(made)
    gone.live(60)
    is_gone = gone.state.need == Need.GONE
    later = gone.live(60).orders
    assert is_gone.sum() > 500
    assert not is_gone[later.person].any()


def test_contacts_change_nothing_on_their_own_day(world: Make, deals: Sequence[Deal]) -> None:
    with_, without = Life(world("grocery")), Life(world("grocery"))
    touches = Touches.on(3, np.arange(2_000), np.ones(2_000, dtype=int))
    led, left = told(with_.live(6, touches=touches, deals=deals).orders), told(without.live(6).orders)
    assert {(p, d) for p, d in led if d <= 3} == {(p, d) for p, d in left if d <= 3}
    assert {(p, d) for p, d in led if d > 3} != {(p, d) for p, d in left if d > 3}


def test_those_who_are_not_reached_live_on_as_if_nothing_was_sent(world: Make, deals: Sequence[Deal]) -> None:
    life, twin = Life(world("grocery")), Life(world("grocery"))
    lived = life.live(20, touches=Touches.on(0, np.arange(2_000), np.zeros(2_000, dtype=int)), deals=deals)
    missed = set(np.flatnonzero(~lived.contacted.is_delivered).tolist())
    assert {o for o in told(lived.orders) if o[0] in missed} == {
        o for o in told(twin.live(20).orders) if o[0] in missed
    }
    assert 300 < len(missed) < 1_000


def test_an_unsubscription_ends_the_channel_and_only_it(world: Make, deals: Sequence[Deal]) -> None:
    made = world("grocery")
    life = Life(World(replace(made.spec, nature=replace(made.spec.nature, unsubscribe_rate=0.5)), 1))
    everybody = np.arange(2_000)
    first = life.live(1, touches=Touches.on(0, everybody, np.zeros(2_000, dtype=int)), deals=deals).contacted
    left = np.flatnonzero(first.is_unsubscribed)
    again = life.live(1, touches=Touches.on(1, left, np.zeros(left.size, dtype=int)), deals=deals).contacted
    by_sms = life.live(1, touches=Touches.on(2, left, np.full(left.size, 2)), deals=deals).contacted
    assert left.size > 100
    assert not again.is_delivered.any()
    assert by_sms.is_delivered.mean() > 0.4


def test_who_is_contacted_daily_opens_less_and_less(world: Make, deals: Sequence[Deal]) -> None:
    life, everybody = Life(world("grocery", people=8_000)), np.arange(8_000)
    rates = []
    for day in range(12):
        came = life.live(
            1, touches=Touches.on(day, everybody, np.zeros(8_000, dtype=int)), deals=deals
        ).contacted
        rates.append(came.is_opened[came.is_delivered].mean())
    assert rates[11] < 0.5 * rates[0]


def test_stockpiling_borrows_from_later_purchases(world: Make, deals: Sequence[Deal]) -> None:
    made = world("grocery", people=8_000)
    nature = replace(made.spec.nature, stockpile=0.999, hunters_share=0.0, dogs_share=0.0, days_stocked=60.0)
    life = Life(World(replace(made.spec, nature=replace(nature, lapse_after_order=0.0)), 1))
    twin, everybody = life.copy(), np.arange(8_000)
    led = life.live(45, touches=Touches.on(0, everybody, np.ones(8_000, dtype=int)), deals=deals)
    left = twin.live(45)
    opened = led.contacted.is_opened
    later = [
        np.bincount(x.orders.person[x.orders.day > 15], minlength=8_000)[opened].mean() for x in (led, left)
    ]
    assert later[0] < 0.7 * later[1]


def test_a_discount_day_sells_more_and_a_shock_less(world: Make) -> None:
    made = world(people=20_000, days=340, market="china")
    demand = made.season.demand
    per_day = np.bincount(Life(made).live(340).orders.day, minlength=340)
    # 11 November 2024 is day 315; demand and prices both push
    assert per_day[315] > 2.0 * per_day[280:300].mean()
    assert demand[315] == pytest.approx(2.5, rel=0.05)


@pytest.mark.parametrize(
    ("column", "value"), [("person", 2_000), ("person", -1), ("deal", 3), ("day", 5), ("hour", 24)]
)
def test_touches_that_cannot_be_are_refused(
    world: Make, deals: Sequence[Deal], column: str, value: int
) -> None:
    given = {"person": 1, "deal": 0, "day": 0, "hour": 10} | {column: value}
    touches = Touches(**{name: np.array([number]) for name, number in given.items()})
    with pytest.raises(TouchesUnusable, match=f"`{column}` of the contacts is {value}"):
        Life(world()).live(5, touches=touches, deals=deals)


def test_a_world_ends(world: Make) -> None:
    with pytest.raises(PastTheEnd, match="before day 210; asked was for day 210"):
        Life(world()).live(211)


def test_numbers_that_cannot_be_are_refused() -> None:
    for change in (
        {"people": 0},
        {"products": 3},
        {"share_at_start": 1.5},
        {"currency": "XXZ"},
        {"zone": "Mars"},
    ):
        with pytest.raises(WorldInvalid, match=next(iter(change))):
            World(gift_shop(**{"people": 10} | change), 1)


def test_two_touches_of_one_day_come_one_after_the_other(world: Make, deals: Sequence[Deal]) -> None:
    life = Life(world("grocery"))
    touches = Touches(
        person=np.array([5, 5, 6]), deal=np.array([2, 0, 2]), day=np.zeros(3), hour=np.full(3, 9)
    )
    life.state.is_reached[:] = True
    life.people.opens[:] = 0.9999
    life.people.annoy[:] = 0.0
    came = life.live(1, touches=touches, deals=deals).contacted
    assert came.is_opened.tolist() == [True, True, True]
    assert life.state.tired[5] == pytest.approx(2.0)
    assert life.state.active.category[[5, 6]].tolist() == [-1, 3]  # the later one of the list is at work


def test_an_opened_contact_works_for_fourteen_days_from_the_next(world: Make, deals: Sequence[Deal]) -> None:
    life = Life(world("grocery"))
    life.state.is_reached[:] = True
    life.people.opens[:] = 0.9999
    orders = life.live(
        30, touches=Touches.on(4, np.arange(2_000), np.ones(2_000, dtype=int)), deals=deals
    ).orders
    assert set(orders.day[orders.discount > 0].tolist()) == set(range(5, 19))
    assert set(orders.day[orders.is_impulse].tolist()) <= set(range(5, 19))
    assert set(np.unique(orders.discount).tolist()) == {0.0, np.float32(0.2)}


def test_the_ledger_counts_what_happened(world: Make, deals: Sequence[Deal]) -> None:
    ledger, life, everybody = Ledger(world("grocery")), Life(world("grocery")), np.arange(2_000)
    touches = Touches.on(10, everybody, np.ones(2_000, dtype=int))
    outcomes = [ledger.live(10), ledger.live(30, touches=touches, deals=deals)]
    lived = [life.live(10), life.live(30, touches=touches, deals=deals)]
    person = np.concatenate([part.orders.person for part in lived])
    day = np.concatenate([part.orders.day for part in lived])
    seen = ledger.seen
    assert (seen.n_orders == np.bincount(person, minlength=2_000)).all()
    assert (outcomes[0].n_orders + outcomes[1].n_orders == seen.n_orders).all()
    assert (outcomes[0].net_minor + outcomes[1].net_minor == seen.net_minor).all()
    assert seen.n_shelf.sum() == person.size
    somebody = int(person[0])
    mine = day[person == somebody]
    assert (seen.first_day[somebody], seen.last_day[somebody]) == (mine.min(), mine.max())
    assert seen.recent_orders[somebody] == pytest.approx((0.5 ** ((40 - mine) / 60)).sum())
    reached = lived[1].contacted.is_delivered
    assert (seen.n_contacts == reached).all()
    assert (outcomes[1].contact_milli == 1_000 * reached).all()
    assert (seen.contact_day == np.where(reached, 10, -10_000)).all()
    assert (seen.n_coupon_orders > 0).sum() > 100
    matrix, names = seen.features(40)
    assert matrix.shape == (2_000, len(names))
    assert not {"kind", "rate", "need", "remind"} & set(names)
