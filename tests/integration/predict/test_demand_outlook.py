"""`aimwell demand outlook` and `timing` on a shop of three years whose season is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from aimwell.cli.main import main
from aimwell.intake.facts import FACTS
from aimwell.predict.demand.service.outlook import ShopOutlook, demand_outlook
from aimwell.predict.model import Abstention
from aimwell.shop import init_shop, open_shop

START, END = datetime(2021, 1, 15, 12), datetime(2024, 3, 20)


def rows() -> list[dict[str, object]]:
    """Tea sells twice as well in December, mugs always alike; each order is one line."""
    found: list[dict[str, object]] = []
    at = START
    while at < END:
        for product, units in (("tea", 8 if at.month == 12 else 4), ("mug", 2)):
            found.append(
                dict.fromkeys(FACTS["order_lines"].schema)
                | {"source": "drawn", "order_id": f"{at:%j%y}-{product}", "line_no": 1, "known_at": at}
                | {"ordered_at": at, "local_at": at, "product_id": product, "quantity": units}
                | {"net_minor": units * 100}
            )
        at += timedelta(days=1)
    return found


def table(name: str, found: list[dict[str, object]]) -> ibis.Table:
    schema = FACTS[name].schema.to_pyarrow()
    return ibis.memtable(pa.Table.from_pylist(found, schema=schema))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outlook") / "shop"
    init_shop(folder, currency="EUR", time_zone="UTC", country="DE")
    products = [
        dict.fromkeys(FACTS["products"].schema)
        | {"source": "drawn", "product_id": one, "category": category, "known_at": START}
        for one, category in (("tea", "drinks"), ("mug", None))
    ]
    lines = rows()
    names = ("source", "order_id", "ordered_at", "local_at", "known_at")
    orders = [
        dict.fromkeys(FACTS["orders"].schema)
        | {name: row[name] for name in names}
        | {"status": "completed", "n_lines": 1}
        for row in lines
    ]
    with open_shop(folder) as shop:
        for name, found in (("order_lines", lines), ("orders", orders), ("products", products)):
            shop.lake.append(FACTS[name], table(name, found))
    return folder


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def typed(*words: str) -> str:
        with pytest.raises(SystemExit):
            main([*words, "--shop", str(folder)])
        said = capsys.readouterr()
        return said.out + " ".join(said.err.split())

    return typed


def test_whole_months_only_and_the_year_ahead_has_its_december(folder: Path) -> None:
    with open_shop(folder) as shop:
        settings = {"lake": shop.lake, "as_of": datetime(2024, 3, 20), "time_zone": "UTC", "country": "DE"}
        found = demand_outlook(**settings)
        parts = demand_outlook(**settings, by="category")
    assert isinstance(found, ShopOutlook)
    assert isinstance(parts, ShopOutlook)
    # January 2021 began in its midst, March 2024 is not over.
    assert (found.first_on.isoformat(), found.n_months) == ("2021-02-01", 37)
    by_month = {one.month_on.isoformat()[:7]: one for one in found.months}
    assert list(by_month) == [f"2024-{n:02}" for n in range(3, 13)] + ["2025-01", "2025-02"]
    assert by_month["2024-12"].expected_units == pytest.approx(31 * 10, rel=0.05)
    assert by_month["2024-06"].expected_units == pytest.approx(30 * 6, rel=0.05)
    assert by_month["2024-06"].expected_revenue_minor == pytest.approx(30 * 600, rel=0.05)
    assert {one.key for one in parts.months} == {"drinks", ""}
    for month in by_month.values():
        same = [one.expected_revenue_minor for one in parts.months if one.month_on == month.month_on]
        assert sum(same) == pytest.approx(month.expected_revenue_minor, abs=2)


def test_nothing_after_as_of_is_seen_and_a_short_past_is_refused(folder: Path) -> None:
    with open_shop(folder) as shop:
        short = demand_outlook(lake=shop.lake, as_of=datetime(2022, 2, 20), time_zone="UTC", country="DE")
        early = demand_outlook(lake=shop.lake, as_of=datetime(2023, 5, 1), time_zone="UTC", country="DE")
    assert isinstance(short, Abstention)  # February 2021 to January 2022: 12
    assert short.code == "too_few_months"
    assert isinstance(early, ShopOutlook)
    assert early.n_months == 27
    assert early.months[0].month_on.isoformat() == "2023-05-01"


def test_commands(run: Callable[..., str], folder: Path, tmp_path: Path) -> None:
    chart = tmp_path / "months.svg"
    said = run("demand", "outlook", "--as-of", "2024-03-20", "--by", "category", "--chart", str(chart))
    assert "drinks" in said
    assert "Other" in said
    assert "past horizons" in said
    assert chart.read_text("utf-8").startswith("<svg")
    assert "at least 13 whole months" in run("demand", "outlook", "--as-of", "2022-02-20")
    assert "13" in run("demand", "outlook", "--as-of", "2022-02-20", "--lang", "zh")
    shown = json.loads(
        run("demand", "outlook", "--as-of", "2024-03-20", "--months", "2", "--format", "json").split("]")[0]
        + "]"
    )
    assert [row["month_on"] for row in shown] == ["2024-03-01", "2024-04-01"]
    run("predict", "fit", "demand", "--as-of", "2023-11-27")
    run("predict", "score", "demand", "--as-of", "2023-11-27")
    assert "Week from" in run("demand", "timing") or "flat" in run("demand", "timing")
