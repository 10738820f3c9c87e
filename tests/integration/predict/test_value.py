"""Value from facts in a lake to scores in a lake, on a shop drawn from the Pareto/NBD story."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pytest

from aimwell.base.clock import FixedClock
from aimwell.intake.facts import FACTS
from aimwell.predict.model import Abstention, ModelMissing
from aimwell.predict.service import read_model
from aimwell.predict.tables import MODELS
from aimwell.predict.value.card import ModelCard
from aimwell.predict.value.model import Backtest
from aimwell.predict.value.service import backtest_value, fit_value, gather, read_card, score_value
from aimwell.predict.value.tables.scores import VALUE_SCORES
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake

START = datetime(2024, 1, 1)
AS_OF = datetime(2025, 1, 1)
SETTINGS = {"time_zone": "UTC", "margin_rate": 0.4}


def drawn_orders(n_people: int, *, end: datetime) -> pa.Table:
    """Orders of people who buy at their own rate until they stop, each at margins of their own, to `end`."""
    random = np.random.default_rng(42)
    rows = []
    for person in range(1, n_people + 1):
        day = float(random.uniform(0, 180))
        stops = day + random.exponential(1 / random.gamma(0.6, 1 / 120))
        rate, mean = random.gamma(0.9, 1 / 20), random.gamma(6, 1000)
        while day < min(stops, 458):  # to 2 April 2025
            rows.append(
                (person, START + timedelta(days=int(day), hours=10), int(random.gamma(4, mean / 4)) + 1)
            )
            day += random.exponential(1 / rate)
    schema = FACTS["orders"].schema
    orders = [
        dict.fromkeys(schema)
        | {
            "source": "drawn",
            "order_id": str(number),
            "person_id": person,
            "ordered_at": at,
            "local_at": at,
            "known_at": at,
            "status": "completed",
            "n_lines": 0,
            "items_minor": items_minor,
        }
        for number, (person, at, items_minor) in enumerate(rows)
        if at < end
    ]
    return pa.Table.from_pylist(orders, schema=schema.to_pyarrow())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, open_engine: Callable[[Path], Engine]) -> Iterator[Lake]:
    """One shop for all tests: they add models and scores, never facts."""
    folder = tmp_path_factory.mktemp("value")
    engine = open_engine(folder)
    lake = Lake(folder / "lake", engine=engine)
    for spec in FACTS.values():
        lake.create(spec)
    lake.append(FACTS["orders"], ibis.memtable(drawn_orders(400, end=datetime(2025, 4, 2))))
    yield lake
    engine.close()


def fitted(shop: Lake, *, as_of: datetime = AS_OF) -> ModelCard:
    card = fit_value(lake=shop, clock=FixedClock(datetime(2025, 1, 2)), as_of=as_of, **SETTINGS)
    assert isinstance(card, ModelCard)
    return card


@pytest.mark.both_engines
def test_fit_score_and_what_then_happened(shop: Lake) -> None:
    card = fitted(shop)
    summary = score_value(lake=shop, as_of=AS_OF, time_zone="UTC")
    assert (summary.n_people, summary.model_id, summary.horizon_days) == (400, card.model_id, 91)
    came = shop.table("orders").filter(
        lambda t: (t.ordered_at >= AS_OF) & (t.ordered_at < AS_OF + timedelta(days=91))
    )
    days = came.select("person_id", day=came.local_at.date()).distinct()
    after = days.group_by("person_id").agg(n_orders=days.count())
    scores = shop.table(VALUE_SCORES.name)
    joined = scores.left_join(after, "person_id")
    orders = joined.n_orders.fill_null(0)
    row = shop.engine.rows(
        joined.agg(
            expected=joined.expected_orders.sum(),
            came=orders.sum(),
            inside=orders.between(joined.orders_low, joined.orders_high).mean(),
            correlation=joined.expected_orders.corr(orders.cast("float64"), how="pop"),
            alive=joined.alive_prob.min(),
        )
    )[0]
    assert row["expected"] == pytest.approx(row["came"], rel=0.15)
    assert row["inside"] > 0.8
    assert row["correlation"] > 0.8
    assert 0 <= row["alive"] <= 1


def test_the_same_data_make_the_same_model_once(shop: Lake) -> None:
    first, second = fitted(shop), fitted(shop)
    assert first == second == read_card(lake=shop)
    models = shop.table(MODELS.name)
    kept = models.filter(models.model_id == first.model_id)
    assert shop.engine.rows(kept.count().name("n").as_table()) == [{"n": 1}]


def test_later_orders_change_nothing(shop: Lake, lake: Lake) -> None:
    """A shop that never saw the orders from the date on has the same model as of that date."""
    lake.append(FACTS["orders"], ibis.memtable(drawn_orders(400, end=AS_OF)))
    assert fitted(lake) == fitted(shop)


def test_scores_name_the_model_that_made_them(shop: Lake) -> None:
    old = fitted(shop, as_of=datetime(2024, 12, 1))
    fitted(shop)
    score_value(lake=shop, as_of=AS_OF, time_zone="UTC", model_id=old.model_id, horizon_days=30)
    names = shop.table(VALUE_SCORES.name).select("model_id", "horizon_days").distinct()
    assert shop.engine.rows(names) == [{"model_id": old.model_id, "horizon_days": 30}]
    with pytest.raises(ModelMissing, match="no value model `nobody`"):
        read_model("value", lake=shop, model_id="nobody")


@pytest.mark.both_engines
def test_backtest_compares_with_naive_rules(shop: Lake) -> None:
    tested = backtest_value(lake=shop, as_of=AS_OF, **SETTINGS)
    assert isinstance(tested, Backtest)
    assert {e.forecast for e in tested.errors} == {
        "bgnbd",
        "mbgnbd",
        "pareto_nbd",
        "last_period",
        "rate",
        "segment_mean",
    }
    mine = tested.error(tested.chosen, measure="orders")
    assert mine.rmse < tested.error("rate", measure="orders").rmse
    assert mine.actual == tested.error("rate", measure="orders").actual
    assert 0.7 < tested.interval_coverage < 0.9
    assert [d.decile for d in tested.deciles if d.measure == "margin"] == list(range(1, 11))


def test_bounded_cells_give_nearly_the_same_scores(shop: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for 150 cells the grain becomes a week or more; nobody's expectation moves much."""
    fitted(shop)
    fine = score_value(lake=shop, as_of=AS_OF, time_zone="UTC")
    monkeypatch.setattr(gather, "MAX_CELLS", 150)
    coarse = score_value(lake=shop, as_of=AS_OF, time_zone="UTC")
    assert coarse.n_cells < fine.n_cells
    assert coarse.n_people == fine.n_people
    assert coarse.expected_orders == pytest.approx(fine.expected_orders, rel=0.02)


def test_an_empty_shop_declines(lake: Lake) -> None:
    result = fit_value(lake=lake, clock=FixedClock(AS_OF), as_of=AS_OF, **SETTINGS)
    assert isinstance(result, Abstention)
    assert result.code == "too_little_data"
    with pytest.raises(ModelMissing, match="aimwell predict fit value"):
        score_value(lake=lake, as_of=AS_OF, time_zone="UTC")


def test_a_short_past_is_fitted_untested(shop: Lake) -> None:
    card = fitted(shop, as_of=START + timedelta(days=100))
    assert card.backtest is None
    assert card.memory == 1


@pytest.mark.parametrize(
    ("zone", "last_on"),
    [("UTC", "2024-12-31"), ("Asia/Shanghai", "2025-01-01"), ("America/New_York", "2024-12-31")],
)
def test_the_last_day_is_the_shops_own(zone: str, last_on: str) -> None:
    """The moment before midnight UTC is 08:00 of the next day in Shanghai."""
    midnight = datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    assert gather.last_day(midnight, time_zone=zone).isoformat() == last_on
