"""`aimwell market` with and without a shop, and the shop's own growth beside the market's."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from aimwell.cli.main import main
from aimwell.intake.facts import FACTS
from aimwell.market.service import own_years
from aimwell.shop import init_shop, open_shop


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


@pytest.fixture(scope="module")
def old_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a shop that sold 100 a month in 2016, 150 in 2017, and until May in 2018; one order was cancelled."""
    folder = tmp_path_factory.mktemp("shop") / "old"
    init_shop(folder, currency="CNY", time_zone="Asia/Shanghai")
    days = [
        (datetime(year, month, day), amount)
        for year, amount in ((2016, 10_000), (2017, 15_000))
        for month in range(1, 13)
        for day in (3, 28)
    ]
    days += [(datetime(2018, month, 3), 20_000) for month in range(1, 6)]
    schema = FACTS["orders"].schema
    rows = [
        dict.fromkeys(schema)
        | {"source": "s", "order_id": str(n), "ordered_at": at, "local_at": at, "known_at": at}
        | {"status": "cancelled" if at == datetime(2016, 6, 3) else "completed", "items_minor": amount // 2}
        for n, (at, amount) in enumerate(days)
    ]
    with open_shop(folder) as shop:
        shop.lake.append(
            FACTS["orders"], ibis.memtable(pa.Table.from_pylist(rows, schema=schema.to_pyarrow()))
        )
    return folder


def test_own_years_mark_what_is_incomplete(old_shop: Path) -> None:
    with open_shop(old_shop) as shop:
        found = {one.year: one for one in own_years(lake=shop.lake, as_of=datetime(2018, 12, 31))}
        earlier = own_years(lake=shop.lake, as_of=datetime(2017, 7, 1))
    assert found[2016].sales_minor == 12 * 10_000 - 5_000  # one of 24 orders was cancelled
    assert found[2017].growth == pytest.approx(180_000 / 115_000 - 1)
    assert (found[2018].is_complete, found[2018].growth) == (False, None)
    assert [(one.year, one.is_complete) for one in earlier] == [
        (2016, True),
        (2017, False),
    ]  # rows after as_of change nothing


def test_show_works_without_a_shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nowhere = ("--shop", str(tmp_path), "--format", "json")
    assert run("market", "show", *nowhere) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [row["series"] for row in listed] == ["ecommerce_transaction_volume", "online_retail_sales"]
    assert run("market", "show", "ecommerce_transaction_volume", "--until", "2020", *nowhere) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["kind"] for row in rows[-3:]] == ["reported", "forecast", "forecast"]
    assert rows[-1]["low"] < rows[-1]["value"] < rows[-1]["high"]
    assert run("market", "show", "coffee", "--shop", str(tmp_path)) == 1
    assert "There is no series `coffee`" in " ".join(capsys.readouterr().err.split())


def test_own_growth_stands_beside_the_market(old_shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = ("--shop", str(old_shop))
    assert run("market", "show", "ecommerce_transaction_volume", "--own", "--format", "json", *shop) == 0
    rows = {row["year"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows[2017]["own_growth"] == pytest.approx(0.565, abs=0.001)
    assert rows[2018]["own_growth"] is None
    assert run("market", "show", "ecommerce_transaction_volume", "--own", *shop) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "no: part of the year only" in shown
    assert "derived" in shown


def test_add_then_chart(old_shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tea.csv"
    lines = [f"tea,{2010 + k},{100 * 1.2**k:.1f},thousand t,office" for k in range(8)]
    path.write_text("\n".join(["series,year,value,unit,authority", *lines]) + "\n", "utf-8")
    assert run("market", "add", str(path), "--shop", str(old_shop)) == 0
    assert "Added the series `tea`: 8 years, 2010 to 2017." in " ".join(capsys.readouterr().err.split())
    picture = tmp_path / "tea.svg"
    assert run("market", "chart", "tea", str(picture), "--own", "--shop", str(old_shop)) == 0
    assert picture.read_text("utf-8").startswith("<svg")
    path.write_text("series,year,value,unit,authority\ntea,2018,lots,thousand t,office\n", "utf-8")
    assert run("market", "add", str(path), "--shop", str(old_shop)) == 1
    assert "Line 2: value is `lots`; allowed is a number above 0." in " ".join(
        capsys.readouterr().err.split()
    )
