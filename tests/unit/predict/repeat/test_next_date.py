"""The day of the next purchase: hazards between horizons, quantiles, and coverage that is exact for whole days."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimwell.predict.repeat.next_date import coverage, hazards, quantile_days

DAYS = (7, 14, 30)


def test_a_constant_hazard_gives_the_exponentials_quantiles() -> None:
    """Rate .05 a day: the median is ln 2 / .05 = 13.9, the first decile -ln .9 / .05 = 2.1; the ninth, 46.1, is beyond 30."""
    hazard = hazards(1 - np.exp(-0.05 * np.array([DAYS], dtype=float)))
    assert hazard[0] == pytest.approx([0.35, 0.7, 1.5])
    assert quantile_days(hazard, DAYS, level=0.5).tolist() == [14.0]
    assert quantile_days(hazard, DAYS, level=0.1).tolist() == [3.0]
    assert quantile_days(hazard, DAYS, level=0.9).tolist() == [np.inf]


def test_a_probability_below_an_earlier_one_is_raised() -> None:
    hazard = hazards(np.array([[0.4, 0.3, 0.6]]))
    assert (1 - np.exp(-hazard))[0] == pytest.approx([0.4, 0.4, 0.6])


def test_the_first_day_is_one() -> None:
    assert quantile_days(hazards(np.array([[0.999, 0.999, 0.999]])), DAYS, level=0.1).tolist() == [1.0]


def test_coverage_of_draws_from_the_model_itself_is_eighty_percent() -> None:
    random = np.random.default_rng(3)
    rates = random.gamma(1.0, 0.1, 20_000)
    hazard = rates[:, None] * np.array(DAYS, dtype=float)
    came_on = np.ceil(random.exponential(1 / rates))
    assert coverage(hazard, DAYS, came_on) == pytest.approx(0.8, abs=0.01)
    assert coverage(hazard, DAYS, np.ceil(came_on / 3)) < 0.75  # people who come three times as soon


def test_who_never_comes_covers_the_rest() -> None:
    """P(in time) = .5: who does not come covers .5..1, of which .5...9 is inside: .4 / .5."""
    hazard = hazards(np.array([[0.2, 0.3, 0.5]]))
    assert coverage(hazard, DAYS, np.array([np.inf])) == pytest.approx(0.8)


@given(
    probs=st.lists(st.floats(0, 1), min_size=3, max_size=3),
    levels=st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)),
)
def test_a_higher_level_is_never_an_earlier_day(probs: list[float], levels: tuple[float, float]) -> None:
    hazard = hazards(np.array([probs]))
    low, high = sorted(levels)
    sooner, later = (quantile_days(hazard, DAYS, level=level)[0] for level in (low, high))
    assert 1 <= sooner <= later
    assert np.isinf(later) or later <= DAYS[-1]
