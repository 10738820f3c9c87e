"""Qini and uplift curves: equal to scikit-uplift, and their standard errors to a bootstrap and to derivatives taken numerically."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from sklift.metrics import qini_auc_score, uplift_at_k, uplift_auc_score

from aimwell.learn.demo.hillstrom import Task, task
from aimwell.predict.effect.curves import auuc, qini, top_effect
from aimwell.predict.effect.measured import Array, Measured

MEASURES: list[tuple[Callable[..., Measured], Callable[..., float]]] = [
    (qini, lambda y, s, t: qini_auc_score(y, s, t)),
    (auuc, lambda y, s, t: uplift_auc_score(y, s, t)),
    (top_effect, lambda y, s, t: uplift_at_k(y, s, t, strategy="overall", k=0.3)),
]


@pytest.fixture(scope="module")
def mailed() -> Task:
    return task("both", "visit")


def drawn(n: int, *, seed: int, n_scores: int) -> tuple[Array, Array, Array]:
    random = np.random.default_rng(seed)
    score = random.integers(0, n_scores, n).astype(float)
    treated = random.random(n) < 0.4
    outcome = (random.random(n) < 0.2 + 0.1 * treated * score / n_scores).astype(float)
    return score, treated, outcome


def test_two_blocks_by_hand() -> None:
    """Top: 2 treated, 1 of them responds, 2 controls, none. Then 2 treated, none responds, 2 controls, 1 responds.

    Q is 1, then 1 - 1 * 4 / 4 = 0: area (0 + 1) / 2 * 4 + (1 + 0) / 2 * 4 = 4; the chord is 0. The best order: the treated
    responder (Q = 1), the six others (1), the control responder (0): 1/2 + 6 + 1/2 = 7. Coefficient 4 / 7.
    """
    score = np.array([1.0, 1, 1, 1, 0, 0, 0, 0])
    treated = np.array([True, True, False, False, True, True, False, False])
    outcome = np.array([1.0, 0, 0, 0, 0, 0, 1, 0])
    assert qini(score, is_treated=treated, outcome=outcome).value == pytest.approx(4 / 7, abs=1e-12)


@pytest.mark.parametrize("n_scores", [2, 7, 10**6])
@pytest.mark.parametrize(("ours", "theirs"), MEASURES)
def test_equal_to_scikit_uplift(
    ours: Callable[..., Measured], theirs: Callable[..., float], n_scores: int
) -> None:
    for seed in range(5):
        score, treated, outcome = drawn(997, seed=seed, n_scores=n_scores)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # scikit-uplift calls what scikit-learn gives up
            expected = theirs(outcome, score, treated.astype(int))
        assert ours(score, is_treated=treated, outcome=outcome).value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("ours", "theirs"), MEASURES)
def test_equal_to_scikit_uplift_on_64_000_customers(
    mailed: Task, ours: Callable[..., Measured], theirs: Callable[..., float]
) -> None:
    score = mailed.features[:, 1]  # what they spent before: nearly all different
    found = ours(score, is_treated=mailed.is_treated, outcome=mailed.outcome)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        expected = theirs(mailed.outcome, score, mailed.is_treated.astype(int))
    assert len(score) == 64_000
    assert found.value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("measure", [qini, auuc])
def test_influence_is_the_derivative_in_the_weight_of_a_row(measure: Callable[..., Measured]) -> None:
    """A row that is there twice among 400 copies of all rows: the change is its influence, to first order."""
    score, treated, outcome = drawn(60, seed=3, n_scores=9)
    found = measure(score, is_treated=treated, outcome=outcome)
    copies = 400
    many = [np.tile(a, copies) for a in (score, treated, outcome)]
    for row in (0, 17, 42):
        more = [np.append(a, a[row]) for a in many]
        changed = measure(more[0], is_treated=more[1].astype(bool), outcome=more[2]).value
        assert (changed - found.value) * copies == pytest.approx(found.influence[row], rel=0.02, abs=1e-4)
    assert found.influence.sum() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("measure", [qini, auuc, top_effect])
def test_standard_errors_equal_a_bootstrap(measure: Callable[..., Measured]) -> None:
    score, treated, outcome = drawn(2_000, seed=5, n_scores=500)
    other = score + np.random.default_rng(6).normal(scale=200, size=len(score))
    found, rival = (measure(s, is_treated=treated, outcome=outcome) for s in (score, other))
    random = np.random.default_rng(7)
    values, gaps = [], []
    for _ in range(400):
        again = random.integers(0, len(score), len(score))
        one, two = (
            measure(s[again], is_treated=treated[again], outcome=outcome[again]).value for s in (score, other)
        )
        values.append(one)
        gaps.append(one - two)
    # 400 draws tell a standard deviation to 3.5 %; the cut of top_effect moves in the bootstrap
    assert found.estimate.se == pytest.approx(np.std(values), rel=0.12)
    assert found.less(rival).se == pytest.approx(np.std(gaps), rel=0.12)


def test_a_constant_score_is_chance(mailed: Task) -> None:
    found = qini(np.zeros(64_000), is_treated=mailed.is_treated, outcome=mailed.outcome)
    assert found.value == pytest.approx(0, abs=1e-12)
