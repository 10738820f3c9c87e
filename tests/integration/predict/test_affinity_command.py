"""The commands of affinity on a shop folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from aimwell.cli.main import main
from aimwell.portraits.service import build_portraits
from aimwell.shop import init_shop, open_shop

from .affinity_shop import fill

DAY = ("--as-of", "2024-07-01")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "teas"
    init_shop(folder, currency="EUR", time_zone="UTC")
    with open_shop(folder) as opened:
        fill(opened.lake)
        arrival = {"source": "drawn", "account_key": "anna", "account_key_kind": "id"}
        list(opened.vault.admit([pa.RecordBatch.from_pylist([arrival])]))
        day = datetime(2024, 7, 1)
        build_portraits(lake=opened.lake, as_of=day, known_at=datetime(2026, 1, 1), built_at=day)
    return folder


@pytest.fixture
def run(shop: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., object]:
    def typed(*words: str) -> object:
        with pytest.raises(SystemExit) as ended:
            main([*words, "--shop", str(shop), "--format", "json"])
        shown = capsys.readouterr()
        assert not ended.value.code, shown.err
        return json.loads(shown.out or "null")

    return typed


def test_fit_score_card_and_lists(run: Callable[..., object], tmp_path: Path) -> None:
    tested = run("predict", "fit", "affinity", *DAY)
    assert isinstance(tested, list)
    assert {row["method"] for row in tested} >= {"boosted", "blend", "global_top"}
    scored = run("predict", "score", "affinity", *DAY, "-k", "5")
    assert isinstance(scored, list)
    assert scored[0]["n_people"] == 242
    card = run("predict", "card", "affinity")
    assert isinstance(card, dict)
    assert card["model_id"] == scored[0]["model_id"]

    found = run("recommend", "anna", "-k", "3", *DAY)
    assert isinstance(found, list)
    assert [row["rank"] for row in found] == [1, 2, 3]
    assert found[0]["reason"] == "popular now"  # nobody knows an order of hers
    assert all(" no. " in row["name"] for row in found)

    path = tmp_path / "alike.csv"
    run("segment", "lookalikes", "aipl_loyalty", str(path), "-k", "7")
    assert path.read_text("utf-8").splitlines()[0] == "person_id,score,because_categories"
