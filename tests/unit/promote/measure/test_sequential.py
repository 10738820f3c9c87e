"""The boundary is the one of the paper, is crossed as seldom as it says, and is narrowest where it should be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from aimwell.promote.measure.effect import Estimates, estimates
from aimwell.promote.measure.sequential import (
    best_ratio,
    boundary,
    first_look,
    half_widths,
    mixture_constant,
    target_variance,
    tells_on,
)
from aimwell.promote.measure.sums import ArmSums


def test_boundary_is_the_asymptotic_confidence_sequence() -> None:
    # Waudby-Smith et al. (2024), with t observations of variance 1: the half width of the mean is
    # sqrt((t rho^2 + 1) / (t^2 rho^2) * log((t rho^2 + 1) / alpha^2)); here t = 100, rho = 1/2, alpha = .05
    half = np.sqrt((100 * 0.25 + 1) / (100**2 * 0.25) * np.log((100 * 0.25 + 1) / 0.05**2))
    assert boundary(np.array([100.0]), constant=4.0, alpha=0.05)[0] / 100 == pytest.approx(half)
    assert half == pytest.approx(0.310154, abs=1e-6)  # sqrt(.0104 * log(10400))


@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.001])
def test_boundary_is_narrowest_where_it_is_told_to_be(alpha: float) -> None:
    constant = mixture_constant(50.0, alpha=alpha)

    def in_errors(log_variance: float) -> float:
        variance = np.exp(log_variance)
        return float(boundary(np.array([variance]), constant=constant, alpha=alpha)[0] / np.sqrt(variance))

    found = minimize_scalar(in_errors, bounds=(-2.0, 10.0), method="bounded", options={"xatol": 1e-9})
    assert np.exp(found.x) == pytest.approx(50.0, rel=1e-3)
    assert best_ratio(0.05) == pytest.approx(8.212, abs=1e-3)


@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_a_sum_crosses_the_boundary_as_seldom_as_it_says(kept: float) -> None:
    """Sums of independent steps, and of steps that go on as they went (people who keep buying)."""
    random = np.random.default_rng(8)
    n_walks, n_days = 4_000, 400
    walk = random.normal(size=(n_walks, n_days)) + kept * random.normal(size=(n_walks, 1))
    total = walk.cumsum(axis=1)
    days = np.arange(1, n_days + 1)
    variance = days + (kept * days) ** 2
    bound = boundary(variance.astype(float), constant=mixture_constant(50.0, alpha=0.05), alpha=0.05)
    crossed = (np.abs(total) > bound).any(axis=1).mean()
    assert crossed < 0.05 + 3 * np.sqrt(0.05 * 0.95 / n_walks)
    fixed = (np.abs(total) > 1.96 * np.sqrt(variance)).any(axis=1).mean()
    assert fixed > 0.1  # what looking every day at a usual interval does


def estimated(n_buyers: list[float], variance: list[float], effect: list[float] | None = None) -> Estimates:
    shape = len(n_buyers)
    values = {name: np.zeros(shape) for name in ("effect", "raw_effect", "raw_variance")}
    return Estimates(
        n_people=np.full(shape, 1_000.0),
        n_buyers=np.array(n_buyers),
        variance=np.array(variance),
        slopes=np.zeros((shape, 1)),
        **values | ({"effect": np.array(effect)} if effect is not None else {}),
    )


def test_nothing_is_told_before_each_arm_has_thirty_buyers() -> None:
    found = estimated([10, 29, 30, 80], [1.0, 2.0, 3.0, 4.0])
    assert first_look(found) == 2
    halves = half_widths(found, constant=1e6, alpha=0.05)
    assert np.isinf(halves[:2]).all()
    # clock 1000^2 * 3, constant 10^6: sqrt(4e6 * log(4 / .0025)) / 1000
    assert halves[2] == pytest.approx(np.sqrt(4.0 * np.log(4.0 / 0.0025)))
    assert first_look(estimated([10, 20], [1.0, 1.0])) is None
    assert np.isinf(half_widths(estimated([10, 20], [1.0, 1.0]), constant=None, alpha=0.05)).all()


def arms(before: np.ndarray) -> tuple[ArmSums, ArmSums]:
    random = np.random.default_rng(2)
    profit = random.gamma(0.3, 100.0, before.shape[0])
    half = before.shape[0] // 2
    return ArmSums.of_people(profit[:half], before[:half]), ArmSums.of_people(profit[half:], before[half:])


def test_target_is_what_the_year_before_does_not_explain_of_the_time_before() -> None:
    random = np.random.default_rng(3)
    level = random.gamma(0.5, 1_000.0, 4_000)
    rest = 11 * level + random.normal(0.0, 900.0, 4_000)
    own = level + random.normal(0.0, 2_000.0, 4_000)
    treated, control = arms(np.stack([own, own + rest], axis=-1))
    found = estimates(treated, control)
    target = target_variance(found, treated, control, horizon_days=1)
    half = [own[:2_000], own[2_000:]], [rest[:2_000], rest[2_000:]]
    centred = [np.concatenate([x - x.mean() for x in part]) for part in half]
    unexplained = (centred[0] ** 2).sum() - (centred[0] @ centred[1]) ** 2 / (centred[1] ** 2).sum()
    assert target == pytest.approx(4_000**2 * unexplained / 3_998 * (2 / 2_000))


def test_target_without_history_grows_from_the_first_look() -> None:
    treated, control = arms(np.zeros((4_000, 2)))
    found = estimates(treated, control)
    target = target_variance(found, treated, control, horizon_days=30)
    assert target == pytest.approx(4_000**2 * found.variance[0] * 30)


def test_the_day_on_which_it_can_be_told_is_where_effect_outgrows_the_boundary() -> None:
    found = estimated([50] * 10, [1.0] * 10, [3.0] * 10)
    constant = mixture_constant(1_000.0**2 * 3.0, alpha=0.05)
    day = tells_on(found, constant=constant, alpha=0.05, last_day=29)
    grown = (np.arange(10, 30) + 1) / 10  # effect and variance, day by day
    told = 3.0 * grown > boundary(1e6 * grown, constant=constant, alpha=0.05) / 1_000
    assert day == 10 + int(np.argmax(told)) == 10
    assert (
        tells_on(replace(found, effect=np.full(10, 9.0)), constant=constant, alpha=0.05, last_day=29) is None
    )
    assert (
        tells_on(replace(found, effect=np.full(10, 0.1)), constant=constant, alpha=0.05, last_day=29) is None
    )
