"""Who will need what, by hand: own mixes times expected orders, and the split of what is expected of a category."""

from __future__ import annotations

from datetime import date

import ibis
import pyarrow as pa
import pytest

from aimwell.predict.demand.service.who import Expected, split
from aimwell.predict.demand.tables.groups import group_weights

UNTIL = date(2025, 7, 1)


def lines(*rows: tuple[int | None, str, date, int]) -> ibis.Table:
    columns = {
        name: [row[k] for row in rows] for k, name in enumerate(("person_id", "category", "day_on", "units"))
    }
    schema = pa.schema(
        [("person_id", "int64"), ("category", "string"), ("day_on", "date32"), ("units", "int64")]
    )
    return ibis.memtable(pa.table(columns, schema=schema))


@pytest.mark.both_engines(part="small")
def test_own_mix_times_expected_orders(engine) -> None:
    bought = lines(
        (1, "tea", date(2025, 1, 5), 4_000),  # two days: 3 units of tea a day, 0.5 of mugs
        (1, "tea", date(2025, 6, 5), 2_000),
        (1, "mugs", date(2025, 6, 5), 1_000),
        (2, "tea", date(2025, 3, 1), 5_000),  # comes 0.1 times more
        (3, "tea", date(2025, 6, 30), 7_000),  # of no group
        (4, "tea", date(2025, 6, 30), 9_000),  # without a prediction: nothing is expected
        (None, "tea", date(2025, 4, 1), 8_000),  # 91 days before the end: the last day that counts
        (None, "tea", date(2025, 3, 31), 8_000),
    )
    groups = ibis.memtable({"person_id": [1, 2], "segment": ["loyal", "lost"]})
    expected = ibis.memtable({"person_id": [1, 2, 3], "expected_orders": [4.0, 0.1, 1.0]})
    found = engine.rows(
        group_weights(bought, groups, expected, until_on=UNTIL).order_by("segment", "category")
    )
    assert [(row["segment"], row["category"], row["weight"]) for row in found] == [
        ("", "tea", pytest.approx(7_000)),
        ("anonymous", "tea", pytest.approx(8_000)),
        ("lost", "tea", pytest.approx(500)),
        ("loyal", "mugs", pytest.approx(2_000)),
        ("loyal", "tea", pytest.approx(12_000)),
    ]


def test_units_are_split_by_weight_and_compared_with_the_average_customer() -> None:
    weights = [
        {"segment": "loyal", "category": "tea", "weight": 6.0},
        {"segment": "lost", "category": "tea", "weight": 2.0},
        {"segment": "anonymous", "category": "tea", "weight": 2.0},
        {"segment": "lost", "category": "once sold", "weight": 5.0},  # pooled with what has no category
    ]
    expected = {"tea": Expected(200.0, 20_000), "": Expected(10.0, 900_000)}
    ranked = split(weights, expected, {"loyal": 10, "lost": 30})
    found = {(one.group, one.category): one for one in ranked}
    assert [one.category for one in ranked if one.group == "lost"] == ["", "tea"]  # fewer units, more money
    assert found["loyal", "tea"].expected_units == pytest.approx(120)
    assert found["lost", "tea"].expected_units == pytest.approx(40)
    assert found["anonymous", "tea"].expected_units == pytest.approx(40)
    assert found["lost", ""].expected_units == pytest.approx(10)
    assert found["loyal", "tea"].expected_revenue_minor == 12_000
    # Known customers: 8 / 40 = 0.2 each; loyal ones 0.6.
    assert found["loyal", "tea"].times_average == pytest.approx(3)
    assert found["lost", "tea"].times_average == pytest.approx(1 / 3)
    assert found["anonymous", "tea"].times_average is None
    assert sum(one.expected_units for one in found.values()) == pytest.approx(210)
