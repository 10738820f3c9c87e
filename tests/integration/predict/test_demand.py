"""Demand from order lines in a lake to forecasts in a lake, on a shop whose demand is known."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pytest

from aimwell.base.clock import FixedClock
from aimwell.cli.main import main
from aimwell.intake.facts import FACTS
from aimwell.predict.demand.card import DemandCard
from aimwell.predict.demand.service import (
    budget_pace,
    fit_demand,
    forecasts,
    read_card,
    score_demand,
    stock_advice,
)
from aimwell.predict.demand.service.gather import Source, gather
from aimwell.predict.demand.told.stockouts import WHOLE_SHOP, Stockout
from aimwell.predict.model import Abstention
from aimwell.predict.repeat.tables.scores import REPEAT_SCORES
from aimwell.shop import init_shop, open_shop
from aimwell.storage.lake.lake import Lake

START = datetime(2024, 1, 1, 12)
AS_OF = datetime(2024, 7, 1)  # a Monday, 182 days later
SETTINGS = {"time_zone": "UTC", "country": "DE"}
N_PRODUCTS = 10


def drawn_lines(n_days: int) -> list[dict[str, object]]:
    """Ten products in two categories, product n sells n + 1 units a day on average, twice as many on Saturdays."""
    random = np.random.default_rng(4)
    rows: list[dict[str, object]] = []
    for day in range(n_days):
        at = START + timedelta(days=day)
        for product in range(N_PRODUCTS):
            rate = (product + 1) * (2.0 if at.weekday() == 5 else 1.0)
            units = int(random.poisson(rate))
            if units:
                rows.append(
                    dict.fromkeys(FACTS["order_lines"].schema)
                    | {"source": "drawn", "order_id": f"{day}-{product}", "line_no": 1, "known_at": at}
                    | {"ordered_at": at, "local_at": at, "product_id": f"p{product}", "quantity": units}
                    | {"net_minor": units * 100, "person_id": product if product % 2 else None}
                )
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose facts no test changes; it goes on for four weeks after AS_OF."""
    folder = tmp_path_factory.mktemp("demand") / "shop"
    init_shop(folder, currency="EUR", time_zone="UTC", country="DE")
    lines = drawn_lines(210)
    orders = [
        dict.fromkeys(FACTS["orders"].schema)
        | {
            name: row[name]
            for name in ("source", "order_id", "ordered_at", "local_at", "known_at", "person_id")
        }
        | {"status": "completed", "channel": "app" if number % 4 else "web", "n_lines": 1}
        for number, row in enumerate(lines)
    ]
    products = [
        dict.fromkeys(FACTS["products"].schema)
        | {
            "source": "drawn",
            "product_id": f"p{n}",
            "category": "even" if n % 2 == 0 else "odd",
            "known_at": START,
        }
        for n in range(N_PRODUCTS)
    ]
    with open_shop(folder) as shop:
        for name, rows in (("orders", orders), ("order_lines", lines), ("products", products)):
            table = pa.Table.from_pylist(rows, schema=FACTS[name].schema.to_pyarrow())
            shop.lake.append(FACTS[name], ibis.memtable(table))
    return folder


def source(lake: Lake, *, max_products: int = 100) -> Source:
    return Source(lake=lake, as_of=AS_OF, time_zone="UTC", category_depth=1, max_products=max_products)


def test_gather_pools_what_has_no_series_and_sees_nothing_after(folder: Path) -> None:
    with open_shop(folder) as shop:
        panel = gather(source(shop.lake, max_products=3), horizon_days=28)
    expected = sum(float(row["quantity"]) for row in drawn_lines(182))
    assert sorted(zip(panel.keys, panel.categories, strict=True)) == [
        ("", "even"),
        ("", "odd"),
        ("p7", "odd"),
        ("p8", "even"),
        ("p9", "odd"),
    ]
    assert panel.units.sum() == expected  # the 28 days after are not in it
    assert (panel.first_on, panel.end_on) == (date(2024, 1, 1), date(2024, 7, 1))


def test_fit_score_and_use(folder: Path) -> None:
    with open_shop(folder) as shop:
        card = fit_demand(lake=shop.lake, clock=FixedClock(AS_OF), as_of=AS_OF, **SETTINGS)
        assert isinstance(card, DemandCard)
        assert read_card(lake=shop.lake) == card
        assert (
            card.backtest.trial("product", "combined").rmsse
            < card.backtest.trial("product", "last_week").rmsse
        )
        found = score_demand(lake=shop.lake, as_of=AS_OF, time_zone="UTC")
        assert not isinstance(found, Abstention)
        # 55 units a day, 110 on Saturdays: 4 weeks bring 4 * (6 * 55 + 110) = 1760
        assert found.expected_units == pytest.approx(1760, rel=0.05)
        assert found.expected_revenue_minor == pytest.approx(found.expected_units * 100, abs=100)
        rows = {
            level: forecasts(lake=shop.lake, level=level, grain="week")
            for level in ("total", "category", "product", "channel", "segment")
        }
        for level, kept in rows.items():
            total = sum(row["expected_units"] for row in kept)
            assert total == pytest.approx(found.expected_units), level  # every level adds up
        assert {row["key"] for row in rows["channel"]} == {"app", "web"}
        assert {row["key"] for row in rows["segment"]} == {"known", "anonymous"}
        assert all(row["low_units"] <= row["expected_units"] <= row["high_units"] for row in rows["product"])
        days = forecasts(lake=shop.lake)
        saturday = next(row for row in days if row["period_start"] == date(2024, 7, 6))
        monday = next(row for row in days if row["period_start"] == date(2024, 7, 1))
        assert saturday["expected_units"] > 1.3 * monday["expected_units"]
        assert sum(budget_pace(1000, days).values()) == 1000
        advice = stock_advice(lake=shop.lake, lead_days=7, service_level=0.95)
        assert advice[0].product_id == "p9"
        # 80 units a week (10 a day, 20 on Saturdays); at 95 % more than the mean, less than double
        assert 80 < advice[0].reorder_point < 160 < advice[0].order_up_to


def test_rows_after_as_of_change_nothing(folder: Path) -> None:
    with open_shop(folder) as shop:
        first = gather(source(shop.lake), horizon_days=28)
        past = list(drawn_lines(182))
    units = sum(float(row["quantity"]) for row in past if row["product_id"] == "p3")
    assert first.units[first.keys.index("p3")].sum() == units


def test_buyers_are_known_people_and_first_ones_count_once(folder: Path) -> None:
    with open_shop(folder) as shop:
        panel = gather(source(shop.lake), horizon_days=28)
    assert panel.buyers is not None
    assert panel.first_buyers is not None
    anonymous, known = panel.keys.index("p8"), panel.keys.index("p9")  # p9 is bought by person 9 alone
    assert panel.buyers[anonymous].sum() == 0
    assert panel.buyers[known].tolist() == (panel.units[known] > 0).astype(float).tolist()
    assert panel.first_buyers[known].sum() == 1
    assert panel.first_buyers[known][np.argmax(panel.units[known] > 0)] == 1


def test_days_without_stock_are_filled_and_the_card_says_so(folder: Path) -> None:
    out = Stockout(product_id="p9", start_on=date(2024, 6, 3), end_on=date(2024, 8, 1))
    with open_shop(folder) as shop:
        seen = gather(source(shop.lake), horizon_days=28)
        told = gather(replace(source(shop.lake), stockouts=[out]), horizon_days=28)
    assert told.n_filled_days == 28  # 3 to 30 June; what comes after `as_of` is not known
    assert (told.units >= seen.units).all()
    row = seen.keys.index("p9")
    assert (told.units[row] > seen.units[row]).any()
    assert np.array_equal(np.delete(told.units, row, axis=0), np.delete(seen.units, row, axis=0))


def test_a_closed_shop_sells_nothing_and_the_card_says_so(folder: Path) -> None:
    closed = [
        Stockout(product_id=WHOLE_SHOP, start_on=date(2024, month, 3), end_on=date(2024, month, 4))
        for month in (6, 7)
    ]
    with open_shop(folder) as shop:
        clock = FixedClock(AS_OF)
        card = fit_demand(lake=shop.lake, clock=clock, as_of=AS_OF, stockouts=closed, **SETTINGS)
        assert isinstance(card, DemandCard)
        assert (card.n_closed_days, card.n_filled_days) == (2, 0)
        assert any("closed on 2 days" in str(note) for note in card.notes())
        score_demand(lake=shop.lake, as_of=AS_OF, time_zone="UTC", stockouts=closed)
        days = {
            level: {
                row["period_start"].day: row
                for row in forecasts(lake=shop.lake, level=level, key=key)
                if row["period_start"].month == 7
            }
            for level, key in (("total", ""), ("product", "p9"), ("channel", "app"))
        }
        for rows in days.values():
            for day in (3, 4):
                assert (rows[day]["expected_units"], rows[day]["high_units"]) == (0, 0)
            assert rows[2]["expected_units"] > 0
        weeks = forecasts(lake=shop.lake, grain="week")
        assert weeks[0]["expected_units"] == pytest.approx(
            sum(days["total"][n]["expected_units"] for n in range(1, 8))
        )


def test_a_short_past_is_refused(folder: Path) -> None:
    with open_shop(folder) as shop:
        found = fit_demand(lake=shop.lake, clock=FixedClock(AS_OF), as_of=datetime(2024, 3, 1), **SETTINGS)
    assert isinstance(found, Abstention)
    assert found.code == "too_little_sold"
    assert "60 days" in str(found.reason)  # 31 + 29


def test_commands(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as caught:
            main([*arguments, "--shop", str(folder)])
        assert not caught.value.code
        return capsys.readouterr().out

    day = ("--as-of", "2024-07-01")
    shown = json.loads(run("predict", "fit", "demand", *day, "--format", "json"))
    assert {row["level"] for row in shown} == {"product", "category", "total"}
    scored = json.loads(run("predict", "score", "demand", *day, "--format", "json"))[0]
    assert scored["n_products"] == N_PRODUCTS
    assert run("predict", "card", "demand").startswith(f"# Demand model {scored['model_id']}")
    chart = tmp_path / "demand.svg"
    run("demand", "show", "--level", "category", "--chart", str(chart))
    assert chart.read_text("utf-8").startswith("<svg")
    stock = json.loads(run("demand", "stock", "--lead-days", "5", "--format", "json"))
    assert stock[0]["order_up_to"] > stock[0]["reorder_point"]
    on_hand = tmp_path / "stock.csv"
    on_hand.write_text(f"product_id,units,on_order\n{stock[0]['product_id']},10,5\n")
    bought = json.loads(
        run("demand", "stock", "--lead-days", "5", "--on-hand", str(on_hand), "--format", "json")
    )
    assert bought[0]["purchase_units"] == stock[0]["order_up_to"] - 15
    assert bought[1]["purchase_units"] is None  # not in the file
    spread = json.loads(run("demand", "pace", "70.00", "--format", "json"))
    assert sum(row["budget_minor"] for row in spread) == 7000


def test_who_will_need_what_asks_for_what_it_stands_on(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(folder, shop)

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as caught:
            main([*arguments, "--shop", str(shop)])
        told = capsys.readouterr()
        return told.out if not caught.value.code else told.err

    day = ("--as-of", "2024-07-01")
    run("predict", "fit", "demand", *day)
    run("predict", "score", "demand", *day)
    assert "No portraits were built yet" in run("demand", "groups")
    run("portrait", "build", *day)
    assert "aimwell predict score repeat --as-of 2024-07-01" in run("demand", "groups")
    with open_shop(shop) as opened:
        people = opened.engine.rows(opened.lake.table("order_lines").select("person_id").distinct())
        known = [row["person_id"] for row in people if row["person_id"] is not None]
        scores = dict.fromkeys(REPEAT_SCORES.schema, None)
        rows = [scores | {"person_id": one, "as_of": AS_OF, "expected_orders": 60.0} for one in known]
        table = pa.Table.from_pylist(rows, schema=REPEAT_SCORES.schema.to_pyarrow())
        opened.lake.overwrite(REPEAT_SCORES, ibis.memtable(table))
        expected = {row["key"]: 0.0 for row in forecasts(lake=opened.lake, level="category")}
        for row in forecasts(lake=opened.lake, level="category"):
            expected[row["key"]] += row["expected_units"]
    shown = json.loads(run("demand", "groups", "--format", "json", "--top", "99"))
    for category, units in expected.items():
        mine = [row for row in shown if row["category"] == category]
        assert sum(row["expected_units"] for row in mine) == pytest.approx(units)
    assert "anonymous" in {row["group"] for row in shown}
    assert "have no trait n_orders" in run("demand", "groups", "--by", "n_orders")  # a number makes no groups
    only = json.loads(run("demand", "groups", "--group", "anonymous", "--top", "1", "--format", "json"))
    assert [row["group"] for row in only] == ["anonymous"]
