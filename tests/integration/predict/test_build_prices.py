"""`aimwell build` with planned prices: what changes them makes the forecasts due, and the day's price model is what moves them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aimwell.cli.main import main
from aimwell.predict.demand.service import forecasts
from aimwell.shop import init_shop, open_shop

from .test_price import drawn_lines, filled

DAY = "2024-12-30"


def built(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["build", "--as-of", DAY, "--shop", str(folder), "--format", "json", *more])
    return {row["step"]: row for row in json.loads(capsys.readouterr().out)}


def units(folder: Path, product: str) -> float:
    with open_shop(folder) as shop:
        rows = forecasts(lake=shop.lake, level="product", key=product)
    return float(sum(row["expected_units"] for row in rows))


def test_planned_prices_make_the_forecasts_due_and_move_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "shop"
    init_shop(folder, currency="EUR", time_zone="UTC")
    with open_shop(folder) as shop:
        filled(shop.lake, drawn_lines())
    first = built(folder, capsys)
    assert list(first).index("fit price") < list(first).index("score demand")
    assert (first["fit price"]["state"], first["score demand"]["state"]) == ("done", "done")
    usual = units(folder, "p00")
    (folder / "prices.csv").write_text(
        "product_id,start_on,end_on,price\np00,2024-12-30,2025-12-31,7.50\n", "utf-8"
    )
    assert built(folder, capsys, "--dry-run")["score demand"]["detail"] == "changed: prices.csv"
    assert built(folder, capsys)["score demand"]["state"] == "done"
    # A quarter off at an elasticity of -3; the mean price paid before is itself below the full one.
    assert units(folder, "p00") > 1.2 * usual
    assert built(folder, capsys, "--dry-run")["score demand"]["state"] == "up_to_date"
