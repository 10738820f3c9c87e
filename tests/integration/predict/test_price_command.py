"""`aimwell predict ... price` and `aimwell price show` on a simulated shop folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aimwell.cli.main import main
from aimwell.shop import init_shop, open_shop

from .test_price import drawn_lines, filled


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


@pytest.fixture(scope="module")
def priced_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "prices"
    init_shop(folder, currency="EUR", time_zone="UTC")
    with open_shop(folder) as shop:
        filled(shop.lake, drawn_lines())
    assert run("predict", "fit", "price", "--as-of", "2024-12-30", "--shop", str(folder)) == 0
    return folder


def test_fit_score_card(priced_shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = ("--shop", str(priced_shop), "--format", "json")
    assert run("predict", "backtest", "price", "--as-of", "2024-12-30", *shop) == 0
    tested = json.loads(capsys.readouterr().out)
    assert [row["forecast"] for row in tested] == ["shrunk", "pooled", "own", "level", "mean"]
    assert run("predict", "score", "price", *shop) == 0
    scored = json.loads(capsys.readouterr().out)[0]
    assert (scored["n_products"], scored["n_own"]) == (13, 12)
    page = tmp_path / "card.md"
    assert run("predict", "card", "price", "--out", str(page), "--shop", str(priced_shop)) == 0
    assert page.read_text("utf-8").startswith(f"# Price model {scored['model_id']}")
    assert "not set by chance" in page.read_text("utf-8")


def test_show_lists_products_with_their_warnings(
    priced_shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("price", "show", "--shop", str(priced_shop), "--format", "json") == 0
    rows = {row["product_id"]: row for row in json.loads(capsys.readouterr().out)}
    assert len(rows) == 12
    assert rows["p10"]["name"] is None  # the shop told no names
    assert (rows["p10"]["has_warning"], rows["p10"]["warning"]) == (True, "unmoved")
    assert rows["p02"]["has_warning"] is False
    assert run("price", "show", "--shop", str(priced_shop)) == 0
    assert "price never" in capsys.readouterr().out


def test_show_of_one_product_draws_its_curve(
    priced_shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chart = tmp_path / "p02.svg"
    assert run("price", "show", "p02", "--chart", str(chart), "--shop", str(priced_shop)) == 0
    shown = capsys.readouterr()
    assert "Most profit within the prices that were seen" in " ".join(shown.err.split())
    assert chart.read_text("utf-8").startswith("<svg")
    assert run("price", "show", "p02", "--shop", str(priced_shop), "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    units = [row["weekly_units"] for row in found["curve"]]
    assert units == sorted(units, reverse=True)  # dearer, fewer
    assert found["best"]["price_minor"] <= 1000.0


def test_an_unknown_product_is_told(priced_shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("price", "show", "sofa", "--shop", str(priced_shop)) == 1
    assert "knows no product `sofa`" in " ".join(capsys.readouterr().err.split())


def test_a_hint_for_an_offer_says_that_it_is_one(
    priced_shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = ("--shop", str(priced_shop), "--format", "json")
    assert run("price", "hint", "p02", "--discount", "0.2", *shop) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)[0]
    assert found["mid"] == pytest.approx(1 - 0.8**3, abs=0.1)  # the elasticity is -3
    assert "no proof" in " ".join(shown.err.split())
    assert (found["n_products"], found["n_seen"]) == (1, 0)  # sales at 25 % off are in its mean price already
    assert run("price", "hint", "--category", "home", "--discount", "0.2", *shop) == 0
    whole = json.loads(capsys.readouterr().out)[0]
    assert whole["n_products"] == 12
    assert whole["low"] < whole["mid"] < found["mid"]  # half of the products answer at -1
    assert run("price", "hint", "--category", "home", "--discount", "0.05", *shop) == 0
    assert json.loads(capsys.readouterr().out)[0]["n_seen"] == 10  # two products never moved
    assert run("price", "hint", "--category", "nowhere", "--discount", "0.2", *shop) == 1


def test_planned_prices_move_the_forecasts(
    priced_shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = ("--as-of", "2024-12-30", "--shop", str(priced_shop), "--format", "json")
    assert run("predict", "fit", "demand", *day) == 0
    show = (
        "demand",
        "show",
        "--level",
        "product",
        "--key",
        "p02",
        "--shop",
        str(priced_shop),
        "--format",
        "json",
    )
    units = []
    plan = tmp_path / "prices.csv"
    plan.write_text("product_id,start_on,end_on,price\np02,2024-12-30,2025-02-28,7.50\n")
    for more in ((), ("--prices", str(plan))):
        assert run("predict", "score", "demand", *day, *more) == 0
        said = " ".join(capsys.readouterr().err.split())
        assert ("moved the forecasts of 1 products" in said) == bool(more)
        assert run(*show) == 0
        units.append(sum(row["expected_units"] for row in json.loads(capsys.readouterr().out)))
    # The usual price is near 8.70, for a third of the weeks are at 7.50 and sell 2.4 times as much: (7.50 / 8.70) ** -3 = 1.56
    assert units[1] / units[0] == pytest.approx(1.56, rel=0.15)
