"""Predictions as traits: in segments and on a person's screen, never from after the portraits' day."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from aimwell.cli.main import main
from aimwell.portraits.service import portrait_of
from aimwell.predict.affinity.tables.scores import AFFINITY_NEEDS, AFFINITY_SCORES
from aimwell.predict.repeat.tables.scores import REPEAT_SCORES
from aimwell.predict.traits import PREDICTED, beside_portraits, known_traits
from aimwell.predict.value.tables.scores import VALUE_SCORES
from aimwell.shop import open_shop

SEGMENTS = """
[segments.likely]
meaning = "Will probably order more than four times."
rule = { trait = "expected_orders", op = "gt", value = 4 }
"""


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


@pytest.fixture(scope="module")
def folder(drawn_shop: Path) -> Path:
    (drawn_shop / "segments.toml").write_text(SEGMENTS, "utf-8")
    assert run("portrait", "build", "--as-of", "2024-12-01", "--shop", str(drawn_shop)) == 0
    assert run("portrait", "build", "--as-of", "2024-12-28", "--shop", str(drawn_shop)) == 0
    return drawn_shop


def test_a_segment_of_predictions_says_what_to_run_then_counts(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = ("--shop", str(folder), "--format", "json")
    capsys.readouterr()
    assert run("segment", "count", "likely", *shop) == 1
    refused = json.loads(capsys.readouterr().err)["error"]
    assert refused["code"] == "prediction_missing"
    assert "aimwell predict fit value --as-of 2024-12-28" in refused["message"]
    assert run("predict", "fit", "value", "--as-of", "2024-12-28", *shop) == 0
    assert run("predict", "score", "value", "--as-of", "2024-12-28", *shop) == 0
    capsys.readouterr()
    assert run("segment", "count", "likely", *shop) == 0
    (counted,) = json.loads(capsys.readouterr().out)
    assert 0 < counted["n_people"] < 150
    out = folder / "likely.jsonl"
    export = ("segment", "export", "likely", str(out), "--kind", "jsonl", "--trait", "expected_orders")
    assert run(*export, *shop) == 0
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert len(rows) == counted["n_people"]
    assert min(row["expected_orders"] for row in rows) > 4


def test_what_was_predicted_later_is_not_known_to_earlier_portraits(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run("segment", "count", "likely", "--as-of", "2024-12-01", "--shop", str(folder)) == 1
    assert "2024-12-01" in capsys.readouterr().err
    with open_shop(folder) as shop:
        later = portrait_of(lake=shop.lake, person_id=1, beside=beside_portraits(shop.lake))
        earlier = portrait_of(
            lake=shop.lake,
            person_id=1,
            as_of=datetime(2024, 11, 30, 23),
            beside=beside_portraits(shop.lake),
        )
    assert later.traits["alive_prob"] is not None
    assert "alive_prob" not in earlier.traits


def test_every_prediction_has_its_place_in_the_dictionary(tmp_path: Path) -> None:
    book = known_traits(tmp_path)
    assert {one.name for one in PREDICTED} <= {one.name for one in book}
    assert {one.group for one in PREDICTED} == {"predicted"}
    declared = {
        spec.name: spec.schema for spec in (VALUE_SCORES, REPEAT_SCORES, AFFINITY_SCORES, AFFINITY_NEEDS)
    }
    assert {one.sources[0] for one in PREDICTED} == declared.keys()
    for one in PREDICTED:
        columns = declared[one.sources[0]]
        column = {"next_product": "product_id", "needed_category": "category"}.get(one.name, one.name)
        assert str(columns[column]) == one.dtype
