"""Repeat from facts in a lake to scores in a lake, on a shop drawn from the Pareto/NBD story."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pytest

from aimwell.base.clock import FixedClock
from aimwell.intake.facts import FACTS
from aimwell.predict.model import Abstention, ModelMissing
from aimwell.predict.repeat.card import RepeatCard
from aimwell.predict.repeat.service import backtest_repeat, fit_repeat, read_card, score_repeat
from aimwell.predict.repeat.tables.scores import REPEAT_SCORES
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake

START = datetime(2024, 1, 1)
AS_OF = datetime(2025, 1, 1)
HORIZON = {"time_zone": "UTC", "horizon_days": 60}


def drawn_orders(n_people: int, *, end: datetime) -> pa.Table:
    """Orders of people who buy at their own rate until they stop, up to 2 April 2025 or `end`."""
    random = np.random.default_rng(7)
    rows = []
    for person in range(1, n_people + 1):
        day = float(random.uniform(0, 200))
        stops = day + random.exponential(1 / random.gamma(0.6, 1 / 150))
        rate, mean = random.gamma(0.9, 1 / 20), random.gamma(6, 1000)
        while day < min(stops, 458):
            at = START + timedelta(days=int(day), hours=10)
            rows.append((person, at, int(random.gamma(4, mean / 4)) + 1))
            day += random.exponential(1 / rate)
    schema = FACTS["orders"].schema
    orders = [
        dict.fromkeys(schema)
        | {"source": "drawn", "order_id": str(number), "person_id": person, "status": "completed"}
        | {"ordered_at": at, "local_at": at, "known_at": at, "n_lines": 1, "items_minor": items_minor}
        for number, (person, at, items_minor) in enumerate(rows)
        if at < end
    ]
    return pa.Table.from_pylist(orders, schema=schema.to_pyarrow())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, open_engine: Callable[[Path], Engine]) -> Iterator[Lake]:
    """One shop for all tests: they add models and scores, never facts."""
    folder = tmp_path_factory.mktemp("repeat")
    engine = open_engine(folder)
    lake = Lake(folder / "lake", engine=engine)
    for spec in FACTS.values():
        lake.create(spec)
    lake.append(FACTS["orders"], ibis.memtable(drawn_orders(400, end=datetime(2025, 4, 2))))
    yield lake
    engine.close()


@pytest.fixture(scope="module")
def card(shop: Lake) -> RepeatCard:
    return fitted(shop)


def fitted(lake: Lake) -> RepeatCard:
    found = fit_repeat(lake=lake, clock=FixedClock(datetime(2025, 1, 2)), as_of=AS_OF, **HORIZON)
    assert isinstance(found, RepeatCard)
    return found


@pytest.mark.both_engines
def test_fit_score_and_what_then_happened(shop: Lake, card: RepeatCard) -> None:
    summary = score_repeat(lake=shop, as_of=AS_OF, time_zone="UTC")
    assert (summary.n_people, summary.model_id, summary.horizon_days) == (400, card.model_id, 60)
    orders = shop.table("orders")
    later = orders.filter(orders.ordered_at >= AS_OF)
    came = later.group_by("person_id").agg(next_on=later.local_at.date().min())
    scores = shop.table(REPEAT_SCORES.name).left_join(came, "person_id").drop("person_id_right")
    rows = shop.engine.rows(scores)

    def n_came(days: int) -> int:
        return sum(r["next_on"] is not None and (r["next_on"] - AS_OF.date()).days < days for r in rows)

    for name, days in (("p_order_14", 14), ("p_order_30", 30), ("p_order_horizon", 60)):
        assert sum(r[name] for r in rows) == pytest.approx(n_came(days), rel=0.15)
    for row in rows:
        assert 0 <= row["p_order_14"] <= row["p_order_30"] <= row["p_order_horizon"] <= 1
        assert 0 <= row["p_silent"] <= 1 - row["p_order_horizon"] + 1e-9
        dates = [row[name] for name in ("next_order_from", "next_order_on", "next_order_until")]
        found = [day for day in dates if day is not None]
        assert found == sorted(found) == dates[: len(found)]  # the later, the sooner beyond the horizon
        assert (row["p_order_horizon"] >= 0.9) == (row["next_order_until"] is not None)
    ended = [r for r in rows if r["next_order_until"] is not None]
    inside = [
        r["next_on"] is not None and r["next_order_from"] <= r["next_on"] <= r["next_order_until"]
        for r in ended
    ]
    assert np.mean(inside) > 0.75


@pytest.mark.both_engines
def test_backtest_lays_the_model_beside_naive_rules(shop: Lake) -> None:
    tested = backtest_repeat(lake=shop, as_of=AS_OF, **HORIZON)
    assert not isinstance(tested, Abstention)
    assert [trial.seen_days for trial in tested] == [30, 60, 91]
    last = tested[-1]
    assert {e.forecast for e in last.heads} == {"model", "process", "last_period", "recency"}
    mine, rate = last.error(30, "model"), last.error(30, "last_period")
    assert mine is not None
    assert rate is not None
    assert (mine.log_loss or 9) < (rate.log_loss or 0)
    assert mine.came == rate.came
    assert 0.7 < last.coverage < 0.9
    assert {(t.measure, t.forecast) for t in last.totals} == {
        (measure, forecast)
        for measure in ("orders", "spend")
        for forecast in ("model", "process", "last_period")
    }


def test_the_same_data_make_the_same_model_once(shop: Lake, card: RepeatCard) -> None:
    assert fitted(shop) == card == read_card(lake=shop)


def test_later_orders_change_nothing(lake: Lake, card: RepeatCard) -> None:
    """A shop that never saw the orders from the date on has the same model as of that date."""
    lake.append(FACTS["orders"], ibis.memtable(drawn_orders(400, end=AS_OF)))
    assert fitted(lake) == card


def test_an_empty_shop_declines(lake: Lake) -> None:
    found = fit_repeat(lake=lake, clock=FixedClock(AS_OF), as_of=AS_OF, **HORIZON)
    assert isinstance(found, Abstention)
    assert found.code == "too_little_data"
    with pytest.raises(ModelMissing, match="aimwell predict fit repeat"):
        score_repeat(lake=lake, as_of=AS_OF, time_zone="UTC")


def test_fifty_customers_get_the_purchase_process(lake: Lake) -> None:
    """Too few for trees: no horizon is boosted, and the card says so."""
    lake.append(FACTS["orders"], ibis.memtable(drawn_orders(50, end=AS_OF)))
    card = fitted(lake)
    assert card.form == "process"
    assert any("the purchase process answers alone" in str(note) for note in card.notes())
    summary = score_repeat(lake=lake, as_of=AS_OF, time_zone="UTC")
    assert summary.n_people == 50
    assert 0 < summary.expected_within_30 < 50
