"""Parts and learners: found again what was planted, nothing where there is nothing, and kept as data."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from aimwell.predict.effect.learners import LEARNERS, RESPONSE, Effect, summed
from aimwell.predict.effect.linear import Line, logistic_ridge, ridge, told_ridge

from .worlds import drawn, responses


def test_ridge_is_the_closed_form_at_one_of_its_strengths() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 3))
    y = x @ [2.0, -1.0, 0.0] + random.normal(size=300)
    line = ridge(x, y)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    solutions = [
        np.linalg.solve(z.T @ z + 300 * k * np.eye(3), z.T @ (y - y.mean())) / x.std(axis=0)
        for k in 10.0 ** np.arange(-4, 3.01, 0.25)
    ]
    assert min(np.abs(line.slopes - s).max() for s in solutions) < 1e-9
    assert line.slopes == pytest.approx([2, -1, 0], abs=0.2)
    assert line.predict(x).mean() == pytest.approx(y.mean())


def test_ridge_learns_nothing_from_noise_and_survives_constants() -> None:
    random = np.random.default_rng(1)
    x = np.column_stack([random.normal(size=(2_000, 20)), np.ones(2_000)])
    line = ridge(x, random.normal(size=2_000))
    assert np.abs(line.slopes).max() < 0.02  # least squares: about 0.05
    assert line.slopes[20] == 0
    assert ridge(x, np.full(2_000, 3.0)).predict(x) == pytest.approx(np.full(2_000, 3.0))


def test_weights_count_like_repetitions() -> None:
    random = np.random.default_rng(2)
    x, y = random.normal(size=(50, 2)), random.normal(size=50)
    weight = random.integers(1, 4, 50)
    repeated = ridge(np.repeat(x, weight, axis=0), np.repeat(y, weight))
    # the same but for the number of rows, which the strength is chosen by
    assert ridge(x, y, weight=weight.astype(float)).predict(x).mean() == pytest.approx(
        repeated.predict(x).mean(), abs=0.05
    )


def test_logistic_ridge_finds_the_odds() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(20_000, 2))
    y = (random.random(20_000) < 1 / (1 + np.exp(1 - x @ [1.0, 0.0]))).astype(float)
    line = logistic_ridge(x, y)
    assert line.slopes == pytest.approx([1, 0], abs=0.06)
    assert line.intercept == pytest.approx(-1, abs=0.06)
    assert logistic_ridge(x, np.zeros(20_000)).predict(x).max() < 1e-3


def test_told_ridge_parts_what_everybody_does_from_what_treatment_changes() -> None:
    experiment, _ = drawn(20_000, slope=2.0, seed=4)
    base, change = told_ridge(
        experiment.features,
        experiment.outcome,
        told=experiment.is_treated - experiment.propensity,
        is_logistic=False,
    )
    assert base.slopes[1] == pytest.approx(3, abs=0.1)
    assert change.slopes == pytest.approx([2, 0, 0, 0], abs=0.25)
    assert change.intercept == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize("name", [name for name in LEARNERS if name != RESPONSE])
def test_learners_find_a_planted_effect(name: str) -> None:
    for world in (drawn, responses):
        experiment, _ = world(8_000, slope=1.5, seed=5)
        asked, truth = world(2_000, slope=1.5, seed=6)
        found = LEARNERS[name](experiment, 0).of(asked.features)
        assert spearmanr(found, truth).statistic > 0.8
        assert found.mean() == pytest.approx(truth.mean(), abs=0.5 if world is drawn else 0.05)


@pytest.mark.parametrize("name", LEARNERS)
def test_learners_are_data_and_deterministic(name: str) -> None:
    experiment, _ = responses(2_000, slope=1.0, seed=7)
    effect = LEARNERS[name](experiment, 3)
    data = json.loads(json.dumps(effect.as_data()))
    assert Effect.from_data(data).of(experiment.features).tolist() == effect.of(experiment.features).tolist()
    assert LEARNERS[name](experiment, 3).as_data() == effect.as_data()


def test_sums_are_the_same_effect_with_one_line() -> None:
    experiment, _ = drawn(2_000, slope=1.0, seed=8)
    effects = [LEARNERS[name](experiment, 0) for name in ("dr_linear", "to_linear", "t_trees")]
    expected = np.sum([effect.of(experiment.features) for effect in effects], axis=0)
    together = summed(effects)
    assert together.of(experiment.features) == pytest.approx(expected)
    simple = together.simplified()
    assert sum(isinstance(term.part, Line) for term in simple.terms) == 1
    assert simple.of(experiment.features) == pytest.approx(expected)
    assert together.scaled(2.0, shift=1.0).of(experiment.features) == pytest.approx(2 * expected + 1)
