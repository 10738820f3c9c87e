"""What everyone decides in the engine, against the same decisions in NumPy."""

from __future__ import annotations

import operator

import ibis
import numpy as np
import pyarrow as pa
import pytest

from aimwell.base.lottery import LOTS
from aimwell.promote.plan import tables
from aimwell.promote.plan.arrays import assigned, prospects, taken
from aimwell.promote.plan.dual import Reach, bound_of, settle, wavering
from aimwell.promote.plan.model import Limit, Prices, Problem, SealedPrices
from aimwell.promote.plan.prospects import Room, use_of
from aimwell.storage.engines import Engine

pytestmark = pytest.mark.both_engines

N_PEOPLE, N_OFFERS = 300, 4
SLOPES = np.array([0.5, 1.0, 1.5, 2.0])


@pytest.fixture(params=[1, 2])
def made(problem, request: pytest.FixtureRequest) -> Problem:
    return problem(
        ["a", "b", "c", "d"],
        contacts_per_person=request.param,
        channel_capacities={"sms": 100},
        limits=(
            Limit(key="segment vip", kind="segment", offer_ids=(), segment="vip", minimum=5, maximum=50),
            Limit(key="offer a in new", kind="offer_segment", offer_ids=("a",), segment="new", minimum=2),
        ),
    )


@pytest.fixture
def choices(made: Problem) -> ibis.Table:
    rng = np.random.default_rng(5)
    columns: dict[str, object] = {"person_id": rng.integers(-(2**63), 2**63 - 1, N_PEOPLE)}
    for k in range(N_OFFERS):
        able = rng.random(N_PEOPLE) < 0.8
        columns[f"value_{k}"] = pa.array(rng.integers(-30_000, 90_000, N_PEOPLE), mask=~able)
        columns[f"cost_{k}"] = pa.array(rng.integers(0, 40_000, N_PEOPLE), mask=~able)
    for k in range(len(made.segments)):
        columns[f"member_{k}"] = rng.random(N_PEOPLE) < 0.3
    return tables.rated(
        tables.armed(ibis.memtable(pa.table(columns)), salt="s", holdout_share=0.2),
        problem=made,
        rates={2: 1.0},
        base_rate=0.5,
    )


PRICES = Prices(budget=0.6, limits=np.array([1_500.0, 900.0, -700.0]))


def test_the_engine_decides_as_numpy_does(made: Problem, choices: ibis.Table, engine: Engine) -> None:
    decisions = tables.decided(choices, problem=made, prices=PRICES, slopes=SLOPES)
    both = engine.arrow(
        choices.inner_join(decisions.drop("is_held_out", "member_0", "member_1"), "person_id")
    )
    people = prospects(both, problem=made)
    settled = settle(people, made, prices=PRICES, slopes=SLOPES)
    assert (taken(both, problem=made) == settled.chosen).all()
    assert settled.chosen.sum() > 50
    lead = both.sort_by([("tie_lot", "ascending"), ("person_id", "ascending")])["lead"].to_numpy()
    assert lead == pytest.approx(settled.lead)
    # with one contact per person both know the same offers to be in doubt; with more the engine also counts better ones
    reach = Reach(
        general=2_000.0, offers=np.array([1_000.0, 9_000.0, 0.0, 100.0]), segments=np.array([500.0, 4_000.0])
    )
    doubtful = {
        row["person_id"] for row in engine.rows(tables.wavering(decisions, problem=made, reach=reach))
    }
    is_open = ~both.sort_by([("tie_lot", "ascending"), ("person_id", "ascending")])["is_held_out"].to_numpy()
    expected = set(people.person_id[wavering(settled, people, reach) & is_open].tolist())
    assert expected <= doubtful
    assert doubtful == expected or made.contacts_per_person > 1


def test_some_are_drawn_by_lot(choices: ibis.Table, engine: Engine) -> None:
    drawn = engine.rows(tables.some(choices, salt="s", share=0.3))
    assert abs(len(drawn) - 0.3 * N_PEOPLE) < 4 * (0.21 * N_PEOPLE) ** 0.5
    assert drawn == engine.rows(tables.some(choices, salt="s", share=0.3))


def test_uses_add_up_as_numpy_does(made: Problem, choices: ibis.Table, engine: Engine) -> None:
    open_ones = choices.filter(~choices.is_held_out)
    decisions = tables.decided(open_ones, problem=made, prices=PRICES, slopes=SLOPES)
    people = prospects(engine.arrow(open_ones.mutate(drawn_below=LOTS)), problem=made)
    chosen = settle(people, made, prices=PRICES, slopes=SLOPES).chosen
    rows = engine.rows(tables.uses(tables.chosen(decisions, problem=made), problem=made))
    used = use_of(chosen, people, made)
    assert sum(row["cost_milli"] for row in rows) == used[0]
    assert sum(row["value_milli"] for row in rows) == (chosen * people.value).sum()
    vip, new = made.segments.index("vip"), made.segments.index("new")
    assert sum(row["n_contacts"] for row in rows) == used[1]  # all offers go by sms
    assert sum(row[f"n_member_{vip}"] for row in rows) == used[2]
    assert sum(row[f"n_member_{new}"] for row in rows if row["offer"] == 0) == used[3]
    from_arrays = ibis.memtable(assigned(people, chosen, problem=made))
    again = engine.rows(tables.uses(from_arrays, problem=made))
    by_offer = operator.itemgetter("offer")
    assert sorted(again, key=by_offer) == sorted(rows, key=by_offer)


def test_the_bound_is_the_lagrangian(made: Problem, choices: ibis.Table, engine: Engine) -> None:
    seal = SealedPrices(budget=round(0.6 * 2**20), limits=(1_500, 900, -700))
    best = engine.rows(tables.bound_terms(choices, problem=made, prices=seal))[0]["best_milli"]
    people = prospects(
        engine.arrow(choices.filter(~choices.is_held_out).mutate(drawn_below=LOTS)), problem=made
    )
    nothing = Room(budget=0.0, minima=np.zeros(3), maxima=np.zeros(3))
    expected = bound_of(
        people, made, prices=Prices(budget=seal.budget / 2**20, limits=PRICES.limits), room=nothing
    )
    # rounding costs down raises the whole-number bound, by less than one per contact
    assert 0 <= best - expected < N_PEOPLE * made.contacts_per_person


def test_the_picture_counts_people_and_possible_contacts(problem, engine: Engine) -> None:
    made = problem(
        ["a", "b"],
        contacts_per_person=2,
        limits=(Limit(key="segment vip", kind="segment", offer_ids=(), segment="vip", minimum=1),),
    )
    table = ibis.memtable(
        pa.table(
            {
                "person_id": [1, 2, 3, 4],
                "value_0": [10, None, -5, 70],
                "cost_0": [1, None, 2, 9],
                "value_1": [20, None, None, 80],
                "cost_1": [3, None, None, 8],
                "member_0": [True, True, True, True],
                "is_held_out": [False, False, False, True],
                "tie_lot": [1, 2, 3, 4],
                "sample_lot": [5, 6, 7, 8],
            }
        )
    )
    seen = engine.rows(tables.picture(table, problem=made))[0]
    assert (seen["n_people"], seen["n_held_out"]) == (4, 1)
    assert (seen["n_offer_0"], seen["n_offer_1"]) == (2, 1)
    assert seen["n_limit_0"] == 3  # person 1 twice, person 3 once
    assert (seen["top_milli"], seen["n_top"], seen["max_cost_milli"]) == (20, 1, 9)


def test_few_who_count_for_a_limit_are_all_drawn(made: Problem, choices: ibis.Table, engine: Engine) -> None:
    drawn = engine.rows(tables.sample(choices))
    new = made.segments.index("new")
    wanted = choices.filter(~choices.is_held_out, choices[f"member_{new}"], choices.value_0.notnull())
    assert {row["person_id"] for row in engine.rows(wanted)} <= {row["person_id"] for row in drawn}
    assert not any(row["is_held_out"] for row in drawn)
    others = [row for row in drawn if row["drawn_below"] < LOTS]
    assert all(row["sample_lot"] < row["drawn_below"] == round(0.5 * LOTS) for row in others)
