"""What people are likely to do with an offer, by hand on three people."""

from __future__ import annotations

import math
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest

from aimwell.promote.plan.model import Offer
from aimwell.promote.response.tables import order_outlook, people_to_plan, tastes_for
from aimwell.storage.engines import Engine

pytestmark = pytest.mark.both_engines

TEA = Offer(
    offer_id="tea",
    name="Tea",
    channel="mail",
    contact_milli=0,
    incentive_minor=0,
    margin_rate=None,
    category="Tea",
)
GREEN = Offer(
    offer_id="green",
    name="Green tea",
    channel="mail",
    contact_milli=0,
    incentive_minor=0,
    margin_rate=None,
    category="Tea > Green",
)
ANY = Offer(offer_id="any", name="Any", channel="mail", contact_milli=0, incentive_minor=0, margin_rate=0.3)

ENTRY = "array<struct<name: string, n_lines: int64, milli_quantity: int64, net_minor: int64>>"
STATE = ibis.schema(
    {"person_id": "int64", "n_orders": "int64", "n_known_lines": "int64", "categories": ENTRY}
)
VALUES = ibis.schema(
    {
        "person_id": "int64",
        "horizon_days": "int64",
        "expected_orders": "float64",
        "expected_margin_minor": "int64",
    }
)


def state() -> ir.Table:
    def bought(**lines: int) -> list[dict[str, Any]]:
        names = {"green": "Tea > Green", "black": "Tea > Black", "pots": "Teaware > Pots"}
        return [
            {"name": names[k], "n_lines": n, "milli_quantity": 1000 * n, "net_minor": 100 * n}
            for k, n in lines.items()
        ]

    rows = [
        {"person_id": 1, "n_orders": 4, "n_known_lines": 8, "categories": bought(green=6, black=2)},
        {"person_id": 2, "n_orders": 2, "n_known_lines": 2, "categories": bought(pots=2)},
        {"person_id": 3, "n_orders": 1, "n_known_lines": 0, "categories": []},
    ]
    return ibis.memtable(rows, schema=STATE)


def by_person(engine: Engine, table: ir.Table) -> dict[int, dict[str, Any]]:
    return {row["person_id"]: row for row in engine.rows(table)}


def test_the_chance_of_an_order_follows_from_the_expected_orders(engine: Engine) -> None:
    values = ibis.memtable(
        [
            {"person_id": 1, "horizon_days": 90, "expected_orders": 3.0, "expected_margin_minor": 600},
            {"person_id": 2, "horizon_days": 90, "expected_orders": 0.0, "expected_margin_minor": 0},
        ],
        schema=VALUES,
    )
    portraits = ibis.memtable({"person_id": [1, 2], "mean_order_minor": [2500.0, 900.0]})
    seen = by_person(engine, order_outlook(portraits, values, horizon_days=30))
    # 3 orders in 90 days are 1 in 30 days; at least one of a Poisson mean of 1: 1 - 1/e.
    assert seen[1]["n_expected_orders"] == pytest.approx(1.0)
    assert seen[1]["response_prob"] == pytest.approx(1 - math.exp(-1))
    assert seen[1]["margin_minor"] == pytest.approx(200.0)  # 600 over 3 orders
    assert seen[2]["response_prob"] == 0.0
    assert seen[2]["margin_minor"] is None


def test_tastes_are_shares_shrunk_to_everybodys(engine: Engine) -> None:
    seen = by_person(engine, tastes_for(state(), [TEA, GREEN]))
    # Everybody: 10 lines, 8 of tea, 6 of green tea; the prior weighs two purchases.
    assert seen[1]["share_green"] == pytest.approx((6 + 2 * 0.6) / 10)
    assert seen[1]["share_tea"] == pytest.approx((8 + 2 * 0.8) / 10)
    assert seen[2]["share_green"] == pytest.approx((0 + 2 * 0.6) / 4)
    assert seen[1]["lines_per_order"] == pytest.approx(2.0)
    assert 3 not in seen  # nothing of known category bought


def test_a_plans_input_joins_everything_by_person(engine: Engine) -> None:
    outlook = ibis.memtable(
        {
            "person_id": [1, 3],
            "n_expected_orders": [1.0, 1.0],
            "response_prob": [0.5, 0.5],
            "order_minor": [2500.0, 900.0],
            "margin_minor": [200.0, 90.0],
        }
    )
    members = ibis.memtable({"person_id": [1, 3], "vip": [True, False]})
    table = people_to_plan(
        outlook, tastes_for(state(), [GREEN]), members, offers=[GREEN, ANY], renamed={"vip": "in_vip"}
    )
    seen = by_person(engine, table)
    # Person 1 is expected to buy 2 lines, 72 % of them green tea; the lift times 0.5 is that chance.
    assert seen[1]["lift_green"] * 0.5 == pytest.approx(1 - math.exp(-2 * 0.72))
    assert seen[3]["lift_green"] is None  # taste unknown
    assert (seen[1]["in_vip"], seen[3]["in_vip"]) == (True, False)
    assert "lift_any" not in table.columns


@pytest.mark.parametrize("dialect", ["duckdb", "pyspark"])
def test_everything_compiles(dialect: str) -> None:
    values = ibis.table(VALUES, name="values")
    portraits = ibis.table({"person_id": "int64", "mean_order_minor": "float64"}, name="portraits")
    outlook = order_outlook(portraits, values, horizon_days=30)
    tastes = tastes_for(ibis.table(STATE, name="state"), [TEA, GREEN])
    members = ibis.table({"person_id": "int64", "vip": "boolean"}, name="members")
    plan = people_to_plan(outlook, tastes, members, offers=[TEA, GREEN, ANY], renamed={"vip": "in_vip"})
    for expr in (outlook, tastes, plan):
        assert ibis.to_sql(expr, dialect=dialect)
