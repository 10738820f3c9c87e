"""Measures of probabilities, by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as their_log_loss

from aimwell.predict.repeat.measures import (
    auc,
    brier,
    calibration,
    calibration_error,
    chance_calibration_error,
    deviances,
    is_clearly_less,
    log_loss,
)


def test_by_hand() -> None:
    came, said = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.8, 0.4, 0.4, 0.2])
    assert auc(came, said) == 3.5 / 4  # of four pairs three are right and one is a tie
    assert brier(came, said) == pytest.approx((0.04 + 0.16 + 0.36 + 0.04) / 4)
    assert log_loss(came, said) == pytest.approx(-np.log([0.8, 0.6, 0.4, 0.8]).mean())
    assert auc(np.ones(4), said) is None
    # 2 (y ln(y / m) - y + m) of (2, 1) and (0, 1): 2 (2 ln 2 - 1) and 2
    assert deviances(np.array([2.0, 0.0]), np.array([1.0, 1.0])) == pytest.approx([4 * np.log(2) - 2, 2])


def test_less_is_clear_only_beyond_the_standard_error() -> None:
    """Savings of .2 and 0: .1 on average, with a standard error of .1 / sqrt(2) = .071; of .6 and -.4: .1 with .354."""
    assert is_clearly_less(np.array([0.8, 1.0]), np.array([1.0, 1.0]))
    assert not is_clearly_less(np.array([0.4, 1.4]), np.array([1.0, 1.0]))


def test_against_scikit_learn() -> None:
    random = np.random.default_rng(1)
    said = random.random(500).round(2)
    came = (random.random(500) < said).astype(float)
    assert auc(came, said) == pytest.approx(roc_auc_score(came, said))
    assert log_loss(came, said) == pytest.approx(their_log_loss(came, np.clip(said, 1e-6, 1 - 1e-6)))
    assert brier(came, said) == pytest.approx(brier_score_loss(came, said))


def test_calibration_error_weighs_tenths() -> None:
    """Twenty people, .5 said to the first ten and .9 to the rest; all come: |.5 - 1| / 2 + |.9 - 1| / 2 = .3."""
    came, said = np.ones(20), np.repeat([0.5, 0.9], 10)
    assert calibration_error(came, said) == pytest.approx(0.3)
    assert [b.n_people for b in calibration(came, said)] == [2] * 10


def test_what_calibration_error_chance_alone_would_bring() -> None:
    """Of exactly right probabilities the errors measured lie around it, and the more people the less it is."""
    random = np.random.default_rng(4)
    prob = random.beta(1, 4, 2_000)
    measured = [calibration_error((random.random(2_000) < prob).astype(float), prob) for _ in range(200)]
    assert chance_calibration_error(prob) == pytest.approx(np.mean(measured), rel=0.05)
    assert chance_calibration_error(prob[:50]) > 5 * chance_calibration_error(prob)
    assert chance_calibration_error(np.array([0.0, 1.0])) == 0
