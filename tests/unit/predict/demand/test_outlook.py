"""A year ahead: the season, the feast that moves with the moon, and when to send."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from aimwell.predict.demand.calendars import chinese_new_year
from aimwell.predict.demand.series.outlook import look_ahead, months_after, moon_factors
from aimwell.predict.demand.timing import send_moments

SEASON = np.array([0.8, 0.8, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.1, 1.1, 1.2, 1.6])


def test_a_year_ahead_knows_the_season_and_holds_what_comes() -> None:
    random = np.random.default_rng(2)
    level = random.uniform(50, 500, (20, 1)) * 1.005 ** np.arange(72)
    values = level * np.resize(SEASON, 72) * random.lognormal(0, 0.06, (20, 72))
    found = look_ahead(values[:, :60], ahead=12, factors=np.ones(72))
    truth = values[:, 60:]
    assert (found.expected.argmax(axis=1) == 11).all()  # December
    assert np.abs(truth - found.expected).mean() < 0.85 * np.abs(truth - values[:, 48:60]).mean()
    assert 0.7 < np.mean((truth >= found.low) & (truth <= found.high)) < 0.92
    assert found.n_trials == 3
    assert set(found.errors) == {"combined", "last_year", "last_year_grown"}


def test_where_last_year_came_closer_it_is_used() -> None:
    """Every year is the year before again, to the unit: nothing can come closer."""
    values = np.tile(np.random.default_rng(1).uniform(0, 100, (5, 12)), 5)
    found = look_ahead(values, ahead=12, factors=np.ones(72))
    assert found.form != "combined"
    assert found.expected == pytest.approx(values[:, :12])


def test_what_comes_after_the_end_changes_nothing_said_before() -> None:
    values = np.random.default_rng(3).uniform(10, 20, (4, 60))
    later = values.copy()
    later[:, 48:] = 1e6
    first, second = (look_ahead(one[:, :48], ahead=12, factors=np.ones(60)) for one in (values, later))
    assert np.array_equal(first.expected, second.expected)


def test_the_feast_moves_with_the_moon() -> None:
    """A shop that sells a tenth in the week from Chinese New Year on: 22 January 2023, 10 February 2024, 29 January 2025."""
    first_on = date(2022, 1, 1)
    days = [first_on + timedelta(days=n) for n in range(3 * 365)]
    daily = np.array([10.0 if 0 <= (day - chinese_new_year(day.year)).days < 7 else 100.0 for day in days])
    january, february, march = moon_factors(
        daily, first_on=first_on, months=months_after(date(2023, 1, 1), 3)
    )
    assert january < 0.9 < february == march == 1.0
    january, february, _ = moon_factors(daily, first_on=first_on, months=months_after(date(2024, 1, 1), 3))
    assert february < 0.9 < january == 1.0
    # Two feasts were seen with their surroundings, and one year is the doubt: 0.1 to the power of 2/3, on seven of 29 days.
    assert february == pytest.approx(1 - 7 / 29 * (1 - 0.1 ** (2 / 3)))
    # Foretold months fall and rise with it.
    months = months_after(date(2022, 1, 1), 37)
    factors = moon_factors(daily, first_on=first_on, months=months)
    found = look_ahead(np.full((1, 36), 3000.0) * factors[:36], ahead=1, factors=factors)
    assert found.expected[0, 0] == pytest.approx(
        3000 * factors[36], rel=0.01
    )  # January 2025: the feast is on the 29th


def forecast(begin: date, units: list[float], *, low_rate: float = 0.9) -> list[dict[str, object]]:
    step = 1 if len(units) > 4 else 7
    return [
        {"period_start": begin + timedelta(days=step * n), "expected_units": one, "low_units": one * low_rate}
        for n, one in enumerate(units)
    ]


MONDAY = date(2024, 7, 1)


def test_one_sends_before_the_highest_week_and_not_on_days_off() -> None:
    days = forecast(MONDAY, [1.0] * 14 + [2, 2, 2, 2, 9, 2, 2] + [1.0] * 7)
    weeks = forecast(MONDAY, [7.0, 7, 21, 7])
    (found,) = send_moments(weeks, days, lead_days=2, may_send=lambda _: True)
    assert (found.week_on, found.peak_on) == (date(2024, 7, 15), date(2024, 7, 19))  # a Friday
    assert (found.send_on, found.is_moved, found.is_sure) == (date(2024, 7, 17), False, True)
    assert found.above_rate == pytest.approx(1.0)
    (moved,) = send_moments(weeks, days, lead_days=2, may_send=lambda day: day.weekday() < 2)
    assert (moved.send_on, moved.is_moved) == (date(2024, 7, 16), True)
    (never,) = send_moments(weeks, days, lead_days=2, may_send=lambda _: False)
    assert never.send_on is None


def test_flat_demand_names_no_moment_and_a_vague_peak_is_not_sure() -> None:
    days = forecast(MONDAY, [1.0] * 28)
    assert send_moments(forecast(MONDAY, [7.0, 7.2, 7, 7]), days, lead_days=2, may_send=lambda _: True) == []
    (vague,) = send_moments(
        forecast(MONDAY, [7.0, 7, 9, 7], low_rate=0.3), days, lead_days=2, may_send=lambda _: True
    )
    assert not vague.is_sure
