"""`aimwell value` on a shop folder: fit, score, card, back-test, and the refusal of an empty shop."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pytest
import typer

from aimwell.cli import value
from aimwell.cli.face import Face, share_options
from aimwell.intake.facts import FACTS
from aimwell.shop import init_shop, open_shop


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of 120 people who buy at rates of their own, in 2024."""
    folder = tmp_path_factory.mktemp("shop") / "toys"
    init_shop(folder, currency="EUR", time_zone="Europe/Berlin")
    random = np.random.default_rng(5)
    schema = FACTS["orders"].schema
    rows = []
    for person in range(1, 121):
        for day in np.append(0, np.cumsum(random.exponential(1 / random.gamma(1.0, 1 / 20), 200))):
            if day < 360:
                at = datetime(2024, 1, 2, 12) + timedelta(days=int(day))
                rows.append(
                    dict.fromkeys(schema)
                    | {"source": "drawn", "order_id": f"{person}-{day}", "person_id": person, "known_at": at}
                    | {"ordered_at": at, "local_at": at, "status": "completed", "n_lines": 0}
                    | {"items_minor": int(random.gamma(4, 1000)) + 1}
                )
    with open_shop(folder) as shop:
        table = pa.Table.from_pylist(rows, schema=schema.to_pyarrow())
        shop.lake.append(FACTS["orders"], ibis.memtable(table))
    return folder


def run(*arguments: str) -> int:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    value.register(app)
    share_options(app)
    with pytest.raises(SystemExit) as caught:
        typer.main.get_command(app).main(list(arguments), obj=Face())
    return int(caught.value.code or 0)


def test_fit_then_score_then_card(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = ("--shop", str(folder), "--format", "json")
    assert run("value", "fit", "--as-of", "2024-12-28", *shop) == 0
    errors = json.loads(capsys.readouterr().out)
    assert {row["measure"] for row in errors} == {"orders", "margin"}

    assert run("value", "score", "--as-of", "2024-12-28", *shop) == 0
    scored = json.loads(capsys.readouterr().out)[0]
    assert scored["n_people"] == 120
    assert scored["as_of"] == "2024-12-27T23:00:00"  # midnight in Berlin

    assert run("value", "card", *shop) == 0
    assert json.loads(capsys.readouterr().out)["model_id"] == scored["model_id"]
    page = tmp_path / "card.md"
    assert run("value", "card", "--out", str(page), "--shop", str(folder)) == 0
    assert page.read_text("utf-8").startswith(f"# Value model {scored['model_id']}")


def test_backtest_shows_a_table_per_measure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("value", "backtest", "--as-of", "2024-12-28", "--shop", str(folder)) == 0
    shown = capsys.readouterr().out
    assert "Orders foretold, and orders that came" in shown
    assert "Margin foretold, and margin that came" in shown


def test_an_abstention_fails_in_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = ("--shop", str(folder), "--as-of", "2024-01-05")
    assert run("value", "fit", *shop) == 1
    assert "Too little to predict from" in capsys.readouterr().err.replace("\n", " ")
    assert run("value", "fit", *shop, "--format", "json") == 1
    assert json.loads(capsys.readouterr().out)["abstained"] == "too_little_data"
