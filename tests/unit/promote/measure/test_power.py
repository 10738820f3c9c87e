"""The power card's arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from aimwell.promote.measure.power import Outlook, Shape, outlook
from aimwell.promote.measure.sequential import boundary, mixture_constant
from aimwell.promote.measure.sums import ArmSums


def evenly(n_people: float, *, mean: float, deviation: float, n_days: int, n_buyers: float) -> ArmSums:
    """Return the sums of people whose profit grows evenly to a mean and a standard deviation, nothing earned before."""
    share = np.arange(1, n_days + 1) / n_days
    return ArmSums(
        n_people=np.full(n_days, n_people),
        n_buyers=n_buyers * share,
        profit=n_people * mean * share,
        profit_squared=n_people * ((mean * share) ** 2 + deviation**2 * share),
        before=np.zeros((n_days, 1)),
        before_squared=np.zeros((n_days, 1, 1)),
        profit_before=np.zeros((n_days, 1)),
    )


def test_smallest_effect_is_interval_and_power_by_hand() -> None:
    past = evenly(
        1e9, mean=1e9, deviation=1_000.0, n_days=10, n_buyers=1e9
    )  # an effect adds no variance to speak of
    found = outlook(past, Shape(kurtosis=-2.0), n_treated=9_000, n_control=1_000, confidence=0.95, power=0.8)
    error = 1_000.0 * np.sqrt(1 / 9_000 + 1 / 1_000)  # 33.33
    clock = np.array([(10_000 * error) ** 2])
    half = boundary(clock, constant=mixture_constant(clock[0], alpha=0.05), alpha=0.05)[0] / 10_000
    assert half / error == pytest.approx(3.035, abs=1e-3)  # where a fixed-horizon interval has 1.96
    assert found.smallest[-1] == pytest.approx(half + norm.ppf(0.8) * error, rel=1e-4)


def test_an_effect_that_makes_profit_more_uneven_must_be_larger() -> None:
    past = evenly(20_000, mean=500.0, deviation=3_000.0, n_days=30, n_buyers=4_000)
    given = {"n_treated": 5_000, "n_control": 5_000, "confidence": 0.95, "power": 0.8}
    smallest = outlook(past, Shape(kurtosis=-2.0), **given).smallest[-1]
    error = 3_000.0 * np.sqrt(((1 + smallest / 500.0) ** 2 + 1) / 5_000)
    quiet = 3_000.0 * np.sqrt(2 / 5_000)
    constant = mixture_constant((10_000 * quiet) ** 2, alpha=0.05)
    half = boundary(np.array([(10_000 * error) ** 2]), constant=constant, alpha=0.05)[0] / 10_000
    assert smallest == pytest.approx(half + norm.ppf(0.8) * error, rel=2e-3)
    assert smallest > 3.9 * quiet


def test_a_few_who_spend_most_hide_more_where_the_holdout_is_small() -> None:
    past = evenly(20_000, mean=500.0, deviation=3_000.0, n_days=30, n_buyers=4_000)
    given = {"n_treated": 9_000, "n_control": 1_000, "confidence": 0.95, "power": 0.8}
    plain = outlook(past, Shape(kurtosis=-2.0), **given).smallest[-1]
    skewed = outlook(past, Shape(skewness=8.0, kurtosis=150.0), **given).smallest[-1]
    assert skewed > 1.05 * plain
    even = given | {"n_treated": 5_000, "n_control": 5_000}
    assert outlook(past, Shape(skewness=8.0, kurtosis=-2.0), **even).smallest[-1] == pytest.approx(
        outlook(past, Shape(kurtosis=-2.0), **even).smallest[-1]
    )  # equal arms: skewness cancels


def test_heavy_tails_widen_the_margin_of_the_power_by_the_formula() -> None:
    past = evenly(1e9, mean=1e9, deviation=1_000.0, n_days=10, n_buyers=1e9)
    a, b = 9_000.0, 1_000.0
    given = {"n_treated": 9_000, "n_control": 1_000, "confidence": 0.95, "power": 0.8}
    found = outlook(past, Shape(skewness=6.0, kurtosis=100.0), **given).smallest[-1]
    error = 1_000.0 * np.sqrt(1 / a + 1 / b)

    def half(at: float) -> float:
        constant = mixture_constant((10_000 * error) ** 2, alpha=0.05)
        return float(boundary(np.array([(10_000 * at) ** 2]), constant=constant, alpha=0.05)[0] / 10_000)

    slope = (half(error + 1e-4) - half(error - 1e-4)) / 2e-4  # h'
    cube, fourth = 6.0 * 1_000.0**3, (100.0 + 2.0) * 1_000.0**4  # m3, m4 - m2^2
    covariance = cube * (1 / a**2 - 1 / b**2) / (2 * error)  # of estimate and error
    variance = fourth * (1 / a**3 + 1 / b**3) / (4 * error**2)  # of the error
    deviation = np.sqrt(error**2 - 2 * slope * covariance + slope**2 * variance)
    assert found == pytest.approx(half(error) + norm.ppf(0.8) * deviation, rel=1e-4)


def test_too_few_buyers_tell_nothing() -> None:
    # 200 buyers among 10,000 people: 20 of them among 1,000 held out
    past = evenly(10_000, mean=5_000.0, deviation=900.0, n_days=30, n_buyers=200)
    found = outlook(past, Shape(), n_treated=9_000, n_control=1_000, confidence=0.95, power=0.8)
    assert found.first_day is None
    assert found.day_for(1e9) is None
    enough = outlook(past, Shape(), n_treated=8_000, n_control=2_000, confidence=0.95, power=0.8)
    assert enough.first_day == 22  # 200 * 2,000/10,000 buyers, evenly: 30 of 40 by the end of the 23rd day


def test_an_expected_effect_is_told_when_its_part_so_far_is_large_enough() -> None:
    found = Outlook(smallest=np.array([np.inf, 6.0, 5.0, 5.0]), variance_cut=0.0)
    assert found.first_day == 1
    assert found.day_for(12.0) == 1  # 12 * 2/4 = 6
    assert found.day_for(-6.0) == 3  # 6 * 3/4 < 5
    assert found.day_for(4.0) is None


def test_shape_is_that_of_the_people() -> None:
    values = np.array([1.0, 1.0, 1.0, 5.0]) - 2.0  # -1, -1, -1, 3: squares 12, cubes 24, fourth powers 84
    shape = Shape.of_powers(4.0, ((values**2).sum(), (values**3).sum(), (values**4).sum()))
    assert shape.skewness == pytest.approx(6.0 / 3.0**1.5)
    assert shape.kurtosis == pytest.approx(21.0 / 9.0 - 3.0)
    assert Shape.of_powers(4.0, (0.0, 0.0, 0.0)) == Shape()
