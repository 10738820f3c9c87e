"""The parts of demand that can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimwell.predict.demand.blend import blended, learn_weights, only
from aimwell.predict.demand.calendars import (
    CALENDAR_FEATURES,
    calendar_features,
    chinese_new_year,
    thanksgiving,
)
from aimwell.predict.demand.features import features
from aimwell.predict.demand.hierarchy import groups, in_periods, periods, reconciled, summed
from aimwell.predict.demand.intervals import bounds, learn_quantiles, unrest
from aimwell.predict.demand.learn import try_horizons
from aimwell.predict.demand.model import DemandModel
from aimwell.predict.demand.panel import Panel
from aimwell.predict.demand.rules import RULES
from aimwell.predict.demand.service.use import budget_pace
from aimwell.predict.demand.stock import stock_level
from aimwell.predict.demand.told.promotions import BadPromotions, Promotion, promotion_days, read_promotions
from aimwell.predict.demand.trees import grow, tree_forecast

FIRST = date(2024, 1, 1)  # a Monday


def drawn_panel(*, n_series: int = 6, n_days: int = 140, kinds: int = 0) -> Panel:
    random = np.random.default_rng(3)
    units = random.poisson(3.0, (n_series, n_days)).astype(float)
    return Panel(
        keys=(*tuple(f"p{n}" for n in range(n_series - 1)), ""),
        categories=("a", "a", "b", "b", "b", "b")[:n_series],
        units=units,
        net_minor=units * 250,
        first_on=FIRST,
        promotion=np.zeros((kinds, n_series, n_days)),
        promotion_kinds=tuple("kind" for _ in range(kinds)),
    )


@pytest.mark.parametrize(
    ("year", "day"),  # Hong Kong Observatory, conversion tables of the Gregorian and the moon calendar
    [
        (2023, date(2023, 1, 22)),
        (2024, date(2024, 2, 10)),
        (2025, date(2025, 1, 29)),
        (2026, date(2026, 2, 17)),
    ],
)
def test_chinese_new_year_moves_with_the_moon(year: int, day: date) -> None:
    assert chinese_new_year(year) == day


def test_days_to_the_feast_count_down_and_on() -> None:
    column = CALENDAR_FEATURES.index("days_to_chinese_new_year")
    days = [date(2025, 1, 28), date(2025, 1, 29), date(2025, 1, 31), date(2025, 6, 1)]
    assert calendar_features(days, country="CN")[:3, column].tolist() == [1, 0, -2]
    assert abs(calendar_features(days, country="CN")[3, column]) == 30  # far away
    assert thanksgiving(2017) == date(2017, 11, 23)


def test_a_rule_repeats_the_right_days() -> None:
    units = np.arange(1.0, 57.0)[None, :]  # 1 .. 56
    assert RULES["last_week"](units, 8)[0].tolist() == [50, 51, 52, 53, 54, 55, 56, 50]
    assert RULES["window_average"](units, 2)[0].tolist() == [42.5, 42.5]  # mean of 29 .. 56
    assert RULES["same_weekday"](units, 1)[0].tolist() == [25.5]  # mean of 1, 8, .. 50


def test_tsb_fades_when_nothing_is_sold() -> None:
    units = np.array([[1.0] * 10 + [0.0] * 10])
    # chance 1/2 at first; ten sales bring it to 1 - .5 * .9^10, ten days without to .9^10 of that
    assert RULES["tsb"](units, 1)[0, 0] == pytest.approx((1 - 0.5 * 0.9**10) * 0.9**10)


def test_weights_find_the_forecast_that_is_right_and_sum_to_one() -> None:
    random = np.random.default_rng(1)
    units = random.poisson(5, (50, 120)).astype(float)
    truth = random.poisson(5, (50, 14)).astype(float)
    wrong = random.uniform(0, 10, truth.shape)
    said = {"trees": truth, "window_average": wrong, "same_weekday": wrong * 2, "tsb": wrong * 3}
    weights = learn_weights(said, truth, units=units)
    assert weights["regular"]["trees"] > 0.75  # the default has a say, by a tenth of the evidence
    assert sum(weights["regular"].values()) == pytest.approx(1)
    assert np.array_equal(blended(only("trees"), said, units=units), truth)


def test_levels_and_grains_add_up() -> None:
    panel = drawn_panel()
    sums = {
        level: summed(panel.units, place, n_keys=len(keys)) for level, (keys, place) in groups(panel).items()
    }
    assert np.allclose(sums["category"].sum(axis=0), sums["total"][0])
    assert np.allclose(sums["product"], panel.units[:-1])  # the pool is not a product
    weeks = periods(
        FIRST + timedelta(days=2), n_days=20, grain="week"
    )  # Wednesday: two whole weeks from Monday the 8th
    assert [one.start_on for one in weeks] == [date(2024, 1, 8), date(2024, 1, 15)]
    assert in_periods(np.ones((1, 20)), weeks).tolist() == [[7, 7]]
    months = periods(FIRST, n_days=60, grain="month")  # January 31, February 29 days
    assert [one.end - one.begin for one in months] == [31, 29]


def test_intervals_hold_four_fifths_of_poisson_sales() -> None:
    random = np.random.default_rng(2)
    rate = random.uniform(5, 40, 200)[:, None]
    history, first, second = (random.poisson(rate, (200, n)).astype(float) for n in (91, 28, 28))
    expected, restless = np.repeat(rate, 28, axis=1), unrest(history)
    low, high = bounds(expected, restless, learn_quantiles([(expected, restless, first)]))
    assert 0.77 < float(np.mean((second >= low) & (second <= high))) < 0.83


def test_days_without_stock_are_filled_not_taken_as_no_demand() -> None:
    panel = replace(drawn_panel(n_series=1, n_days=35), keys=("p0",))
    units = np.tile(np.arange(1.0, 8.0), 5)[None, :]  # Monday 1 .. Sunday 7
    units[0, 30] = 0.0  # a Wednesday without stock
    is_out = np.zeros((1, 35), dtype=bool)
    is_out[0, 30] = True
    filled = replace(panel, units=units).uncensored(is_out).units
    assert filled[0, 30] == 3.0  # every Wednesday sold 3
    assert np.array_equal(np.delete(filled, 30), np.delete(units, 30))


def test_a_closed_day_is_filled_and_foretold_as_none() -> None:
    """A shop that is closed on Mondays of late sells nothing then; told of it, it forecasts open days as if nothing had been."""
    panel = drawn_panel(n_days=168)
    closed = np.zeros(196, dtype=bool)
    closed[119:196:7] = True  # a Monday and all after, also those ahead
    shut = replace(panel, units=panel.units * ~closed[:168])
    told = replace(shut, closed=closed).uncensored(np.zeros_like(panel.units, dtype=bool))
    assert told.units[:, 119].sum() > 0
    assert told.n_filled_days == 0  # of single products
    assert told.data_hash != replace(told, closed=np.zeros(0, dtype=bool)).data_hash
    *_, blind = try_horizons(shut, horizon_days=28, country="DE", seed=0)
    *_, found = try_horizons(told, horizon_days=28, country="DE", seed=0)
    mondays = [0, 7, 14, 21]
    for said in (*found.forecasts.values(), *found.upper["total"].forecasts.values(), found.truth):
        assert not said[:, mondays].any()
    usual = np.delete(found.forecasts["window_average"], mondays, axis=1)
    assert usual.mean() == pytest.approx(3.0, rel=0.05)
    assert blind.forecasts["window_average"].mean() < 0.95 * usual.mean()


def test_features_do_not_see_the_future_except_planned_promotions() -> None:
    panel = drawn_panel(kinds=1)
    later = panel.units.copy()
    later[:, 112:] = 1000.0
    seen = features(panel.until(112), horizon_days=28, country="DE")
    assert np.array_equal(
        seen, features(replace(panel, units=later).until(112), horizon_days=28, country="DE"), equal_nan=True
    )
    promotion = panel.promotion.copy()
    promotion[0, :, 120] = 5.0
    planned = features(replace(panel, promotion=promotion).until(112), horizon_days=28, country="DE")
    assert not np.array_equal(seen, planned, equal_nan=True)


def test_features_of_buyers_do_not_see_the_future() -> None:
    panel = drawn_panel()
    counted = replace(panel, buyers=panel.units, first_buyers=panel.units / 2)
    later = panel.units.copy()
    later[:, 112:] = 99.0
    seen = features(counted.until(112), horizon_days=28, country="DE")
    first_later = np.where(np.arange(panel.n_days) < 112, panel.units / 2, 99.0)
    both = replace(counted, buyers=later, first_buyers=first_later).until(112)
    assert np.array_equal(seen, features(both, horizon_days=28, country="DE"), equal_nan=True)
    without = features(panel.until(112), horizon_days=28, country="DE")
    assert seen.shape[1] == without.shape[1] + 5


def test_promotions_cover_both_days_and_add_up(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text(
        "product_id,start_on,end_on,kind,strength\np1,2024-01-02,2024-01-03,mailer,2\np1,2024-01-03,2024-01-09,mailer,1\n"
    )
    found = promotion_days(
        read_promotions(path), keys=("p0", "p1"), kinds=("mailer",), first_on=FIRST, n_days=5
    )
    assert found[0].tolist() == [[0, 0, 0, 0, 0], [0, 2, 3, 1, 1]]
    past = Promotion(
        product_id="p1", start_on=date(2023, 1, 1), end_on=date(2023, 1, 5), kind="mailer", strength=1
    )
    assert not promotion_days([past], keys=("p1",), kinds=("mailer",), first_on=FIRST, n_days=5).any()
    path.write_text("product_id,start_on,end_on,kind,strength\np1,2024-13-02,2024-01-03,mailer,2\n")
    with pytest.raises(BadPromotions, match="Line 2"):
        read_promotions(path)


def test_stock_for_a_poisson_seller() -> None:
    # 70 units in 7 days, calmest case: variance = mean. Normal approximation of the 95 % point: 70 + 1.645 sqrt(70) = 83.8
    found = stock_level(70, low=70, high=70, days=7, level_days=7, service_level=0.95)
    assert found.units in (84, 85)
    assert stock_level(70, low=70, high=70, days=7, level_days=14, service_level=0.5).units in (140, 139)
    assert stock_level(0, low=0, high=1, days=7, level_days=7, service_level=0.99).units == 0


def test_a_budget_is_spent_to_the_last_cent() -> None:
    rows = [{"period_start": FIRST + timedelta(days=n), "expected_revenue_minor": 1} for n in range(3)]
    assert sum(budget_pace(100, rows).values()) == 100
    assert max(budget_pace(100, rows).values()) - min(budget_pace(100, rows).values()) <= 1


def test_few_errors_get_the_wide_tails_of_student() -> None:
    one = np.full((1, 4), 10.0)
    found = learn_quantiles(
        [(one, np.ones(1), one + np.sqrt(10.1))]
    )  # four errors of one standard deviation, one horizon
    assert found == (
        pytest.approx(-3.078, abs=1e-3),
        pytest.approx(3.078, abs=1e-3),
    )  # t at 0.9 with one degree of freedom


def test_trees_never_foretell_far_more_than_the_best_week_seen() -> None:
    calm = drawn_panel()
    booming = replace(calm, units=np.round(np.exp(np.arange(140) / 12))[None, :].repeat(6, axis=0))
    trees = grow(booming, horizon_days=28, country="DE", seed=1)  # a month later always ten times as much
    found = tree_forecast(trees, calm, horizon_days=28, country="DE")
    highest = [max(row[i : i + 7].mean() for i in range(134)) for row in calm.units]
    assert (found <= 1.5 * np.array(highest)[:, None] + 1e-9).all()


def test_reconciled_products_add_up_and_the_restless_category_takes_the_gap() -> None:
    bottom = np.array([[3.0], [1.0], [6.0]])
    place = np.array([0, 0, 1])
    category = np.array([[8.0], [6.0]])
    # The total says 10, categories say 14: the gap of -4 goes 3 : 1. 8 - 3 = 5, 6 - 1 = 5; within the first 3 : 1.
    found = reconciled(bottom, category, np.array([[10.0]]), place=place, variance=np.array([3.0, 1.0]))
    assert found.ravel() == pytest.approx([3.75, 1.25, 5.0])
    # What would fall below 0 stays at 0, and the rest still adds up: 1 - 3 < 0, so all 2 are of the second.
    found = reconciled(
        bottom, np.array([[1.0], [5.0]]), np.array([[2.0]]), place=place, variance=np.array([3.0, 1.0])
    )
    assert found.ravel() == pytest.approx([0.0, 0.0, 2.0])


@given(
    st.lists(st.floats(0.01, 100), min_size=6, max_size=6),
    st.lists(st.floats(0, 100), min_size=3, max_size=3),
    st.floats(0, 500),
)
def test_whatever_is_said_reconciled_forecasts_add_up_to_the_total(
    said: list[float], shelves: list[float], total: float
) -> None:
    bottom, place = np.array(said)[:, None], np.array([0, 0, 1, 1, 2, 2])
    found = reconciled(
        bottom, np.array(shelves)[:, None], np.array([[total]]), place=place, variance=np.array([1.0, 2, 3])
    )
    assert (found >= 0).all()
    if sum(shelves) + total > 0.1:
        assert found.sum() == pytest.approx(total, abs=1e-6)


def test_a_model_kept_by_an_earlier_version_adds_up_its_products() -> None:
    kept = {
        "trees": "",
        "weights": {"regular": {"trees": 1.0}, "intermittent": {"trees": 1.0}},
        "quantiles": {},
        "horizon_days": 28,
        "country": "US",
        "category_depth": 1,
        "max_products": 10,
        "promotion_kinds": [],
    }
    model = DemandModel.from_data(kept)
    assert model.upper_weights == {"category": {"bottom_up": 1.0}, "total": {"bottom_up": 1.0}}
    assert not model.has_buyers
    assert DemandModel.from_data(model.as_data()) == model
