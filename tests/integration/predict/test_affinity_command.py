"""The commands of affinity on a shop folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from aimwell.cli.consent import ledger_of
from aimwell.cli.main import main
from aimwell.people.objections import objectors
from aimwell.portraits.service import build_portraits
from aimwell.predict.affinity.service import Context, open_recommender, recommend_one
from aimwell.shop import init_shop, open_shop
from aimwell.trust.consent import ALL
from aimwell.trust.consent.service import Said, grant, withdraw

from .affinity_shop import AS_OF, fill

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


def test_who_objected_gets_no_personal_recommendation(
    run: Callable[..., object], shop: Path, tmp_path: Path
) -> None:
    """Seen at once by recommendations and look-alikes, at the next scoring in the lists; a grant takes it back."""
    run("predict", "fit", "affinity", *DAY)
    run("predict", "score", "affinity", *DAY)
    before, needed = told(shop, 5)
    assert {row["kind"] for row in before} >= {"repeat"}
    assert needed
    path = tmp_path / "alike.csv"
    with open_shop(shop) as opened:
        act = {"channel": ALL, "said": Said(source="test"), "ledger": ledger_of(opened), "now": AS_OF}
        withdraw(5, purposes=("personalisation",), vault=opened.vault, **act)
        refusing = objectors(lake=opened.lake, database=opened.database)
        where = {"lake": opened.lake, "as_of": AS_OF, "objectors": refusing}
        assert refusing == {5}
        at_once = recommend_one(person_id=5, k=3, context=Context(basket=("Tea-1",)), **where)
        warm = open_recommender(folder=tmp_path, **where)
        assert warm.recommend(5, k=3) == at_once
        assert {str(one.reason) for one in at_once} == {"popular now"}
        assert {one.kind for one in warm.recommend(10, k=3)} >= {"repeat"}
    run("segment", "lookalikes", "aipl_loyalty", str(path), "-k", "500")
    assert "5" not in {line.split(",")[0] for line in path.read_text("utf-8").splitlines()}
    run("predict", "score", "affinity", *DAY)
    after, none = told(shop, 5)
    assert {row["kind"] for row in after} == {"explore"}
    assert {row["reason"]["n_bought"] for row in after} == {None}
    assert none == []
    with open_shop(shop) as opened:
        grant(5, purpose="personalisation", **(act | {"ledger": ledger_of(opened)}))
    run("predict", "score", "affinity", *DAY)
    assert told(shop, 5)[0] == before


def told(shop: Path, person: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return a person's list and needs as they were last scored."""
    with open_shop(shop) as opened:
        lists, needs = (opened.lake.table(name) for name in ("affinity_scores", "affinity_needs"))
        rows = opened.lake.engine.rows(lists.filter(lists.person_id == person).order_by("rank"))
        return rows, opened.lake.engine.rows(needs.filter(needs.person_id == person))
