"""The automatic choice: finds what is there, shrinks it to its true size, and says so where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, spearmanr

from aimwell.learn.demo.hillstrom import Mail, Outcome, task
from aimwell.predict.effect.choose import Choice, choose, evidence_weights
from aimwell.predict.effect.experiment import Experiment
from aimwell.predict.effect.learners import LEARNERS, Effect
from aimwell.predict.effect.measured import Measured

from .worlds import drawn

LINEAR = ("s_linear", "t_linear", "x_linear", "dr_linear", "to_linear", "response_linear")


def mailed(mail: Mail, outcome: Outcome) -> Experiment:
    asked = task(mail, outcome)
    n = len(asked.outcome)
    return Experiment(
        features=asked.features,
        is_treated=asked.is_treated,
        propensity=np.full(n, 2 / 3 if mail == "both" else 1 / 2),
        outcome=asked.outcome,
        person=np.arange(n),
    )


def test_a_planted_difference_is_found_at_its_size() -> None:
    experiment, _ = drawn(20_000, slope=1.0, seed=1)
    choice = choose(experiment, seed=0)
    asked, truth = drawn(5_000, slope=1.0, seed=2)
    found = choice.effect(asked.features)
    assert choice.value.above_zero_prob > 0.999
    assert spearmanr(found, truth).statistic > 0.9
    assert np.polyfit(found, truth, 1)[0] == pytest.approx(
        1.0, abs=0.15
    )  # neither shrunk too much nor too little
    assert choice.calibration.mean.value == pytest.approx(1.0, abs=0.25)
    weights = {t.learner: t.weight for t in choice.trials}
    assert weights["response_linear"] == 0
    assert sum(weights.values()) == pytest.approx(1)
    # the true value: E[g (F - 1/2)] of a normal effect with spread 1 is 1 / (2 sqrt(pi))
    low, high = choice.value.interval(0.99)
    assert low < 1 / (2 * np.sqrt(np.pi)) * 1.02
    assert high > 1 / (2 * np.sqrt(np.pi)) * 0.9


def test_equal_seeds_equal_choices() -> None:
    experiment, _ = drawn(2_000, slope=1.0, seed=3)
    one, two = (choose(experiment, seed=5) for _ in range(2))
    assert one.trials == two.trials
    assert one.effect(experiment.features).tolist() == two.effect(experiment.features).tolist()


def test_where_all_are_alike_it_mostly_abstains_and_gives_everyone_the_average() -> None:
    runs: list[Choice] = []
    for seed in range(60):
        experiment, _ = drawn(600, slope=0.0, seed=100 + seed)
        runs.append(choose(experiment, seed=seed, learners=LINEAR))
    false_alarms = sum(choice.is_usable for choice in runs)
    assert false_alarms <= binom.ppf(0.999, 60, 0.1)  # confidence .9
    quiet = next(choice for choice in runs if not choice.is_usable)
    found = quiet.effect(np.random.default_rng(0).normal(size=(10, 4)))
    assert set(found.tolist()) == {quiet.calibration.mean.value}


@pytest.mark.parametrize(
    ("slope", "least", "most"),
    [
        (
            0.5,
            0.5,
            1.5,
        ),  # found in one world of five: what is found is overstated, but better than the average for all
        (1.2, 0.8, 1.3),
    ],
)
def test_differences_are_said_at_their_size_over_many_worlds(slope: float, least: float, most: float) -> None:
    """The slope of the truth on what was said: 1 is calibrated, above .5 closer to the truth than no difference at all."""
    said, true = [], []
    for seed in range(60):
        experiment, _ = drawn(1_000, slope=slope, seed=2_000 + seed)
        asked, truth = drawn(500, slope=slope, seed=5_000 + seed)
        found = choose(experiment, seed=seed, learners=LINEAR).effect(asked.features)
        said.append(found - found.mean())
        true.append(truth - truth.mean())
    found_slope = np.concatenate(said) @ np.concatenate(true) / (np.concatenate(said) ** 2).sum()
    assert least < found_slope < most


def test_nobody_is_further_out_than_three_spreads() -> None:
    experiment, _ = drawn(4_000, slope=1.0, seed=4)
    choice = choose(experiment, seed=0, learners=LINEAR)
    far = choice.effect(np.array([[1e6, 0, 0, 0], [-1e6, 0, 0, 0]]))
    spread = choice.calibration.spread
    assert far == pytest.approx(choice.calibration.mean.value + spread * np.array([3, -3]))


def test_a_learner_that_knows_only_the_mean_is_no_worse_than_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a fold's effects are high, the mean of the others is low: compared across folds that would be an order upside down."""

    def mean_only(experiment: Experiment, seed: int) -> Effect:
        treated, untreated = (
            experiment.outcome[arm] for arm in (experiment.is_treated, ~experiment.is_treated)
        )
        return Effect(constant=float(treated.mean() - untreated.mean()), terms=())

    monkeypatch.setitem(LEARNERS, "mean_only", mean_only)
    experiment, _ = drawn(600, slope=0.0, seed=5)
    choice = choose(experiment, seed=0, learners=("mean_only",))
    assert choice.trials[0].value.value == pytest.approx(0, abs=1e-12)
    assert not choice.is_usable


def test_weights_follow_the_evidence() -> None:
    """z of 2, 1 and -1: exp(2), exp(.5), exp(-.5); one of z = -4 has exp(-8), too little to count."""

    def measured(z: float) -> Measured:
        return Measured(value=z, influence=np.array([1, -1]) / np.sqrt(2))

    found = evidence_weights({"a": measured(2), "b": measured(1), "c": measured(-1), "d": measured(-4)})
    total = np.exp(2) + np.exp(0.5) + np.exp(-0.5)
    assert found == pytest.approx(
        {"a": np.exp(2) / total, "b": np.exp(0.5) / total, "c": np.exp(-0.5) / total}
    )


def test_hillstrom_mens_conversion_has_no_usable_difference_and_womens_visit_has() -> None:
    men = choose(mailed("men", "conversion"), seed=0)
    assert not men.is_usable
    assert men.calibration.mean.value == pytest.approx(0.0068, abs=0.0002)
    women = choose(mailed("women", "visit"), seed=0, learners=LINEAR)
    assert women.is_usable
    assert women.calibration.mean.value == pytest.approx(0.0452, abs=0.0005)
    assert women.calibration.kept > 0.95


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(12))
def test_hillstrom_mens_conversion_abstains_whatever_the_seed(seed: int) -> None:
    assert not choose(mailed("men", "conversion"), seed=seed).is_usable


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(5))
def test_hillstrom_differences_are_found_whatever_the_seed(seed: int) -> None:
    for mail, outcome in (("women", "visit"), ("women", "conversion"), ("men", "visit"), ("both", "visit")):
        assert choose(mailed(mail, outcome), seed=seed).is_usable
