"""Tables of price: which lines make a week, at which price, and the response of every product."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from aimwell.intake.facts import FACTS
from aimwell.people.model import Facts
from aimwell.predict.price.model import PriceModel
from aimwell.predict.price.response import Response
from aimwell.predict.price.tables.responses import responses_of
from aimwell.predict.price.tables.weeks import most_sold, product_weeks, shelved
from aimwell.storage.engines import Engine

pytestmark = pytest.mark.both_engines

AS_OF = datetime(2025, 3, 12)  # a Wednesday
MONDAY = date(2025, 3, 10)
SCHEMAS = {name: spec.schema.to_pyarrow() for name, spec in FACTS.items()}


def fact_rows(name: str, *rows: dict[str, Any]) -> ir.Table:
    empty = dict.fromkeys(FACTS[name].schema)
    found = [empty | {"source": "shop"} | row for row in rows]
    return ibis.memtable(pa.Table.from_pylist(found, schema=SCHEMAS[name]))


def line(order_id: str, at: datetime, *, quantity: int, net_minor: int, **more: Any) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "product_id": "tea",
        "ordered_at": at,
        "local_at": at,
        "quantity": quantity,
        "net_minor": net_minor,
    } | more


def facts(*lines: dict[str, Any], **others: list[dict[str, Any]]) -> Facts:
    given: dict[str, Any] = {"order_lines": lines, **others}
    return Facts(**{name: fact_rows(name, *given.get(name, [])) for name in FACTS})


def weeks_of(found: Facts, *, from_on: date = date(2024, 1, 1), until_on: date = MONDAY) -> ir.Table:
    return product_weeks(found, as_of=AS_OF, from_on=from_on, until_on=until_on).order_by(
        "product_id", "week_on"
    )


def test_a_week_sums_what_buyers_paid(one_engine: Engine) -> None:
    found = facts(
        line("a", datetime(2025, 3, 3, 9), quantity=2, net_minor=2000, cost_minor=900),  # Monday
        line(
            "b", datetime(2025, 3, 9, 23), quantity=1, net_minor=700, discount_minor=300
        ),  # Sunday of the same week
        line("c", datetime(2025, 3, 5), quantity=1, net_minor=600, coupon_code="SPRING"),
        line("d", datetime(2025, 2, 28), quantity=4, net_minor=4000),  # the week before
    )
    assert one_engine.rows(weeks_of(found)) == [
        {"product_id": "tea", "week_on": date(2025, 2, 24), "n_lines": 1, "units": 4000, "promoted_units": 0}
        | {"costed_units": 0, "cost_minor": 0, "net_minor": 4000, "prices_milli": 1_000_000},
        {
            "product_id": "tea",
            "week_on": date(2025, 3, 3),
            "n_lines": 3,
            "units": 4000,
            "promoted_units": 2000,
        }
        # prices 1000, 700 and 600: the one of two units counts once
        | {"costed_units": 2000, "cost_minor": 900, "net_minor": 3300, "prices_milli": 2_300_000},
    ]


def test_what_is_no_sale_at_a_price_is_left_out(one_engine: Engine) -> None:
    at = datetime(2025, 3, 4)
    found = facts(
        line("fee", at, quantity=1, net_minor=500, is_fee=True),
        line("gone", at, quantity=1, net_minor=500),
        line("back", at, quantity=-1, net_minor=-500),
        line("gift", at, quantity=1, net_minor=0),
        line("points", at, quantity=5000, net_minor=100),  # a fiftieth of a cent each: no price
        line("nothing", at, quantity=1, net_minor=500, product_id=None),
        line("now", datetime(2025, 3, 11), quantity=1, net_minor=500),  # the week under way
        line("later", datetime(2025, 3, 13), quantity=1, net_minor=500),  # after as_of
        line("old", datetime(2023, 12, 31), quantity=1, net_minor=500),  # before from_on
        orders=[{"order_id": "gone", "status": "cancelled"}],
    )
    assert one_engine.rows(weeks_of(found)) == []


def test_the_products_of_most_weeks_are_kept(one_engine: Engine) -> None:
    days = [datetime(2025, 2, 3), datetime(2025, 2, 10), datetime(2025, 2, 17)]
    lines = [line("o", at, quantity=1, net_minor=100, product_id="often") for at in days]
    lines += [line("o", at, quantity=1, net_minor=900, product_id="dear") for at in days[:2]]
    lines += [line("o", at, quantity=1, net_minor=100, product_id="cheap") for at in days[:2]]
    lines += [line("o", days[0], quantity=1, net_minor=9999, product_id="once")]
    kept = most_sold(weeks_of(facts(*lines)), limit=2, min_weeks=2)
    assert {row["product_id"] for row in one_engine.rows(kept)} == {"often", "dear"}


NOBODY = Response(
    product_id="",
    category="",
    elasticity=-1.0,
    elasticity_sd=0.5,
    lift=0.2,
    lift_sd=0.1,
    covariance=0.0,
    n_weeks=0,
    n_moves=0,
    overlap=0.0,
    shrinkage=1.0,
    price_minor=0.0,
    weekly_units=0.0,
    unit_cost_minor=0.0,
    has_cost=False,
    seen_low_minor=0.0,
    seen_high_minor=0.0,
)


def test_every_product_has_a_response(one_engine: Engine) -> None:
    own = replace(
        NOBODY, product_id="tea", category="drinks", elasticity=-3.0, n_weeks=30, n_moves=9, price_minor=500.0
    )
    gone = replace(own, product_id="gone", category="toys", elasticity=-4.0)  # no longer among the products
    drinks = replace(NOBODY, category="drinks", elasticity=-2.0)
    model = PriceModel(
        form="shrunk",
        shop=NOBODY,
        categories={"drinks": drinks},
        products={"tea": own, "gone": gone},
        category_depth=1,
    )
    products = fact_rows(
        "products",
        {"product_id": "tea", "category": "drinks > hot"},
        {"product_id": "milk", "category": "drinks > cold"},
        {"product_id": "ball", "category": None},
    )
    found = responses_of(shelved(products, category_depth=1), model)
    rows = {row["product_id"]: row for row in one_engine.rows(found)}
    assert {name: row["elasticity"] for name, row in rows.items()} == {
        "tea": -3.0,
        "milk": -2.0,
        "ball": -1.0,
        "gone": -4.0,
    }
    assert {name: row["price_minor"] for name, row in rows.items()} == {
        "tea": 500.0,
        "milk": None,
        "ball": None,
        "gone": 500.0,
    }
    assert (rows["milk"]["n_weeks"], rows["milk"]["has_warning"]) == (0, True)
    assert rows["gone"]["category"] == "toys"
