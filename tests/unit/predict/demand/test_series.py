"""Forecasts of series from their own past: what they must find, worked out by hand or drawn with a known truth."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from aimwell.predict.demand.blend import least_error_weights, weights_of
from aimwell.predict.demand.learn import best_forecast
from aimwell.predict.demand.model import Backtest, Trial
from aimwell.predict.demand.panel import Panel
from aimwell.predict.demand.rules import RULES
from aimwell.predict.demand.series.models import forecast_series, series_candidates
from aimwell.predict.demand.series.smoothing import Smoothing, holt_winters, theta
from aimwell.predict.demand.upper import learn_upper, reconcile, upper_of

SEASON = np.array([0.7, 0.8, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.1, 1.1, 1.2, 1.2])


def drawn_months(*, n_series: int, n_months: int, seed: int = 5) -> np.ndarray:
    random = np.random.default_rng(seed)
    level = random.uniform(50, 500, (n_series, 1)) * (1 + 0.004 * np.arange(n_months))
    return np.asarray(level * np.resize(SEASON, n_months) * random.lognormal(0, 0.05, (n_series, n_months)))


def test_smoothing_follows_its_formula() -> None:
    # Level starts at the mean of the first four, 4. Errors: 0, 0, 0, 0, then 8 - 4 = 4, of which a half: 6.
    found = holt_winters(
        np.array([[4.0, 4, 4, 4, 8]]), ahead=2, season=1, settings=[Smoothing(0.5, 0.0, 0.0, 1.0)]
    )
    assert found[0].tolist() == [6.0, 6.0]
    # With a trend of a half of the level's move, damped to a half each step: 6 + 1 / 2, 6 + 1 / 2 + 1 / 4
    found = holt_winters(
        np.array([[4.0, 4, 4, 4, 8]]), ahead=2, season=1, settings=[Smoothing(0.5, 0.5, 0.0, 0.5)]
    )
    assert found[0].tolist() == [6.5, 6.75]


def test_smoothing_and_theta_find_a_season_and_a_trend() -> None:
    steps = np.arange(60.0)
    values = (10 + 0.1 * steps + np.resize([0.0, 1, 2, 1, 0, -4], 60))[None, :]
    truth = (10 + 0.1 * np.arange(60.0, 66) + np.array([0.0, 1, 2, 1, 0, -4]))[None, :]
    for forecast in (holt_winters, theta):
        found = forecast(values, ahead=6, season=6)
        # Damping and a share of the trend lose part of 0.1 a step, not the season.
        assert np.abs(found - truth).max() < 0.6, forecast
        assert np.argmin(found[0]) == 5


def test_candidates_are_never_negative_and_mind_no_unit() -> None:
    values = np.random.default_rng(1).poisson(0.3, (5, 40)).astype(float)
    found = series_candidates(values, ahead=6, season=12)
    for name, said in found.items():
        assert (said >= 0).all(), name
        assert np.allclose(
            series_candidates(values * 1000, ahead=6, season=12)[name], said * 1000, rtol=1e-6, atol=1e-3
        )


def test_months_a_year_ahead_beat_the_last_year_and_intervals_hold_four_fifths() -> None:
    values = drawn_months(n_series=40, n_months=96)
    past, truth = values[:, :84], values[:, 84:]
    found = forecast_series(past, ahead=12, season=12)
    naive = np.abs(truth - past[:, -12:]).mean()
    assert np.abs(truth - found.expected).mean() < 0.85 * naive
    assert sum(found.weights.values()) == pytest.approx(1)
    assert 0.7 < np.mean((truth >= found.low) & (truth <= found.high)) < 0.9
    assert found.n_trials == 5


def test_the_last_season_grows_as_all_series_did() -> None:
    values = np.concatenate([np.full((30, 4), 10.0), np.full((30, 4), 12.0)], axis=1)
    values[0, 4:] = 40.0  # the median does not mind it
    said = series_candidates(values, ahead=8, season=4)["last_season"]
    growth = 1.2 ** (30 / 40)  # 30 series against a prior of 10
    assert said[1] == pytest.approx([12 * growth] * 4 + [12 * growth**2] * 4)


def test_a_series_that_begins_late_is_foretold_and_one_that_never_began_is_not() -> None:
    values = drawn_months(n_series=3, n_months=60)
    values[1, :50] = np.nan
    values[2] = np.nan
    found = forecast_series(values, ahead=3, season=12)
    assert np.isfinite(found.expected[:2]).all()
    assert np.isnan(found.expected[2]).all()
    alone = series_candidates(values[1:2, 50:], ahead=3, season=12)
    assert np.allclose(series_candidates(values, ahead=3, season=12)["theta"][1], alone["theta"][0])


def test_a_short_past_gets_equal_weights_and_wider_ends_further_ahead() -> None:
    found = forecast_series(drawn_months(n_series=1, n_months=8), ahead=4, season=12)
    assert found.n_trials == 0
    assert set(found.weights.values()) == {0.25}
    assert (np.diff((found.high - found.low)[0]) > 0).all()


def weekly_panel(*, n_days: int) -> Panel:
    """Two categories that sell three times as much in the last four weeks of each 52."""
    random = np.random.default_rng(2)
    rate = np.where((np.arange(n_days) // 7) % 52 >= 48, 30.0, 10.0)
    units = random.poisson(rate, (4, n_days)).astype(float)
    return Panel(
        keys=("a", "b", "c", "d"),
        categories=("x", "x", "y", "y"),
        units=units,
        net_minor=units,
        first_on=date(2021, 1, 4),
        promotion=np.zeros((0, 4, n_days)),
    )


def test_a_season_of_the_year_is_seen_from_two_years_on() -> None:
    past = weekly_panel(n_days=7 * (2 * 52 + 48))  # the feast begins tomorrow
    flat = np.full((4, 28), 10.0)
    said = dict.fromkeys(("bottom_up", "window_average", "same_weekday", "tsb", "last_week"), flat)
    upper = upper_of(past, said, horizon_days=28)
    assert upper["total"].forecasts["weekly"].sum() == pytest.approx(4 * 28 * 30, rel=0.15)
    short = upper_of(past.until(7 * 100), said, horizon_days=28)  # the second feast begins tomorrow
    assert short["total"].forecasts["weekly"].sum() < 4 * 28 * 20


def test_weights_of_the_total_go_to_what_came_and_products_follow() -> None:
    past = weekly_panel(n_days=7 * 47)
    flat = np.full((4, 28), 10.0)
    said = dict.fromkeys(("window_average", "same_weekday", "tsb", "last_week"), flat) | {
        "bottom_up": flat * 4
    }
    upper = upper_of(past, said, horizon_days=28)
    truth = {"total": np.full((1, 28), 40.0), "category": np.full((2, 28), 20.0)}
    weights = learn_upper([upper], [truth])
    assert weights["total"]["bottom_up"] < 0.1  # four times too high
    assert sum(weights["total"].values()) == pytest.approx(1)
    found = reconcile(past, flat * 4, upper, weights)
    expected = sum(upper["total"].forecasts[name] * weight for name, weight in weights["total"].items())
    assert found.sum(axis=0) == pytest.approx(np.asarray(expected)[0])


def test_what_comes_later_changes_nothing_said_before() -> None:
    panel = weekly_panel(n_days=7 * 50)
    later = panel.units.copy()
    later[:, 7 * 46 :] = 1000.0
    flat = np.full((4, 28), 10.0)
    said = dict.fromkeys(("bottom_up", "window_average", "same_weekday", "tsb", "last_week"), flat)
    first, second = (
        upper_of(one.until(7 * 46), said, horizon_days=28) for one in (panel, replace(panel, units=later))
    )
    assert np.array_equal(first["total"].forecasts["smoothed"], second["total"].forecasts["smoothed"])


def test_a_rule_that_beat_the_combination_at_a_level_is_used_there() -> None:
    def trial(level: str, forecast: str, rmsse: float) -> Trial:
        return Trial(
            level=level, forecast=forecast, n_series=1, rmsse=rmsse, weighted_rmsse=rmsse, bias_rate=0.0
        )

    trials = [trial(level, name, 0.9) for level in ("product", "total") for name in RULES if name != "tsb"]
    trials += [trial("product", "combined", 0.7), trial("product", "tsb", 0.8)]
    trials += [trial("total", "combined", 0.86), trial("total", "tsb", 0.84)]
    tested = Backtest(cuts=[], horizon_days=28, trials=trials, coverage={})
    assert best_forecast(tested, "product") == "combined"
    assert best_forecast(tested, "total") == "tsb"


def test_weights_of_the_least_error_are_not_decided_by_one_bulk_order() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(10, 1, 400)
    said = {"near": truth + random.normal(0, 0.5, 400), "far": truth + random.normal(0, 2, 400)}
    truth = truth.copy()
    truth[7] = 500.0
    said["far"][7] = 300.0  # nearer to the one order that comes once
    even = {"near": 0.5, "far": 0.5}
    assert weights_of(said, truth, default=even, trust=0.1)["near"] < 0.2
    assert least_error_weights(said, truth, default=even, trust=0.1)["near"] > 0.6


def test_intervals_are_those_of_what_sells_not_of_what_hardly_does() -> None:
    """Errors of small series are wild relative to their own noise; those of the large ones decide how wide all are."""
    random = np.random.default_rng(6)
    large = 1000 + np.cumsum(random.normal(0, 1, (30, 60)), axis=1)
    small = np.abs(0.1 * random.standard_t(2, (30, 60)))
    apart, both = (
        forecast_series(values, ahead=4, season=1) for values in (large, np.concatenate([large, small]))
    )
    assert np.allclose(both.high[:30] - both.low[:30], apart.high - apart.low, rtol=0.35)
