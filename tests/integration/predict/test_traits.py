"""Predictions as traits: in segments and on a person's screen, never from after the portraits' day."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from aimwell.cli.main import main
from aimwell.intake.facts import FACTS
from aimwell.portraits.service import portrait_of
from aimwell.predict.affinity.tables.scores import AFFINITY_NEEDS, AFFINITY_SCORES
from aimwell.predict.repeat.tables.scores import REPEAT_SCORES
from aimwell.predict.traits import PREDICTED, beside_portraits, known_traits
from aimwell.predict.value.tables.scores import VALUE_SCORES
from aimwell.shop import open_shop
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import TableSpec

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
        if one.name not in ("next_category", "needed_categories"):  # of several rows
            assert str(columns[column]) == one.dtype


def test_tastes_are_told_from_all_of_a_persons_list(lake: Lake) -> None:
    """Person 1: tea .3 + .2 in two products before coffee .4 in one; person 2 has an unknown product only."""
    as_of = datetime(2024, 12, 1)
    lake.create(FACTS["products"])
    shelf = {"t1": "Tea > Green", "t2": "Tea > Green", "c1": "Coffee"}
    of_products = [{"source": "s", "product_id": one, "category": name} for one, name in shelf.items()]
    lake.append(FACTS["products"], filled(of_products, FACTS["products"]))
    lists = [(1, 1, "c1", 0.4), (1, 2, "t1", 0.3), (1, 3, "t2", 0.2), (2, 1, "gone", 0.9)]
    names = ("person_id", "rank", "product_id", "score")
    scores = [dict(zip(names, row, strict=True)) | {"as_of": as_of} for row in lists]
    lake.overwrite(AFFINITY_SCORES, filled(scores, AFFINITY_SCORES))
    wanted = [
        {"person_id": 1, "rank": n, "category": c, "as_of": as_of} for n, c in ((2, "Mugs"), (1, "Honey"))
    ]
    lake.overwrite(AFFINITY_NEEDS, filled(wanted, AFFINITY_NEEDS))
    people = ibis.memtable({"person_id": [1, 2, 3]})
    traits = ("next_product", "next_category", "needed_category", "needed_categories")
    laid = beside_portraits(lake)(people, as_of, traits)
    rows = {row["person_id"]: tuple(row[name] for name in traits) for row in lake.engine.rows(laid)}
    assert rows == {
        1: ("c1", "Tea > Green", "Honey", ["Honey", "Mugs"]),
        2: ("gone", None, None, None),
        3: (None, None, None, None),
    }


def filled(rows: list[dict[str, Any]], spec: TableSpec) -> ir.Table:
    """Rows of a table; what is not said is null."""
    whole = [dict.fromkeys(spec.schema) | row for row in rows]
    return ibis.memtable(pa.Table.from_pylist(whole, schema=spec.schema.to_pyarrow()))
