"""Product slots, by hand: what sells best on a person's shelf, then anywhere, without what they have."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import ibis
import pyarrow as pa
import pytest

from aimwell.intake.facts import ORDER_LINES, PRODUCTS
from aimwell.promote.content.tables import product_slots

NOW = datetime(2026, 3, 1)
SHELVES = {
    "mug": "Kitchen > Mugs > Large",
    "cup": "Kitchen > Mugs",
    "pan": "Kitchen > Pans",
    "ball": "Sport",
    "odd": None,
}


def lines(*bought: tuple[int | None, str, int]) -> Any:
    """Each is a person, a product, and how many days ago; each in an order of its own."""
    schema = ORDER_LINES.schema
    rows = [
        dict.fromkeys(schema)
        | {"source": "s", "order_id": f"o{n}", "line_no": 1, "person_id": person, "product_id": product}
        | {"ordered_at": NOW - timedelta(days=days), "is_fee": product == "post"}
        for n, (person, product, days) in enumerate(bought)
    ]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=schema.to_pyarrow()))


def products() -> Any:
    rows = [
        dict.fromkeys(PRODUCTS.schema)
        | {
            "source": "s",
            "product_id": one,
            "name": one.title(),
            "category": shelf,
            "price_minor": 100,
            "currency": "EUR",
        }
        | {"attributes": [("url", f"https://shop.example/{one}")] if one == "mug" else None}
        for one, shelf in SHELVES.items()
    ]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=PRODUCTS.schema.to_pyarrow()))


def slots(people: list[tuple[int, str | None]], sold: Any, *, n_slots: int = 2) -> dict[int, list[str]]:
    asked = ibis.memtable(
        [{"person_id": who, "category": shelf} for who, shelf in people],
        schema=ibis.schema({"person_id": "int64", "category": "string"}),
    )
    found = product_slots(
        asked,
        lines=sold,
        products=products(),
        since=NOW - timedelta(days=90),
        n_slots=n_slots,
        category_depth=2,
    )
    rows = ibis.duckdb.connect().to_pyarrow(found.order_by("person_id", "slot")).to_pylist()
    shown: dict[int, list[str]] = {who: [] for who, _ in people}
    for row in rows:
        assert row["slot"] == len(shown[row["person_id"]])
        shown[row["person_id"]].append(row["id"])
    return shown


SOLD = lines(
    (9, "ball", 1),
    (8, "ball", 2),
    (7, "ball", 3),
    (9, "mug", 1),
    (8, "mug", 2),
    (9, "cup", 1),
    (None, "pan", 5),
    (9, "odd", 1),
    (9, "pan", 200),  # too long ago to count as selling, and bought all the same
    (9, "post", 1),
)


def test_the_own_shelf_first_then_what_sells_best_anywhere() -> None:
    found = slots([(1, "Kitchen > Mugs"), (2, "Sport"), (3, None), (4, "Nowhere")], SOLD)
    assert found == {
        1: ["mug", "cup"],  # 2 and 1 orders
        2: ["ball", "mug"],  # one on the shelf; then of all: ball 3 (there already), mug 2
        3: ["ball", "mug"],
        4: ["ball", "mug"],
    }


def test_a_wide_category_has_best_sellers_of_all_that_is_in_it() -> None:
    assert slots([(1, "Kitchen")], SOLD, n_slots=4) == {1: ["mug", "cup", "pan", "ball"]}


def test_a_person_may_be_shown_several_shelves() -> None:
    asked = ibis.memtable([{"person_id": 1, "category": one} for one in ("Kitchen > Mugs", "Sport")])
    found = product_slots(
        asked, lines=SOLD, products=products(), since=NOW - timedelta(days=90), n_slots=1, category_depth=2
    )
    rows = ibis.duckdb.connect().to_pyarrow(found).to_pylist()
    assert {row["shelf"]: row["id"] for row in rows} == {"Kitchen > Mugs": "mug", "Sport": "ball"}


def test_nobody_is_shown_what_they_have_bought() -> None:
    found = slots([(9, "Kitchen > Mugs"), (8, "Kitchen > Mugs")], SOLD, n_slots=3)
    assert found == {9: [], 8: ["cup", "odd", "pan"]}  # 9 has all; 8 has ball and mug; 1 order each: by id


def test_equal_sellers_stand_by_their_id() -> None:
    assert slots([(1, None)], lines((5, "pan", 1), (6, "cup", 1)), n_slots=5) == {1: ["cup", "pan"]}


def test_a_slot_describes_its_product() -> None:
    asked = ibis.memtable([{"person_id": 1, "category": "Kitchen > Mugs"}])
    found = product_slots(
        asked, lines=SOLD, products=products(), since=NOW - timedelta(days=90), n_slots=1, category_depth=2
    )
    (row,) = ibis.duckdb.connect().to_pyarrow(found).to_pylist()
    assert row == {
        "person_id": 1,
        "shelf": "Kitchen > Mugs",
        "slot": 0,
        "name": "Mug",
        "category": "Kitchen > Mugs > Large",
        "brand": None,
        "price_minor": 100,
        "currency": "EUR",
        "id": "mug",
        "url": "https://shop.example/mug",
        "image_url": None,
    }


def listed(
    people: list[tuple[int, str | None, bool]],
    lists: list[tuple[int, str, int]],
    *,
    shows_bought: bool = False,
) -> dict[int, list[str]]:
    asked = ibis.memtable(
        [{"person_id": who, "category": shelf, "is_asked": is_asked} for who, shelf, is_asked in people],
        schema=ibis.schema({"person_id": "int64", "category": "string", "is_asked": "boolean"}),
    )
    rows = [{"person_id": who, "product_id": one, "rank": rank} for who, one, rank in lists]
    found = product_slots(
        asked,
        lines=SOLD,
        products=products(),
        since=NOW - timedelta(days=90),
        n_slots=3,
        category_depth=2,
        lists=ibis.memtable(rows),
        shows_bought=shows_bought,
    )
    told = ibis.duckdb.connect().to_pyarrow(found.order_by("person_id", "slot")).to_pylist()
    return {who: [row["id"] for row in told if row["person_id"] == who] for who, _, _ in people}


def test_what_a_person_is_predicted_to_want_comes_first() -> None:
    found = listed([(1, "Kitchen > Mugs", False), (2, "Sport", False)], [(1, "pan", 1), (1, "odd", 2)])
    # 1: the list, then the shelf's best; 2 has no list: as without predictions
    assert found == {1: ["pan", "odd", "mug"], 2: ["ball", "mug", "cup"]}


def test_a_category_asked_for_goes_before_the_rest_of_the_list() -> None:
    """Of the list (pan, cup, odd) cup is on the shelf asked for; mug sells best there."""
    lists = [(1, "pan", 1), (1, "cup", 2), (1, "odd", 3)]
    assert listed([(1, "Kitchen > Mugs", True)], lists) == {1: ["cup", "mug", "pan"]}


def test_what_was_bought_is_shown_where_the_shop_says_so() -> None:
    lists = [(8, "ball", 1), (8, "cup", 2)]
    assert listed([(8, None, False)], lists) == {8: ["cup", "odd", "pan"]}
    assert listed([(8, None, False)], lists, shows_bought=True) == {8: ["ball", "cup", "odd"]}


def test_what_is_out_of_stock_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither from the list nor as a best seller; a stock that is no number says nothing."""
    rows = ibis.duckdb.connect().to_pyarrow(products()).to_pylist()
    stock = {"pan": "0", "mug": "0.0", "cup": "3", "odd": "many"}
    for row in rows:
        row["attributes"] = [("stock", stock[row["product_id"]])] if row["product_id"] in stock else None
    kept = ibis.memtable(pa.Table.from_pylist(rows, schema=PRODUCTS.schema.to_pyarrow()))
    monkeypatch.setitem(globals(), "products", lambda: kept)
    assert listed([(1, None, False)], [(1, "pan", 1), (1, "cup", 2)]) == {1: ["cup", "ball", "odd"]}


def test_it_compiles_for_a_cluster() -> None:
    asked = ibis.table({"person_id": "int64", "category": "string"}, name="people")
    found = product_slots(
        asked,
        lines=ibis.table(ORDER_LINES.schema, name="order_lines"),
        products=ibis.table(PRODUCTS.schema, name="products"),
        since=NOW,
        n_slots=4,
        category_depth=2,
    )
    assert "ROW_NUMBER" in str(ibis.to_sql(found, dialect="pyspark"))
