"""`aimwell predict ... value` on a shop folder: fit, score, card, back-test, and the refusal of an empty shop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aimwell.cli.main import main


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


def test_fit_then_score_then_card(
    drawn_shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = ("--shop", str(drawn_shop), "--format", "json")
    assert run("predict", "fit", "value", "--as-of", "2024-12-28", *shop) == 0
    errors = json.loads(capsys.readouterr().out)
    assert {row["measure"] for row in errors} == {"orders", "margin"}

    assert run("predict", "score", "value", "--as-of", "2024-12-28", *shop) == 0
    scored = json.loads(capsys.readouterr().out)[0]
    assert scored["n_people"] == 150
    assert scored["as_of"] == "2024-12-27T23:00:00"  # midnight in Berlin

    assert run("predict", "card", "value", *shop) == 0
    assert json.loads(capsys.readouterr().out)["model_id"] == scored["model_id"]
    page = tmp_path / "card.md"
    assert run("predict", "card", "value", "--out", str(page), "--shop", str(drawn_shop)) == 0
    assert page.read_text("utf-8").startswith(f"# Value model {scored['model_id']}")


def test_backtest_shows_a_table_per_measure(drawn_shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("predict", "backtest", "value", "--as-of", "2024-12-28", "--shop", str(drawn_shop)) == 0
    shown = capsys.readouterr().out
    assert "Orders foretold, and orders that came" in shown
    assert "Margin foretold, and margin that came" in shown


def test_an_abstention_fails_in_words(drawn_shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = ("--shop", str(drawn_shop), "--as-of", "2024-01-05")
    assert run("predict", "fit", "value", *shop) == 1
    assert "Too little to predict from" in capsys.readouterr().err.replace("\n", " ")
    assert run("predict", "fit", "value", *shop, "--format", "json") == 1
    assert json.loads(capsys.readouterr().out)["abstained"] == "too_little_data"
