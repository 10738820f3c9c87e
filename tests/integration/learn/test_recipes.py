"""The small edition of `benchmarks/recipes.py`: every recipe from `new` to `measure` in a simulated shop."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pyarrow.parquet as pq
import pytest

from aimwell.shop import open_shop

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture(scope="module")
def recipes() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import recipes

        yield recipes


def test_every_recipe_finds_people_sends_and_leaves_the_holdout_alone(
    recipes: ModuleType, tmp_path: Path
) -> None:
    folder = recipes.make_shop(tmp_path, people=4_000, seed=5)
    recipes.send_and_play(tmp_path, folder)
    found = recipes.tried(tmp_path, folder)
    assert [one.recipe for one in found] == list(recipes.RECIPES)
    for one in found:
        assert one.n_sent > 0
        assert one.n_treated > 0 < one.n_held_out
        assert one.n_sent_to_held_out == 0
    news = found[-1]  # most people: enough bought for an interval
    assert news.low is not None
    assert abs(news.effect - news.true_effect) < news.high - news.low  # ids are random: twice what it claims
    effects = pq.read_table(next((tmp_path / "truth").glob("effects-*.parquet")))
    assert effects.num_rows == sum(one.n_sent for one in found)  # just what went out was played
    _check_letters(folder, n_sent=sum(one.n_sent for one in found))
    _check_unsubscribed(folder, effects.filter(effects["is_unsubscribed"])["account"].to_pylist())


def _check_letters(folder: Path, *, n_sent: int) -> None:
    rows = []
    for path in (folder / "outgoing").iterdir():
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows += list(csv.DictReader(file))
    assert len(rows) == n_sent
    assert max(Counter((row["campaign_id"], row["person_id"]) for row in rows).values()) == 1


def _check_unsubscribed(folder: Path, accounts: list[str]) -> None:
    with open_shop(folder) as shop:
        customers = shop.engine.rows(shop.lake.table("customers").select("account_id", "person_id"))
        people = {row["account_id"]: row["person_id"] for row in customers}
        acts = {one: [act.act for act in shop.ledger.history(people[one])] for one in accounts}
    assert all("withdraw" in done for done in acts.values())
