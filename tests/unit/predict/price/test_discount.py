"""What a discount does by past prices: one product, several, and the whole shop."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimwell.predict.price.discount import answer_to, incremental_share
from aimwell.predict.price.model import PriceModel
from aimwell.predict.price.response import Response

TEA = Response(
    product_id="tea",
    category="drinks > hot",
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
    weekly_units=30.0,  # sells for 30,000 a week
    unit_cost_minor=600.0,
    has_cost=True,
    seen_low_minor=800.0,
    seen_high_minor=1300.0,
)
# sells for 10,000 a week
JUICE = replace(
    TEA, product_id="juice", category="drinks > cold", elasticity=-1.0, elasticity_sd=0.3, weekly_units=10.0
)
SOAP = replace(TEA, product_id="soap", category="home", elasticity=0.5, weekly_units=0.0)


def model(*responses: Response) -> PriceModel:
    products = {one.product_id: one for one in responses}
    return PriceModel(form="shrunk", shop=TEA, categories={}, products=products, category_depth=2)


def test_of_a_discount_all_but_one_part_in_the_factor_is_new() -> None:
    # units times 0.8 ** -2 = 1.5625: of these, 1 would have been sold anyway, 0.5625 / 1.5625 = 0.36 would not
    assert incremental_share(0.2, elasticity=-2.0) == pytest.approx(0.36)
    assert incremental_share(0.2, elasticity=0.0) == 0.0
    assert incremental_share(0.2, elasticity=1.0) == 0.0  # less would be sold: none is new


@given(discount=st.floats(0.01, 0.95), elasticity=st.floats(-8.0, -0.01))
def test_a_share_grows_with_discount_and_answer(discount: float, elasticity: float) -> None:
    share = incremental_share(discount, elasticity=elasticity)
    assert 0.0 < share < 1.0
    assert incremental_share(discount, elasticity=elasticity * 1.1) > share
    assert incremental_share(min(discount * 1.1, 0.99), elasticity=elasticity) > share


def test_one_product_answers_with_its_own_90_percent_interval() -> None:
    found = answer_to(0.2, model(TEA, JUICE, SOAP), product_id="tea")
    assert found is not None
    assert (found.scope, found.about, found.n_products) == ("product", "tea", 1)
    # elasticity -2 +- 1.6449 * 0.5: -1.1776 and -2.8224
    assert found.low == pytest.approx(1 - 0.8**1.1776, abs=1e-5)
    assert found.mid == pytest.approx(0.36)
    assert found.high == pytest.approx(1 - 0.8**2.8224, abs=1e-5)


def test_a_category_takes_what_is_below_it_weighted_by_sales() -> None:
    found = answer_to(0.2, model(TEA, JUICE, SOAP), category="drinks")
    assert found is not None
    assert (found.scope, found.about, found.n_products) == ("category", "drinks", 2)
    assert found.elasticity == pytest.approx(0.75 * -2.0 + 0.25 * -1.0)  # -1.75
    assert found.elasticity_se == pytest.approx(
        0.75 * 0.5 + 0.25 * 0.3
    )  # 0.45: as if all errors hung together
    one = answer_to(0.2, model(TEA, JUICE, SOAP), category="drinks > hot > green")  # finer than the model's
    assert one is not None
    assert (one.n_products, one.elasticity) == (1, -2.0)
    assert answer_to(0.2, model(TEA, JUICE, SOAP), category="drink") is None  # no step of a path
    assert answer_to(0.2, model(replace(TEA, category="")), category="drinks") is None


def test_the_shop_is_everything_and_what_does_not_sell_weighs_nothing() -> None:
    found = answer_to(0.2, model(TEA, JUICE, SOAP))
    assert found is not None
    assert (found.scope, found.n_products) == ("shop", 3)
    assert found.elasticity == pytest.approx(-1.75)
    assert answer_to(0.2, model(SOAP, replace(SOAP, product_id="gel", elasticity=0.1))).elasticity == (
        pytest.approx(0.3)  # nothing sells: all alike
    )


def test_it_counts_what_was_seen_that_cheap() -> None:
    assert (
        answer_to(0.2, model(TEA, replace(JUICE, seen_low_minor=801.0))).n_seen == 1
    )  # 1000 less 20 % is 800


def test_a_product_that_is_not_known_has_no_answer() -> None:
    assert answer_to(0.2, model(TEA), product_id="sofa", category="drinks") is None
