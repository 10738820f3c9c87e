"""Launches foretold by analogy, on launches whose law is known."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from aimwell.predict.demand.launch import Launch, Plan, foretell, split_day, try_launches
from aimwell.predict.demand.tables.launches import launches, older_products, shelf_prices
from aimwell.predict.demand.tables.sales import day_sums, month_sums
from aimwell.predict.demand.told.launches import Announced, BadLaunches, read_launches

START = date(2024, 1, 1)


def drawn(n: int, *, seed: int = 1, first_on: date = START) -> list[Launch]:
    """Tea sells about 40 in its first days, other drinks 10, mugs 2; at twice the price about a half."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(n):
        category, usual = [("Drinks > Tea", 40.0), ("Drinks > Juice", 10.0), ("Home > Mugs", 2.0)][number % 3]
        price = float(random.choice([0.5, 1.0, 2.0]))
        units = usual / price * random.lognormal(0, 0.5)
        found.append(
            Launch(
                category=category, first_on=first_on + timedelta(days=number), units=units, price_ratio=price
            )
        )
    return found


def test_category_and_price_tell_and_the_interval_holds_four_fifths() -> None:
    past, later = drawn(900), drawn(900, seed=2)
    tea, dear, mug = foretell(
        past,
        [
            Plan(category="Drinks > Tea", price_ratio=1.0),
            Plan(category="Drinks > Tea", price_ratio=2.0),
            Plan(category="Home > Mugs", price_ratio=1.0),
        ],
    )
    assert tea.median == pytest.approx(40, rel=0.2)
    assert 0.4 < dear.median / tea.median < 0.75
    assert mug.median == pytest.approx(2, rel=0.35)
    assert tea.low < tea.median < tea.expected < tea.high  # units lean to the right
    assert (tea.level, tea.n_launches) == ("Drinks > Tea", 300)
    said = foretell(past, [Plan(category=one.category, price_ratio=one.price_ratio) for one in later])
    inside = [one.low <= came.units <= one.high for one, came in zip(said, later, strict=True)]
    assert 0.72 < np.mean(inside) < 0.88


def test_a_category_without_launches_is_taken_as_the_one_above() -> None:
    said = foretell(
        drawn(300), [Plan(category="Drinks > Cocoa", price_ratio=1.0), Plan(category="", price_ratio=1.0)]
    )
    assert (said[0].level, said[0].n_launches) == ("Drinks", 200)
    assert (said[1].level, said[1].n_launches) == ("", 300)
    assert said[0].median > said[1].median  # mugs draw the shop's mean down


def test_one_bulk_order_does_not_make_the_mean() -> None:
    past = drawn(300)
    wild = [
        *past[:-1],
        Launch(category=past[-1].category, first_on=past[-1].first_on, units=1e6, price_ratio=1.0),
    ]
    plan = [Plan(category="Drinks > Juice", price_ratio=1.0)]
    assert foretell(wild, plan)[0].expected < 1.2 * foretell(past, plan)[0].expected


def test_the_newest_launches_are_foretold_from_what_was_over_before() -> None:
    past = drawn(300)
    cut_on = split_day(past)
    assert cut_on == past[210].first_on
    older = {"Drinks > Tea": 40.0, "Drinks > Juice": 10.0, "Home > Mugs": 2.0}
    trial = try_launches(past, cut_on=cut_on, horizon_days=7, older=older)
    assert trial is not None
    assert trial.n_launches == 90
    assert trial.form == "analogy"  # it alone knows the prices
    assert abs(trial.bias_rate) < 0.25
    # Units of launches not over before the cut change nothing that is said.
    late = [
        Launch(category=one.category, first_on=one.first_on, units=1e9, price_ratio=one.price_ratio)
        if cut_on - timedelta(days=7) < one.first_on < cut_on
        else one
        for one in past
    ]
    again = try_launches(late, cut_on=cut_on, horizon_days=7, older=older)
    assert again == trial
    exact = {"Drinks > Tea": 0.0}
    assert try_launches(past[:40], cut_on=cut_on, horizon_days=7, older=exact) is None


def test_a_file_of_launches(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_text("product_id,category,price\nn1,Drinks > Tea,2.50\nn2,Home > Mugs,\n")
    assert read_launches(path, currency="EUR") == [
        Announced(product_id="n1", category="Drinks > Tea", price_minor=250.0),
        Announced(product_id="n2", category="Home > Mugs", price_minor=None),
    ]
    for bad in (",Tea,1", "n1,Tea,-1", "n1,Tea,nan", "n1,Tea,dear"):
        path.write_text(f"product_id,category,price\n{bad}\n")
        with pytest.raises(BadLaunches, match="Line 2"):
            read_launches(path, currency="EUR")


def sold(*rows: tuple[str, str, date, int]) -> ibis.Table:
    """Return lines as of `sales.sold_lines`: product, category, day, units; each unit brings one."""
    columns = dict(zip(("product_id", "category", "day_on", "units"), zip(*rows, strict=True), strict=True))
    table = pa.table({name: pa.array(list(values)) for name, values in columns.items()})
    units = table["units"].cast("int64")
    return ibis.memtable(
        table.set_column(3, "units", pc.multiply(units, 1000)).append_column(
            "net_minor", pc.multiply(units, 100)
        )
    )


@pytest.mark.both_engines(part="small")
def test_launches_and_months_are_counted_in_the_engine(engine) -> None:
    lines = sold(
        ("old", "Tea", START, 9),
        ("old", "Tea", START + timedelta(days=95), 3),
        ("new", "Tea", START + timedelta(days=60), 5),
        ("new", "Tea", START + timedelta(days=66), 1),
        ("new", "Tea", START + timedelta(days=67), 8),  # the eighth day
        ("late", "Mugs", START + timedelta(days=95), 2),  # its week is not over
    )
    until_on = START + timedelta(days=100)
    found = engine.rows(
        launches(lines, from_on=START + timedelta(days=56), until_on=until_on, horizon_days=7, most=10)
    )
    assert [(row["product_id"], row["units"], row["net_minor"]) for row in found] == [("new", 6_000, 600)]
    rates = engine.rows(older_products(lines, until_on=until_on, horizon_days=28))
    assert [(row["category"], row["units"]) for row in rates] == [
        ("Tea", 3_000)
    ]  # "new" sold nothing of late
    prices = engine.rows(shelf_prices(lines).order_by("category"))
    assert [(row["category"], row["price_minor"]) for row in prices] == [("Mugs", 100), ("Tea", 100)]
    months = engine.rows(month_sums(lines, lines.category, max_keys=1).order_by("key", "month_on"))
    assert [(row["key"], row["month_on"], row["units"]) for row in months] == [
        ("", date(2024, 4, 1), 2_000),
        ("Tea", date(2024, 1, 1), 9_000),
        ("Tea", date(2024, 3, 1), 14_000),
        ("Tea", date(2024, 4, 1), 3_000),
    ]
    days = engine.rows(day_sums(lines).order_by("day_on"))
    assert [row["units"] for row in days] == [9_000, 5_000, 1_000, 8_000, 5_000]
