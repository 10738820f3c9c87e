"""The effect equals least squares on the rows, whatever the people; sums of people are as good as the people."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimwell.promote.measure.effect import estimates
from aimwell.promote.measure.sums import ArmSums


def people(seed: int, n: int, share: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return who is treated, earlier profits, and profit: many zeros, long tails, as in shops."""
    random = np.random.default_rng(seed)
    treated = random.random(n) < share
    treated[:2], treated[2:4] = True, False
    level = random.lognormal(7.0, 1.0, n)
    before = np.stack([level * random.poisson(0.3, n), level * random.poisson(2.0, n)], axis=-1)
    profit = level * random.poisson(0.3 + 0.05 * treated, n) - 12.5 * treated
    return treated, before, profit


def sums(before: np.ndarray, profit: np.ndarray, chosen: np.ndarray) -> ArmSums:
    return ArmSums.of_people(profit[chosen], before[chosen])


@settings(deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(20, 400),
    share=st.sampled_from([0.5, 0.9]),
    n_before=st.integers(1, 2),
)
def test_effect_is_the_coefficient_of_least_squares(seed: int, n: int, share: float, n_before: int) -> None:
    treated, before, profit = people(seed, n, share)
    before = before[:, :n_before]
    found = estimates(sums(before, profit, treated), sums(before, profit, ~treated))
    design = np.column_stack([np.ones(n), treated, before])
    coefficients = np.linalg.lstsq(design, profit, rcond=None)[0]
    scale = np.abs(profit).max() + 1.0
    assert found.effect[0] == pytest.approx(coefficients[1], abs=1e-9 * scale)
    # the variance of a mean of residuals, arm by arm
    residual = profit - before @ coefficients[2:]
    variance = (
        residual[treated].var(ddof=1) / treated.sum() + residual[~treated].var(ddof=1) / (~treated).sum()
    )
    assert found.variance[0] == pytest.approx(variance, rel=1e-6, abs=1e-9 * scale**2)
    raw = profit[treated].mean() - profit[~treated].mean()
    assert found.raw_effect[0] == pytest.approx(raw, abs=1e-9 * scale)


def test_the_error_is_that_of_least_squares_robust_to_unequal_variances() -> None:
    treated, before, profit = people(5, 20_000, 0.9)
    found = estimates(sums(before, profit, treated), sums(before, profit, ~treated))
    design = np.column_stack([np.ones(treated.size), treated, before])
    inverse = np.linalg.inv(design.T @ design)
    residual = profit - design @ (inverse @ (design.T @ profit))
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    hc2 = inverse @ (design.T * (residual**2 / (1 - leverage))) @ design @ inverse
    assert np.sqrt(found.variance[0]) == pytest.approx(np.sqrt(hc2[1, 1]), rel=0.01)


def test_how_much_earlier_profit_helps_is_the_share_of_variance_it_explains() -> None:
    random = np.random.default_rng(1)
    before = random.normal(0.0, 1.0, (50_000, 1))
    profit = 0.8 * before[:, 0] + random.normal(0.0, 0.6, 50_000)  # correlation .8
    treated = random.random(50_000) < 0.5
    found = estimates(sums(before, profit, treated), sums(before, profit, ~treated))
    assert found.variance_cut == pytest.approx(0.64, abs=0.01)


def test_earlier_profit_that_nobody_made_changes_nothing() -> None:
    treated, before, profit = people(2, 300, 0.5)
    found = estimates(sums(0 * before, profit, treated), sums(0 * before, profit, ~treated))
    assert found.effect == pytest.approx(found.raw_effect)
    assert found.variance == pytest.approx(found.raw_variance)
    assert found.variance_cut == 0.0


def test_an_arm_of_one_has_no_effect_yet() -> None:
    one, two = np.array([3.0]), np.array([1.0, 5.0])
    found = estimates(ArmSums.of_people(one, np.zeros((1, 1))), ArmSums.of_people(two, np.zeros((2, 1))))
    assert np.isnan(found.effect[0])
    assert np.isnan(found.variance[0])


def test_a_person_is_taken_out_of_the_sums() -> None:
    _, before, profit = people(4, 50, 0.5)
    buyer = int(np.argmax(profit))
    whole = ArmSums.of_people(profit, before)
    rest = np.arange(50) != buyer
    without = whole.last_without(profit=profit[buyer], before=before[buyer])
    expected = ArmSums.of_people(profit[rest], before[rest])
    for name in (
        "n_people",
        "n_buyers",
        "profit",
        "profit_squared",
        "before",
        "before_squared",
        "profit_before",
    ):
        assert getattr(without, name) == pytest.approx(getattr(expected, name)), name
