"""Tables of repeat: features by hand, outcomes by hand, nothing of the day itself, and a leak that is refused."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pytest

from aimwell.predict.repeat.errors import LeakyFeature, UndatedFeature
from aimwell.predict.repeat.frames import frames_of
from aimwell.predict.repeat.tables.features import FEATURES, HISTORY, features
from aimwell.predict.repeat.tables.training import outcomes, training_rows
from aimwell.storage.engines import Engine

pytestmark = pytest.mark.both_engines

CUT = date(2025, 3, 3)  # a Monday
SCHEMA = ibis.schema(
    {
        "person_id": "int64",
        "bought_on": "date",
        "n_orders": "int64",
        "n_lines": "int64",
        "spend_minor": "int64",
        "discount_minor": "int64",
    }
)


def bought(*rows: tuple[int, date, int]) -> ir.Table:
    """Baskets of (person, day, spend), two lines and one order each."""
    whole = [dict(zip(SCHEMA.names, (p, day, 1, 2, spend, 0), strict=True)) for p, day, spend in rows]
    return ibis.memtable(whole, schema=SCHEMA)


HISTORY_OF_1 = (
    (1, date(2025, 1, 1), 1000),  # 61 days before the cut
    (1, date(2025, 1, 11), 3000),  # 51 days; gap 10
    (1, date(2025, 2, 24), 2000),  # 7 days; gap 44; a Monday
)


def test_features_by_hand(engine: Engine) -> None:
    rows = engine.rows(features(bought(*HISTORY_OF_1), cuts=[CUT]))
    assert len(rows) == 1
    row = rows[0]
    assert {name: row[name] for name in HISTORY} == {
        "frequency": 2,
        "recent": 2,
        "recency_days": 54,
        "age_days": 60,
        "spend_minor": 6000,
    }
    expected = {
        "n_days": 3,
        "first_days": 61,
        "since_days": 7,
        "n_7d": 1,
        "n_28d": 1,
        "n_56d": 2,
        "n_91d": 3,
        "spend_28d": 2000,
        "since_2": 51,
        "since_5": -1,  # there are no five
        "gap_mean": 27,
        "gap_sd": 17,  # gaps 10 and 44
        "gap_max": 44,
        "gap_last_1": 44,
        "silence_by_gap_mean": 7 / 27,
        "recent_28d": 0.5 ** (61 / 28) + 0.5 ** (51 / 28) + 0.5 ** (7 / 28),
        "spend_per_day": 2000,
        "lines_per_day": 2,
        "weekend_rate": 1 / 3,  # 11 January 2025 was a Saturday
        "same_weekday_rate": 1 / 3,  # 24 February alone is whole weeks away
        "log_spend_mean": np.log([1001, 3001, 2001]).mean(),
        "log_spend_sd": np.log([1001, 3001, 2001]).std(),
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected, abs=0.001)
    assert row["seen_on"] == date(2025, 2, 24)


def test_who_bought_once_has_no_gaps(engine: Engine) -> None:
    row = engine.rows(features(bought((1, CUT - timedelta(days=1), 500)), cuts=[CUT]))[0]
    assert (row["gap_mean"], row["gap_max"], row["silence_by_gap_mean"]) == (-1, -1, -1)
    assert all(row[name] is not None for name in FEATURES)


def test_the_day_itself_and_later_change_nothing(engine: Engine) -> None:
    before = engine.rows(features(bought(*HISTORY_OF_1), cuts=[CUT]))
    later = ((1, CUT, 9000), (1, CUT + timedelta(days=3), 9000), (2, CUT, 100))
    assert engine.rows(features(bought(*HISTORY_OF_1, *later), cuts=[CUT])) == before


def test_outcomes_by_hand(engine: Engine) -> None:
    later = ((1, CUT, 100), (1, CUT + timedelta(days=29), 200), (1, CUT + timedelta(days=30), 400))
    rows = engine.rows(outcomes(bought(*HISTORY_OF_1, *later), cuts=[CUT]))
    assert rows == [
        {"person_id": 1, "cut_on": CUT, "next_days": 1}
        | {"orders_30d": 2, "orders_60d": 3, "orders_91d": 3}
        | {"spend_30d_after": 300, "spend_60d_after": 700, "spend_91d_after": 700}
    ]


def crowd() -> ir.Table:
    """Sixty people who bought on days of their own before the cut, and a third of them after it."""
    days = [
        (p, CUT - timedelta(days=1 + (7 * p + 5 * k) % 90), 100 + p)
        for p in range(60)
        for k in range(1 + p % 4)
    ]
    return bought(*sorted(set(days)), *((p, CUT + timedelta(days=p), 100) for p in range(0, 60, 3)))


def test_a_planted_leak_is_caught(engine: Engine) -> None:
    """A table of features that counts orders of the week after the day, and says so by its `seen_on`."""
    people = crowd()
    honest = features(people, cuts=[CUT])
    week = people.filter(people.bought_on < CUT + timedelta(days=7))
    leaky = week.group_by("person_id").agg(n_ever=week.count(), seen_on=week.bought_on.max())
    leaky = leaky.mutate(cut_on=ibis.literal(CUT))
    tables = {"purchases": honest, "planted": leaky}
    rows = engine.arrow(training_rows(tables, outcomes(people, cuts=[CUT])))
    with pytest.raises(LeakyFeature, match=r"`planted` of 3 training rows .* up to 2025-03-09") as caught:
        frames_of(rows, tables=list(tables), min_people=30)
    assert caught.value.code == "leaky_feature"
    assert len(frames_of(rows, tables=["purchases"], min_people=30)[0]) == 60


def test_features_that_do_not_say_until_when_they_looked_are_refused() -> None:
    people = crowd()
    undated = features(people, cuts=[CUT]).drop("seen_on")
    with pytest.raises(UndatedFeature, match="`undated` have no column `seen_on`"):
        training_rows({"undated": undated}, outcomes(people, cuts=[CUT]))
