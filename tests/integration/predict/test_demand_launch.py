"""`aimwell demand launch` on a shop that launches a product every third day."""

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
from aimwell.shop import init_shop, open_shop

START = datetime(2024, 1, 1, 12)
AS_OF = "2024-12-01"
N_DAYS = 400  # it goes on after AS_OF


def lines() -> list[dict[str, object]]:
    """Product n comes on day 3 n; every fourth is tea and sells 5 a day in its first week, the others 1; then 1 each."""
    found: list[dict[str, object]] = []
    for number in range(N_DAYS // 3):
        for day in range(3 * number, min(3 * number + 40, N_DAYS)):
            at = START + timedelta(days=day)
            units = 5 if number % 4 == 0 and day < 3 * number + 7 else 1
            found.append(
                dict.fromkeys(FACTS["order_lines"].schema)
                | {"source": "drawn", "order_id": f"{day}-{number}", "line_no": 1, "known_at": at}
                | {"ordered_at": at, "local_at": at, "product_id": f"p{number}", "quantity": units}
                | {"net_minor": units * 100}
            )
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("launch") / "shop"
    init_shop(folder, currency="EUR", time_zone="UTC", country="DE")
    sold = lines()
    products = [
        dict.fromkeys(FACTS["products"].schema)
        | {"source": "drawn", "product_id": f"p{n}", "known_at": START}
        | {"category": "Drinks > Tea" if n % 4 == 0 else "Home > Mugs"}
        for n in range(N_DAYS // 3)
    ]
    names = ("source", "order_id", "ordered_at", "local_at", "known_at")
    orders = [
        dict.fromkeys(FACTS["orders"].schema)
        | {name: row[name] for name in names}
        | {"status": "completed", "n_lines": 1}
        for row in sold
    ]
    with open_shop(folder) as shop:
        for name, rows in (("order_lines", sold), ("orders", orders), ("products", products)):
            table = pa.Table.from_pylist(rows, schema=FACTS[name].schema.to_pyarrow())
            shop.lake.append(FACTS[name], ibis.memtable(table))
    return folder


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    def typed(*words: str) -> tuple[str, str]:
        with pytest.raises(SystemExit):
            main([*words, "--shop", str(folder)])
        said = capsys.readouterr()
        return said.out, " ".join(said.err.split())

    return typed


def test_new_products_are_foretold_and_wrong_categories_refused(
    run: Callable[..., tuple[str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "new.csv"
    path.write_text("product_id,category,price\nnew-tea,Drinks > Tea,1\nnew-mug,Home > Mugs,\nlost,Tea,1\n")
    command = ("demand", "launch", "--products", str(path), "--as-of", AS_OF)
    shown, said = run(*command, "--format", "json")
    rows = {(row["product_id"], row["horizon_days"]): row for row in json.loads(shown)}
    assert set(rows) == {(one, days) for one in ("new-tea", "new-mug") for days in (7, 28, 91)}
    assert rows["new-tea", 7]["median_units"] == pytest.approx(35, rel=0.1)
    assert rows["new-mug", 7]["median_units"] == pytest.approx(7, rel=0.1)
    assert rows["new-tea", 7]["level"] == "Drinks > Tea"
    # Of the first eight weeks nobody knows what was new; then every twelfth day a tea, whose week is over by AS_OF.
    assert rows["new-tea", 7]["n_launches"] == len([n for n in range(0, 112, 4) if 56 <= 3 * n <= 335 - 7])
    assert "lost: no forecast" in said
    assert "Drinks > Tea" in said
    assert "newest launches" in said
    _, chinese = run(*command, "--lang", "zh")
    assert "newest" not in chinese


def test_a_shop_that_launched_little_declines(run: Callable[..., tuple[str, str]], tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("product_id,category,price\nnew-tea,Drinks > Tea,1\n")
    _, said = run("demand", "launch", "--products", str(path), "--as-of", "2024-04-01")
    assert "it takes 30" in said
