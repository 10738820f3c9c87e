"""The small edition of `benchmarks/measure.py`: campaigns looked at every day, drawn like a shop's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy.stats import binom

BENCHMARKS = Path(__file__).parents[4] / "benchmarks"
N_CAMPAIGNS = 400


def most(prob: float, n: int) -> float:
    """Return the count that a binomial exceeds once in ten thousand."""
    return float(binom.ppf(0.9999, n, prob))


@pytest.fixture(scope="module")
def study() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import measure

        yield measure


@pytest.mark.parametrize(
    ("shop", "n", "holdout"), [("usual", 3_000, 0.15), ("whales", 3_000, 0.3), ("30 % returned", 3_000, 0.15)]
)
def test_false_alarms_and_coverage_over_all_days(
    study: ModuleType, shop: str, n: int, holdout: float
) -> None:
    row = study.study(shop, n, holdout, campaigns=N_CAMPAIGNS, days=30, seed=21)
    assert row["starts"] > 0.9  # else the rest says nothing
    assert row["false_alarm_any_day"] * N_CAMPAIGNS <= most(0.05, N_CAMPAIGNS)
    assert (1 - row["covered_all_days"]) * N_CAMPAIGNS <= most(0.05, N_CAMPAIGNS)
    # the same campaigns, looked at every day with an interval meant for one look: far more than 5 %
    assert row["fixed_any_day"] > 0.12
    n_planted = N_CAMPAIGNS // 2
    if shop == "usual":  # told as often as the power card promises, within binomial error
        assert row["told_by_the_end"] * n_planted >= binom.ppf(0.0001, n_planted, 0.8)


def test_real_customers_raise_no_more_false_alarms(study: ModuleType) -> None:
    row = study.study("real groceries", 2_000, 0.2, campaigns=100, days=30, seed=5)
    assert row["false_alarm_any_day"] * 100 <= most(0.05, 100)
    assert (1 - row["covered_all_days"]) * 100 <= most(0.05, 100)
    assert row["variance_cut"] > 0.5  # people's groceries of a month tell much of the next month's


def test_sums_of_the_study_are_those_of_the_people(study: ModuleType) -> None:
    random = np.random.default_rng(1)
    past = study.SHOPS["30 % returned"](random, 400, 20)
    chosen = random.random(400) < 0.5
    sums = study.arm_sums(past.now.before, past.now.orders, chosen, days=20)
    daily = np.zeros((400, 20))
    np.add.at(daily, (past.now.orders.person, past.now.orders.day), past.now.orders.profit)
    so_far = daily.cumsum(axis=1)[chosen]
    assert sums.profit == pytest.approx(so_far.sum(axis=0))
    assert sums.profit_squared == pytest.approx((so_far**2).sum(axis=0))
    assert sums.profit_before == pytest.approx(so_far.T @ past.now.before[chosen])


@pytest.mark.deep
@pytest.mark.parametrize(
    "shop", ["usual", "pareto 2.2", "30 % returned", "one order at most", "real groceries", "real cosmetics"]
)
def test_two_thousand_campaigns(study: ModuleType, shop: str) -> None:
    row = study.study(shop, 5_000, 0.1, campaigns=2_000, days=30, seed=1)
    assert row["false_alarm_any_day"] * 2_000 <= most(0.05, 2_000)
    assert (1 - row["covered_all_days"]) * 2_000 <= most(0.05, 2_000)
    assert row["ratio_alarm"] * 2_000 <= most(0.001, 2_000)
    assert row["told_by_the_end"] >= binom.ppf(0.0001, 1_000, 0.8) / 1_000
