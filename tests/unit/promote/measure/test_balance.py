"""The ratio alarm keeps quiet when people are dealt as stated, and sounds when some got lost."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from scipy.special import beta

from aimwell.promote.measure.balance import LEVEL, log_bayes_factor, ratio_p_value


def test_bayes_factor_is_that_of_the_beta_binomial() -> None:
    # 7 and 3 people where 9 to 1 is right: prior Beta(90, 10)
    mixture = comb(10, 3) * beta(90 + 7, 10 + 3) / beta(90, 10)
    right = comb(10, 3) * 0.9**7 * 0.1**3
    found = log_bayes_factor(np.array([[7.0, 3.0]]), np.array([0.9, 0.1]))
    assert np.exp(found[0]) == pytest.approx(mixture / right)


def test_nobody_and_one_person_say_nothing() -> None:
    shares = np.array([0.9, 0.1])
    assert log_bayes_factor(np.array([[0.0, 0.0], [1.0, 0.0]]), shares) == pytest.approx([0.0, 0.0])
    assert ratio_p_value(np.array([[0.0, 0.0], [1.0, 0.0]]), shares) == pytest.approx(1.0)


def test_false_alarms_over_all_looks_are_within_the_level() -> None:
    random = np.random.default_rng(9)
    p_values = []
    for _ in range(2_000):
        held = random.random(3_000) < 0.1
        counts = np.stack([~held, held], axis=-1).cumsum(axis=0).astype(float)
        p_values.append(ratio_p_value(counts, np.array([0.9, 0.1])))
    # at 5 % (a level at which some are to be expected): at most 100 of 2,000, and 4 standard deviations
    assert sum(p < 0.05 for p in p_values) < 100 + 4 * np.sqrt(95)
    assert sum(p < LEVEL for p in p_values) <= 10


def test_lost_people_raise_the_alarm() -> None:
    # a tenth of the held-out people got lost: 900 of 1,000 beside 9,000
    assert (
        ratio_p_value(np.array([[9_000.0, 900.0]]), np.array([0.9, 0.1])) > LEVEL
    )  # p = .0015 by chi squared
    assert ratio_p_value(np.array([[90_000.0, 9_000.0]]), np.array([0.9, 0.1])) < 1e-12


def test_an_alarm_that_sounded_once_does_not_go_away() -> None:
    shares = np.array([0.5, 0.5])
    early = ratio_p_value(np.array([[400.0, 100.0]]), shares)
    assert ratio_p_value(np.array([[400.0, 100.0], [50_000.0, 50_000.0]]), shares) == early < LEVEL
