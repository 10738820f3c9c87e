"""Worth of orders and rules: by hand, against the mean over all budgets, and unbiased whatever the guess."""

from __future__ import annotations

import numpy as np
import pytest

from aimwell.predict.effect.experiment import Experiment, deal_folds
from aimwell.predict.effect.policy_value import (
    aipw_scores,
    guesses,
    mean_effect,
    policy_gain,
    ranking_value,
    top_gain,
)

from .worlds import drawn

SCORES = np.array([4.0, -2.0, 6.0, 0.0])
ORDER = np.array([2.0, 1.0, 3.0, 0.0])
PERSON = np.arange(4)


def test_the_score_of_a_decision_by_hand() -> None:
    """Treated with e = .25, guess 3 and 5: 5 - 3 + (8 - 5) / .25 = 14; not treated: 5 - 3 - (8 - 3) / .75 = -4 2/3."""
    experiment = Experiment(
        features=np.zeros((2, 1)),
        is_treated=np.array([True, False]),
        propensity=np.array([0.25, 0.25]),
        outcome=np.array([8.0, 8.0]),
        person=np.arange(2),
    )
    found = aipw_scores(experiment, np.array([3.0, 3.0]), np.array([5.0, 5.0]))
    assert found == pytest.approx([14.0, 2 - 5 / 0.75])


def test_an_order_is_worth_its_gain_over_chance_averaged_over_budgets() -> None:
    """Brute force: treat the best k + part of 4 people, less the same share of the total, over a fine grid of budgets."""
    best_first = SCORES[np.argsort(-ORDER)]
    budgets = (np.arange(100_000) + 0.5) / 100_000
    gained = np.interp(budgets * 4, np.arange(5), np.concatenate([[0], best_first.cumsum()])) / 4
    expected = np.mean(gained - budgets * SCORES.mean())
    assert ranking_value(SCORES, ORDER, person=PERSON).value == pytest.approx(expected, abs=1e-6)


def test_a_constant_order_is_worth_nothing() -> None:
    assert ranking_value(SCORES, np.zeros(4), person=PERSON).value == pytest.approx(0)
    assert top_gain(SCORES, np.zeros(4), person=PERSON, share=0.5).value == pytest.approx(0)


def test_rules_by_hand() -> None:
    """Top half: 6 and 4, of four people; at random half of the total of 8. A rule gains the sum of its scores over all."""
    assert top_gain(SCORES, ORDER, person=PERSON, share=0.5).value == pytest.approx((10 - 4) / 4)
    assert policy_gain(SCORES, ORDER > 1, person=PERSON).value == pytest.approx(10 / 4)
    assert mean_effect(SCORES, person=PERSON).value == 2.0


def test_rows_of_one_person_count_as_one() -> None:
    """Everybody twice: the same mean, and the same standard error as once, not 1 / sqrt(2) of it."""
    once = mean_effect(SCORES, person=PERSON).estimate
    twice = mean_effect(np.tile(SCORES, 2), person=np.tile(PERSON, 2)).estimate
    assert twice.se == pytest.approx(once.se)


def test_standard_error_of_an_order_equals_a_bootstrap() -> None:
    random = np.random.default_rng(1)
    order = random.normal(size=1_000)
    scores = order + random.normal(scale=3, size=1_000)
    found = ranking_value(scores, order, person=np.arange(1_000)).estimate
    draws = random.integers(0, 1_000, (400, 1_000))
    values = [ranking_value(scores[d], order[d], person=np.arange(1_000)).value for d in draws]
    assert found.se == pytest.approx(np.std(values), rel=0.12)


def test_the_mean_is_right_whatever_the_guess_and_sharper_with_a_good_one() -> None:
    experiment, effect = drawn(20_000, slope=1.0, seed=1, share=0.2)
    fold = deal_folds(experiment, n_folds=5, seed=0)
    good = mean_effect(aipw_scores(experiment, *guesses(experiment, fold)), person=experiment.person).estimate
    nothing = np.zeros(20_000)
    bad = mean_effect(aipw_scores(experiment, nothing, nothing), person=experiment.person).estimate
    for found in (good, bad):
        assert abs(found.value - effect.mean()) < 3 * found.se
    assert good.se < 0.6 * bad.se  # outcomes spread by sqrt(100 + 9 + 25) without the guess, 5 with it


def test_folds_keep_persons_together_and_arms_even() -> None:
    experiment, _ = drawn(1_000, slope=0.0, seed=2, share=0.3)
    experiment = Experiment(**{**vars(experiment), "person": np.arange(1_000) // 2})
    fold = deal_folds(experiment, n_folds=5, seed=3)
    assert (fold.reshape(-1, 2)[:, 0] == fold.reshape(-1, 2)[:, 1]).all()
    assert np.bincount(fold).tolist() == [200] * 5
    alone, _ = drawn(1_000, slope=0.0, seed=2, share=0.3)
    dealt = deal_folds(alone, n_folds=5, seed=3)
    assert np.ptp([alone.is_treated[dealt == k].sum() for k in range(5)]) <= 1
    assert np.ptp([alone.outcome[dealt == k].mean() for k in range(5)]) < 0.3  # by chance: about 0.9
