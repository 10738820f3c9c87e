"""Arithmetic of one product's response."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimwell.predict.price.response import Response

TEA = Response(
    product_id="tea",
    category="drinks",
    elasticity=-2.0,
    elasticity_sd=0.5,
    lift=0.3,
    lift_sd=0.1,
    covariance=0.0,
    n_weeks=50,
    n_moves=20,
    overlap=0.3,
    shrinkage=0.2,
    price_minor=1000.0,
    weekly_units=10.0,
    unit_cost_minor=600.0,
    has_cost=True,
    seen_low_minor=800.0,
    seen_high_minor=1300.0,
)


def test_units_answer_by_the_power_of_the_price() -> None:
    factor = TEA.units_factor(1000, 800)
    assert factor.value == pytest.approx(0.8**-2)  # 1.5625
    half = 1.2815515655446004 * 0.5 * math.log(1.25)  # z * sd * |log(0.8)|
    assert factor.low == pytest.approx(0.8**-2 * math.exp(-half))
    assert factor.high == pytest.approx(0.8**-2 * math.exp(half))
    assert factor.is_inside


def test_a_promotion_adds_its_lift_and_its_doubt() -> None:
    factor = TEA.units_factor(1000, 1000, promoted_change=1.0)
    assert factor.value == pytest.approx(math.exp(0.3))
    assert factor.high / factor.value == pytest.approx(math.exp(1.2815515655446004 * 0.1))


def test_doubts_that_hang_together_add_up() -> None:
    one = replace(TEA, covariance=-0.02)
    factor = one.units_factor(1000, 900, promoted_change=1.0)
    move = math.log(0.9)
    sd = math.sqrt(
        (0.5 * move) ** 2 + 0.1**2 + 2 * -0.02 * move
    )  # the product of both is positive: price down, promotion up
    assert factor.high / factor.value == pytest.approx(math.exp(1.2815515655446004 * sd))


def test_beyond_the_seen_range_it_says_so() -> None:
    assert not TEA.units_factor(1000, 700).is_inside
    assert not TEA.units_factor(1400, 1000).is_inside


def test_the_best_price_is_the_textbook_one_where_it_was_seen() -> None:
    best = TEA.best_price()
    assert best is not None
    assert best.price_minor == pytest.approx(1200, rel=0.005)  # cost * e / (1 + e) = 600 * -2 / -1
    # (1200 - 600) * 10 * 1.2^-2 = 4166.7 against (1000 - 600) * 10 = 4000; the grid comes within half a per cent of the price
    assert best.gain_minor == pytest.approx(166.7, abs=1.0)
    assert not best.is_at_edge
    assert not best.is_sure  # at e = -2.64 the dearer price loses
    assert best.low_minor < 0 < best.high_minor


def test_the_best_price_never_leaves_the_seen_range() -> None:
    best = replace(TEA, seen_high_minor=1100.0).best_price()
    assert best is not None
    assert best.price_minor == pytest.approx(1100)
    assert best.is_at_edge


@pytest.mark.parametrize("elasticity", [0.0, 1.5])
def test_a_positive_elasticity_warns_and_advises_nothing(elasticity: float) -> None:
    odd = replace(TEA, elasticity=elasticity)
    assert odd.warning == "positive"
    assert odd.best_price() is None


def test_an_interval_that_holds_zero_warns() -> None:
    assert TEA.warning is None
    assert replace(TEA, elasticity=-0.5).warning == "unsure"  # -0.5 + 1.28 * 0.5 > 0


def test_a_price_that_moved_in_promotions_only_warns() -> None:
    assert replace(TEA, overlap=0.95).warning == "promoted"
    assert replace(TEA, n_moves=0).warning == "unmoved"


@given(st.floats(-5, -0.05), st.floats(0.01, 2), st.floats(500, 2000), st.floats(500, 2000))
def test_going_there_and_back_changes_nothing(elasticity: float, sd: float, a: float, b: float) -> None:
    one = replace(TEA, elasticity=elasticity, elasticity_sd=sd)
    there, back = one.units_factor(a, b), one.units_factor(b, a)
    assert there.value * back.value == pytest.approx(1.0)
    assert there.low <= there.value <= there.high
    assert (there.value >= 1) == (b <= a)
