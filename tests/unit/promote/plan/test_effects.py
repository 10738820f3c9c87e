from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pytest

from aimwell.base.words import Words
from aimwell.promote.plan import tables
from aimwell.promote.plan.dual import Reach
from aimwell.promote.plan.effects import assumed_choices, drivers, measured_choices
from aimwell.promote.plan.errors import ColumnMissing
from aimwell.promote.plan.model import Limit, Prices, SealedPrices
from aimwell.storage.engines import Engine

pytestmark = pytest.mark.both_engines

PEOPLE = {
    "person_id": "int64",
    "response_prob": "float64",
    "order_minor": "int64",
    "margin_minor": "float64",
    "lift_tea": "float64",
    "can_tea": "boolean",
    "in_vip": "boolean",
    "in_new": "boolean",
}


def people(*rows: tuple[Any, ...]) -> ibis.Table:
    return ibis.memtable([dict(zip(PEOPLE, row, strict=True)) for row in rows], schema=ibis.schema(PEOPLE))


@pytest.fixture
def campaign_of_three(problem, offer):
    return problem(
        [
            offer("tea", contact_milli=4_500, incentive_minor=300, margin_rate=0.4, rule={"trait": "x"}),
            offer("ship", channel="app", margin_rate=None, incentive_minor=200),
            offer("hello", channel="app", contact_milli=1_000, margin_rate=0.1, segment="vip"),
        ],
        limits=(Limit(key="segment new", kind="segment", offer_ids=(), segment="new", minimum=1),),
    )


def test_value_is_use_times_margin_times_incrementality_less_costs(campaign_of_three, engine: Engine) -> None:
    table = people((1, 0.5, 10_000, 2_000.0, 1.5, True, True, True))
    row = engine.rows(assumed_choices(table, problem=campaign_of_three, incrementality=0.5))[0]
    # tea: u = 0.5 x 1.5 = 0.75; cost 4.5 + 300 x 0.75 = 229.5; gain 0.75 x (10000 x 0.4) x 0.5 = 1500
    assert (row["cost_0"], row["value_0"]) == (229_500, 1_500_000 - 229_500)
    # ship: u = 0.5; cost 200 x 0.5 = 100; gain 0.5 x 2000 x 0.5 = 500
    assert (row["cost_1"], row["value_1"]) == (100_000, 400_000)
    # hello: u = 0.5; cost 1; gain 0.5 x (10000 x 0.1) x 0.5 = 250
    assert (row["cost_2"], row["value_2"]) == (1_000, 249_000)
    assert row["member_0"] is True


def test_each_offer_may_have_a_share_of_its_own(campaign_of_three, engine: Engine) -> None:
    table = people((1, 0.5, 10_000, 2_000.0, 1.5, True, True, True))
    shares = {"tea": 0.5, "ship": 0.25, "hello": 0.0}
    row = engine.rows(assumed_choices(table, problem=campaign_of_three, incrementality=shares))[0]
    assert row["value_0"] == 1_500_000 - 229_500  # as above
    assert row["value_1"] == 250_000 - 100_000  # half of the gain above
    assert row["value_2"] == -1_000


def test_a_probability_never_exceeds_one(campaign_of_three, engine: Engine) -> None:
    table = people((1, 0.9, 1_000, 0.0, 5.0, True, False, False))
    row = engine.rows(assumed_choices(table, problem=campaign_of_three, incrementality=1.0))[0]
    assert row["cost_0"] == 304_500  # 4.5 + 300 x 1


def test_nulls_and_those_outside_are_not_eligible(campaign_of_three, engine: Engine) -> None:
    table = people(
        (1, 0.5, 1_000, None, None, None, None, None),  # no flag: no; no margin: nothing for ship
        (2, None, 1_000, 10.0, 1.0, True, True, True),  # nothing known of the response
        (3, 0.5, 1_000, 10.0, None, True, True, False),  # no lift: 1
    )
    choices = assumed_choices(table, problem=campaign_of_three, incrementality=0.5).order_by("person_id")
    found = [[row[f"value_{k}"] is not None for k in range(3)] for row in engine.rows(choices)]
    assert found == [[False, False, False], [False, False, False], [True, True, True]]
    assert [row["member_0"] for row in engine.rows(choices)] == [False, True, False]


def test_measured_effects_replace_the_assumption(campaign_of_three, engine: Engine) -> None:
    effects = ibis.memtable(
        {
            "person_id": [1, 1, 9],
            "offer_id": ["tea", "hello", "tea"],
            "use_prob": [0.5, 0.25, 1.0],
            "gain_minor": [400.0, -3.0, 1.0],
        }
    )
    table = people(
        (1, None, None, None, None, True, True, False),
        (2, 0.5, 1_000, 10.0, 1.0, True, True, True),  # nothing measured: left out
    )
    rows = engine.rows(measured_choices(effects, table, problem=campaign_of_three))
    assert [row["person_id"] for row in rows] == [1]
    # tea: cost 4.5 + 300 x 0.5 = 154.5; hello: cost 1, gain -3
    assert [rows[0][f"value_{k}"] for k in range(3)] == [245_500, None, -4_000]
    assert [rows[0][f"cost_{k}"] for k in (0, 2)] == [154_500, 1_000]


@pytest.mark.parametrize(
    ("column", "needed_by"),
    [
        ("response_prob", "assumed effect"),
        ("order_minor", "offer tea"),
        ("margin_minor", "offer ship"),
        ("can_tea", "rule of offer tea"),
        ("in_vip", "offer hello"),
        ("in_new", "limit on segment new"),
    ],
)
def test_a_missing_column_is_named_with_who_needs_it(campaign_of_three, column: str, needed_by: str) -> None:
    with pytest.raises(ColumnMissing, match=f"`{column}`.*{needed_by}"):
        assumed_choices(
            ibis.table(PEOPLE, name="people").drop(column), problem=campaign_of_three, incrementality=0.5
        )


def test_a_missing_column_is_named_in_chinese(campaign_of_three) -> None:
    with pytest.raises(ColumnMissing) as caught:
        assumed_choices(
            ibis.table(PEOPLE, name="people").drop("response_prob"),
            problem=campaign_of_three,
            incrementality=0.5,
        )
    assert "人群表没有 假设的效果 所需的列 `response_prob`" in caught.value.said(Words("zh"))


def test_reasons_compare_with_the_average(problem, offer, engine: Engine) -> None:
    table = people(
        (1, 0.2, 3_000, 0.0, 2.0, True, False, False),
        (2, 0.4, 1_000, 0.0, None, True, False, False),
    )
    rows = engine.rows(drivers(table, offers=(offer("tea"),)).order_by("person_id"))
    # mean response 0.3, mean margin 0.5 x 2000 = 1000
    assert [round(row["response_ratio"], 6) for row in rows] == [round(2 / 3, 6), round(4 / 3, 6)]
    assert [row["margin_ratio_0"] for row in rows] == [1.5, 0.5]
    assert [row["liking_ratio_0"] for row in rows] == [2.0, 1.0]


@pytest.mark.parametrize("dialect", ["duckdb", "pyspark"])
@pytest.mark.parametrize("contacts_per_person", [1, 2])
def test_everything_compiles(problem, offer, dialect: str, contacts_per_person: int) -> None:
    made = problem(
        [offer("tea", incentive_minor=300, rule={"trait": "x"}), offer("ship", segment="vip")],
        limits=(Limit(key="segment new", kind="segment", offer_ids=(), segment="new", minimum=1),),
        contacts_per_person=contacts_per_person,
    )
    unbound = ibis.table(PEOPLE, name="people")
    effects = ibis.table(
        {"person_id": "int64", "offer_id": "string", "use_prob": "float64", "gain_minor": "float64"},
        name="effects",
    )
    choices = tables.rated(
        tables.armed(assumed_choices(unbound, problem=made, incrementality=0.3), salt="s", holdout_share=0.1),
        problem=made,
        rates={0: 0.5},
        base_rate=0.1,
    )
    decisions = tables.decided(
        choices,
        problem=made,
        prices=Prices(budget=0.3, limits=np.array([-2.5])),
        slopes=np.array([0.1, 0.2]),
    )
    reach = Reach(general=1.0, offers=np.array([1.0, 2.0]), segments=np.array([3.0]))
    taken = tables.chosen(decisions, problem=made)
    expressions = [
        choices,
        measured_choices(effects, unbound, problem=made),
        drivers(unbound, offers=made.offers),
        tables.picture(choices, problem=made),
        tables.sample(choices),
        decisions,
        tables.wavering(decisions, problem=made, reach=reach),
        tables.some(choices, salt="s", share=0.5),
        tables.uses(taken, problem=made),
        tables.named(taken, problem=made, plan_id="p", why=drivers(unbound, offers=made.offers)),
        tables.bound_terms(choices, problem=made, prices=SealedPrices(budget=5, limits=(-2,))),
    ]
    for expression in expressions:
        assert "SELECT" in ibis.to_sql(expression, dialect=dialect)
