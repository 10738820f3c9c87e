"""Off-policy value: by hand, with intervals that hold what they promise, and refusals where the log does not speak of the plan."""

from __future__ import annotations

import numpy as np
import pytest

from aimwell.predict.effect.measured import Array
from aimwell.promote.policy.errors import LogUnusable, NeverTried, TooFewMatches
from aimwell.promote.policy.off_policy import Logged, plan_value


def world(n: int, *, seed: int) -> tuple[Logged, Array]:
    """A log of nothing and two offers, tried by probabilities that depend on x0; profit 4 + x1 + (0, 1 + x0, 3) + skewed noise.

    The plan: offer 1 where x0 > 0, elsewhere offer 2 with probability 1 / 3.
    """
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 2))
    likely = 0.2 + 0.4 / (1 + np.exp(-x[:, 0]))
    chance = np.column_stack([1 - likely - 0.15, likely, np.full(n, 0.15)])
    taken = (chance.cumsum(axis=1) < random.random(n)[:, None]).sum(axis=1)
    gain = np.column_stack([np.zeros(n), 1 + x[:, 0], np.full(n, 3.0)])
    noise = 3 * (random.exponential(size=n) - 1)
    profit = 4 + x[:, 1] + gain[np.arange(n), taken] + noise
    up = x[:, 0] > 0
    plan = np.column_stack([np.where(up, 0.0, 2 / 3), up.astype(float), np.where(up, 0.0, 1 / 3)])
    return Logged(taken=taken, chance=chance, profit=profit, features=x), plan


def truth() -> float:
    """Half of the people gain 1 + E[x0 | x0 > 0] = 1 + 2 / sqrt(2 pi), the others a third of 3."""
    return 4 + 0.5 * (1 + 2 / np.sqrt(2 * np.pi)) + 0.5 * 1.0


def test_three_decisions_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan always offers. w = 1 / .5, 0, 1 / .25; y = 3, 9, 5: IPS (6 + 0 + 20) / 3, SNIPS 26 / 6.

    With guesses of 4 for the offer: 4 + 2 (3 - 4), 4, 4 + 4 (5 - 4): mean 14 / 3.
    """
    monkeypatch.setattr("aimwell.promote.policy.off_policy.MIN_EFFECTIVE", 1)
    logged = Logged(
        taken=np.array([1, 0, 1]),
        chance=np.array([[0.5, 0.5], [0.5, 0.5], [0.75, 0.25]]),
        profit=np.array([3.0, 9.0, 5.0]),
        features=np.zeros((3, 1)),
    )
    plan = np.array([[0.0, 1.0]] * 3)
    found = plan_value(logged, plan, guess=np.array([[1.0, 4.0]] * 3))
    assert found.ips.value == pytest.approx(26 / 3)
    assert found.snips.value == pytest.approx(26 / 6)
    assert found.doubly_robust.value == pytest.approx(14 / 3)
    assert found.n_effective == pytest.approx(36 / 20)


def test_intervals_hold_the_truth_in_1000_draws() -> None:
    held = dict.fromkeys(("ips", "snips", "doubly_robust"), 0)
    for seed in range(1_000):
        found = plan_value(*world(1_000, seed=seed))
        for name in held:
            low, high = getattr(found, name).interval(0.95)
            held[name] += low <= truth() <= high
    print(f"intervals of 95 % that held the truth, of 1000, seeds 0 ... 999: {held}")
    for n_held in held.values():
        assert 930 <= n_held <= 970


def test_a_guess_makes_it_sharper_and_a_bad_one_does_not_make_it_wrong() -> None:
    logged, plan = world(20_000, seed=1)
    found = plan_value(logged, plan)
    bad = plan_value(logged, plan, guess=np.full(plan.shape, 50.0))
    assert found.doubly_robust.se < 0.95 * found.snips.se
    assert found.snips.se < 0.8 * found.ips.se
    assert abs(bad.doubly_robust.value - truth()) < 4 * bad.doubly_robust.se


def test_what_was_never_tried_is_refused() -> None:
    logged, plan = world(2_000, seed=2)
    chance = np.column_stack([logged.chance, np.zeros(2_000)])
    wider = Logged(taken=logged.taken, chance=chance, profit=logged.profit, features=logged.features)
    asked = np.column_stack([0.9 * plan, np.full(2_000, 0.1)])
    with pytest.raises(NeverTried, match=r"10\.0% of what it would do"):
        plan_value(wider, asked)
    rare = np.where(chance == 0, 0.005, chance)
    rare /= rare.sum(axis=1, keepdims=True)
    hardly = Logged(taken=logged.taken, chance=rare, profit=logged.profit, features=logged.features)
    with pytest.raises(NeverTried):
        plan_value(hardly, asked)


def test_too_little_agreement_is_refused() -> None:
    logged, plan = world(150, seed=3)
    with pytest.raises(TooFewMatches, match="150 logged decisions"):
        plan_value(logged, plan)


def test_a_log_that_contradicts_itself_is_refused() -> None:
    zeros = np.zeros((1, 1))
    with pytest.raises(LogUnusable, match="rows sum to 1"):
        Logged(taken=np.array([0]), chance=np.array([[0.5, 0.6]]), profit=np.zeros(1), features=zeros)
    with pytest.raises(LogUnusable, match="chance of a taken action"):
        Logged(taken=np.array([1]), chance=np.array([[1.0, 0.0]]), profit=np.zeros(1), features=zeros)
    logged, plan = world(200, seed=4)
    with pytest.raises(LogUnusable, match="`plan`"):
        plan_value(logged, plan * 2)
