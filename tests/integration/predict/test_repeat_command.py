"""`aimwell predict ... repeat` on a shop folder: fit, score, card, back-test, and the refusal of an empty past."""

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
    assert run("predict", "fit", "repeat", "--as-of", "2024-12-28", "--horizon-days", "60", *shop) == 0
    errors = json.loads(capsys.readouterr().out)
    assert {row["forecast"] for row in errors} == {"model", "process", "last_period", "recency"}

    assert run("predict", "score", "repeat", "--as-of", "2024-12-28", *shop) == 0
    scored = json.loads(capsys.readouterr().out)[0]
    assert scored["n_people"] == 150
    assert scored["horizon_days"] == 60
    assert scored["as_of"] == "2024-12-27T23:00:00"  # midnight in Berlin

    assert run("predict", "card", "repeat", *shop) == 0
    assert json.loads(capsys.readouterr().out)["model_id"] == scored["model_id"]
    page = tmp_path / "card.md"
    assert run("predict", "card", "repeat", "--out", str(page), "--shop", str(drawn_shop)) == 0
    written = page.read_text("utf-8")
    assert written.startswith(f"# Repeat model {scored['model_id']}")
    assert "## Calibration within 30 days" in written


def test_an_abstention_fails_in_words(drawn_shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = ("--shop", str(drawn_shop), "--as-of", "2023-01-05")
    assert run("predict", "fit", "repeat", *shop) == 1
    assert "Too little to predict from" in capsys.readouterr().err.replace("\n", " ")
    assert run("predict", "backtest", "repeat", *shop, "--format", "json") == 1
    assert json.loads(capsys.readouterr().out)["abstained"] == "too_little_data"
