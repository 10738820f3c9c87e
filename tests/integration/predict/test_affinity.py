"""Affinity from facts in a lake to lists in a lake, on a shop of habits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import ibis
import pytest

from aimwell.base.clock import FixedClock
from aimwell.intake.facts import FACTS
from aimwell.people.service import read_facts
from aimwell.predict.affinity.card import AffinityCard
from aimwell.predict.affinity.choose import Wishes
from aimwell.predict.affinity.service import (
    Context,
    fit_affinity,
    lookalikes,
    needs_of,
    open_recommender,
    read_card,
    recommend_one,
    score_affinity,
)
from aimwell.predict.affinity.tables.scores import AFFINITY_NEEDS, AFFINITY_SCORES
from aimwell.predict.model import Abstention
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake

from .affinity_shop import AS_OF, N_EACH, N_PEOPLE, fill, product_id

CLOCK = FixedClock(datetime(2025, 1, 1))
DULL = product_id("Tea", N_EACH - 1)  # earns 2 %


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, open_engine: Callable[[Path], Engine]) -> Iterator[Lake]:
    """One fitted shop for all tests: they add scores, never facts or models."""
    folder = tmp_path_factory.mktemp("affinity")
    engine = open_engine(folder)
    lake = Lake(folder / "lake", engine=engine)
    fill(lake)
    card = fit_affinity(lake=lake, clock=CLOCK, as_of=AS_OF, margin_floor=0.1)
    assert isinstance(card, AffinityCard)
    yield lake
    engine.close()


def test_the_blend_beats_every_rule_out_of_time(shop: Lake) -> None:
    card = read_card(lake=shop)
    assert card.form == "boosted"
    assert [trial.kind for trial in card.backtest.trials] == ["last", "rolling", "rolling"]
    for trial in card.backtest.trials:
        mine = trial.scores["boosted"].recall
        assert all(mine > score.recall for name, score in trial.scores.items() if name != "boosted")
    # what goes together is found without having been bought: tea speaks for its honey
    newest = card.backtest.trials[0].scores
    assert newest["boosted"].explore_recall > 1.5 * newest["global_top"].explore_recall


def test_later_orders_change_nothing(shop: Lake, lake: Lake) -> None:
    fill(lake, until=AS_OF)
    assert fit_affinity(lake=lake, clock=CLOCK, as_of=AS_OF, margin_floor=0.1) == read_card(lake=shop)


def test_everybody_gets_a_list_with_reasons(shop: Lake) -> None:
    summary = score_affinity(lake=shop, as_of=AS_OF)
    assert summary.n_people == N_PEOPLE + 2  # two have an account and no order
    assert summary.n_rows == 10 * summary.n_people
    rows = shop.engine.rows(shop.table(AFFINITY_SCORES.name))
    assert DULL not in {row["product_id"] for row in rows}
    for row in rows:
        reason = row["reason"]
        is_repeat = row["kind"] == "repeat"
        assert (reason["n_bought"] is not None) is is_repeat
        assert (reason["days_ago"] is not None) is is_repeat
        assert 0 <= row["score"] <= 1
        if is_repeat:
            assert reason["because_product_id"] is None
    keys = {(row["person_id"], row["product_id"]) for row in rows}
    assert len(keys) == len(rows)


def test_repeats_were_bought_and_new_products_were_not(shop: Lake) -> None:
    score_affinity(lake=shop, as_of=AS_OF)
    lists = shop.table(AFFINITY_SCORES.name)
    lines = shop.table("order_lines")
    bought = lines.filter(lines.ordered_at < AS_OF).select("person_id", "product_id").distinct()
    bought = bought.mutate(was_bought=ibis.literal(value=True))
    both = lists.left_join(bought, ["person_id", "product_id"])
    wrong = both.filter((both.kind == "repeat") != both.was_bought.fill_null(ibis.literal(value=False)))
    assert shop.engine.rows(wrong.count().name("n").as_table()) == [{"n": 0}]


def test_wishes_rule_the_list(shop: Lake) -> None:
    score_affinity(lake=shop, as_of=AS_OF, wishes=Wishes(k=4, explore_share=1.0))
    rows = shop.engine.rows(shop.table(AFFINITY_SCORES.name))
    assert {row["kind"] for row in rows} == {"explore"}
    assert {row["rank"] for row in rows} == {1, 2, 3, 4}


def test_needs_name_what_a_person_lacks_with_reasons_that_hold(shop: Lake) -> None:
    score_affinity(lake=shop, as_of=AS_OF)
    card = read_card(lake=shop)
    assert card.needs is not None
    assert card.needs.k == 5
    assert (card.needs_form == "alike") == (card.needs.hit_rate > card.needs.popular_hit_rate)
    shelf = read_facts(lake=shop).products.select("product_id", "category")
    past = read_facts(lake=shop).order_lines.filter(lambda t: t.ordered_at < AS_OF)
    rows = shop.engine.rows(past.inner_join(shelf, "product_id").select("person_id", "category").distinct())
    bought: dict[int, set[str]] = {}
    for row in rows:
        bought.setdefault(row["person_id"], set()).add(row["category"])
    needs = shop.engine.rows(shop.table(AFFINITY_NEEDS.name))
    assert {row["category"] for row in needs if row["person_id"] == 5} >= {"Honey"}
    for row in needs:
        own = bought[row["person_id"]]
        assert row["category"] not in own
        assert set(row["because_categories"]) <= own
        assert 0 < row["score"] < 1
        buyers = [have for have in bought.values() if row["category"] in have]
        both = [have for have in buyers if set(row["because_categories"]) <= have]
        assert row["support_rate"] == pytest.approx(len(both) / len(buyers), abs=1e-4)
    need = needs_of(5, lake=shop)[0]
    assert str(need.reason).startswith(f"bought {' and '.join(need.because_categories)}, as ")
    assert str(need.reason).endswith(f"% of those who buy {need.category}")


def test_one_person_gets_the_same_from_lake_files_and_table(shop: Lake, tmp_path: Path) -> None:
    score_affinity(lake=shop, as_of=AS_OF)
    warm = open_recommender(lake=shop, as_of=AS_OF, folder=tmp_path)
    again = open_recommender(lake=shop, as_of=AS_OF, folder=tmp_path)
    lists = shop.table(AFFINITY_SCORES.name)
    for person in (1, 5, 10, 17):
        own = shop.engine.rows(lists.filter(lists.person_id == person).order_by("rank"))
        found = warm.recommend(person)
        assert [one.product_id for one in found] == [row["product_id"] for row in own]
        assert [one.score for one in found] == pytest.approx([row["score"] for row in own])
        assert found == again.recommend(person)
        assert found == recommend_one(lake=shop, person_id=person, as_of=AS_OF)


def test_the_basket_of_now_speaks_and_is_not_shown_again(shop: Lake, tmp_path: Path) -> None:
    warm = open_recommender(lake=shop, as_of=AS_OF, folder=tmp_path)
    stranger = 999_999
    tea = product_id("Tea", 3)
    found = warm.recommend(stranger, context=Context(basket=[tea], not_shown=[product_id("Tea", 4)]))
    shown = {one.product_id for one in found}
    assert not {tea, product_id("Tea", 4)} & shown
    assert {one.kind for one in found} == {"explore"}
    # who holds tea is shown no coffee; who holds nothing is
    assert not any(one.startswith("Coffee") for one in shown)
    assert any(one.product_id.startswith("Coffee") for one in warm.recommend(stranger))


def test_lookalikes_buy_what_the_group_buys(shop: Lake) -> None:
    group = ibis.memtable({"person_id": [2, 4, 6, 8]})  # coffee and sugar
    with lookalikes(group, lake=shop, k=30, as_of=AS_OF) as found:
        rows = shop.engine.rows(found)
    assert len(rows) == 30
    assert all(row["person_id"] % 2 == 0 for row in rows)
    assert not {2, 4, 6, 8} & {row["person_id"] for row in rows}
    assert {"Coffee", "Sugar"} <= set(rows[0]["because_categories"])


def test_an_empty_shop_is_declined_in_words(lake: Lake) -> None:
    for spec in FACTS.values():
        lake.create(spec)
    declined = fit_affinity(lake=lake, clock=CLOCK, as_of=AS_OF)
    assert isinstance(declined, Abstention)
    assert declined.code == "too_little_data"
    assert "0 customers with two orders" in str(declined.reason)
