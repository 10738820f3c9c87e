"""`aimwell predict ... effect` on a shop folder: fit, score, card, and the refusal of a shop that left nothing to chance."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aimwell.cli.main import main
from aimwell.shop import init_shop, open_shop

from .effect_shop import N, fill


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


@pytest.fixture(scope="module")
def tested_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "tea"
    init_shop(folder, currency="EUR", time_zone="UTC")
    with open_shop(folder) as shop:
        fill(shop.lake)
    return folder


def test_fit_then_score_then_card(
    tested_shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = ("--shop", str(tested_shop), "--format", "json")
    assert run("predict", "fit", "effect", "--as-of", "2025-07-15", *shop) == 0
    shown = capsys.readouterr()
    rows = json.loads(shown.out)
    assert [(row["offer_id"], row["is_usable"]) for row in rows] == [("tea", True)]
    assert rows[0]["low_minor"] < rows[0]["mean_minor"] < rows[0]["high_minor"]
    assert "Kept the model effect-20250715-" in shown.err

    assert run("predict", "score", "effect", *shop) == 0
    scored = json.loads(capsys.readouterr().out)[0]
    assert (scored["offer_id"], scored["n_people"], scored["horizon_days"]) == ("tea", N, 30)

    assert run("predict", "card", "effect", *shop) == 0
    assert json.loads(capsys.readouterr().out)["model_id"] == scored["model_id"]
    page = tmp_path / "card.md"
    assert run("predict", "card", "effect", "--out", str(page), "--shop", str(tested_shop)) == 0
    assert page.read_text("utf-8").startswith(f"# Effect model {scored['model_id']}")


def test_an_abstention_fails_in_words(drawn_shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = ("--shop", str(drawn_shop), "--as-of", "2024-12-28")
    assert run("predict", "fit", "effect", *shop) == 1
    assert "none was left to chance" in capsys.readouterr().err.replace("\n", " ")
    assert run("predict", "fit", "effect", *shop, "--format", "json") == 1
    assert json.loads(capsys.readouterr().out)["abstained"] == "no_experiment"
