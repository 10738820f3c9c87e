"""The three floors of empirical Bayes."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aimwell.predict.price.shrinkage import shrink


def drawn(
    seed: int, *, n_groups: int = 30, each: int = 30, precision: float = 4.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), each)
    middle = np.array([-1.5, 0.3]) + random.normal(0, [0.8, 0.2], (n_groups, 2))
    truth = middle[groups] + random.normal(0, [0.5, 0.1], (len(groups), 2))
    weight = np.tile(np.eye(2) * precision, (len(groups), 1, 1))
    said = truth + random.normal(0, precision**-0.5, truth.shape)
    return weight, said * precision, groups, truth


def test_the_spreads_that_were_drawn_are_found_again() -> None:
    weight, moment, groups, truth = drawn(1)
    found = shrink(weight, moment, groups=groups)
    assert np.allclose(found.mean, [-1.5, 0.3], atol=0.3)  # 0.8 / sqrt(30) = 0.15: two standard errors
    assert np.isclose(np.sqrt(found.between_products[0, 0]), 0.5, atol=0.08)
    assert np.isclose(np.sqrt(found.between_categories[0, 0]), 0.8, atol=0.2)
    alone = np.sqrt(np.mean((moment / 4.0 - truth) ** 2))
    assert np.sqrt(np.mean((found.product_mean - truth) ** 2)) < 0.8 * alone


def test_four_fifths_of_the_truth_lies_in_the_intervals() -> None:
    weight, moment, groups, truth = drawn(2)
    found = shrink(weight, moment, groups=groups)
    half = 1.2816 * np.sqrt(found.product_cov[:, 0, 0])
    inside = np.mean(np.abs(found.product_mean[:, 0] - truth[:, 0]) <= half)
    assert 0.75 < inside < 0.85


def test_a_product_without_moves_is_given_its_category() -> None:
    weight, moment, groups, _ = drawn(3, n_groups=4)
    weight[0], moment[0] = 0.0, 0.0
    found = shrink(weight, moment, groups=groups)
    assert np.allclose(found.product_mean[0], found.category_mean[0])
    assert np.allclose(found.own_cov[0], found.between_products)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.1, 50.0))
def test_more_data_never_widen_what_is_known(seed: int, precision: float) -> None:
    weight, moment, groups, _ = drawn(seed, n_groups=3, each=5, precision=precision)
    found = shrink(weight, moment, groups=groups)
    spread = found.between_products[0, 0]
    assert np.all(found.own_cov[:, 0, 0] <= spread * (1 + 1e-9))
    assert np.all(np.linalg.eigvalsh(found.product_cov) > 0)
