import numpy as np
import pytest

from aimwell.portraits.survey import draws, survey_line


def test_the_same_seed_asks_the_same_people_none_twice():
    asked = draws(n_people=1000, size=50, repeats=20, seed=7)
    assert np.array_equal(asked, draws(n_people=1000, size=50, repeats=20, seed=7))
    assert asked.shape == (20, 50)
    assert asked.min() >= 0
    assert asked.max() < 1000
    assert all(len(set(row)) == 50 for row in asked)


def test_a_survey_of_everybody_is_the_census():
    values = np.arange(10.0)
    answers = values[draws(n_people=10, size=10, repeats=5, seed=1)]
    line = survey_line(answers, name="x", kind="trait", census=4.5)
    assert (line.error_worst, line.relative_worst) == (0, 0)


def test_errors_by_hand_with_people_who_have_no_answer():
    answers = np.array([[1.0, np.nan, 3.0], [6.0, 6.0, np.nan], [np.nan] * 3])
    line = survey_line(answers, name="x", kind="trait", census=4.0)
    # means 2 and 6: both off by 2; the third survey met nobody who could answer
    assert (line.error_median, line.error_95, line.error_worst) == (2, 2, 2)
    assert (line.relative_95, line.n_silent) == (0.5, 1)


def test_a_census_of_zero_has_no_relative_error():
    line = survey_line(np.zeros((2, 2)), name="x", kind="segment", census=0.0)
    assert (line.error_worst, line.relative_worst) == (0, None)


def test_the_spread_is_what_sampling_theory_says():
    # mean of 0/1 with share 1/2, n = 100: standard error sqrt(0.25 / 100 * (1 - 100 / 10000)) = 0.0497; median |error| 0.6745 of it
    values = np.tile([0.0, 1.0], 5000)
    answers = values[draws(n_people=10_000, size=100, repeats=2000, seed=3)]
    line = survey_line(answers, name="x", kind="segment", census=0.5)
    assert line.error_95 == pytest.approx(1.96 * 0.0497, rel=0.1)
