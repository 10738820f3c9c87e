"""From weeks whose elasticities are known to responses and a back-test."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pytest

from aimwell.predict.price.abstentions import beaten_without_price, too_little_moved
from aimwell.predict.price.card import PriceCard, card_of
from aimwell.predict.price.learn import learn_responses
from aimwell.predict.price.model import Backtest, PriceModel, Trial
from aimwell.predict.price.panel import Panel
from aimwell.predict.price.trial import origins, try_origins

from .worlds import drawn_panel


def learned(panel: Panel) -> PriceModel:
    return learn_responses(panel, form="shrunk", margin_rate=0.4, category_depth=2)


def test_elasticities_come_out_near_the_truth() -> None:
    panel, truth = drawn_panel()
    model = learned(panel)
    found = np.array([one.elasticity for one in model.products.values()])
    moved = np.array([one.n_moves > 0 for one in model.products.values()])
    assert np.sqrt(np.mean((found - truth)[moved] ** 2)) < 0.2
    low, high = np.array([one.interval for one in model.products.values()]).T
    assert 0.7 < np.mean((low <= truth) & (truth <= high)) < 0.95
    assert model.shop.lift == pytest.approx(0.3, abs=0.05)


def test_a_product_that_never_moved_speaks_with_its_category() -> None:
    model = learned(drawn_panel()[0])
    still, category = model.products["p00"], model.categories["c0"]  # every fifth never moves: p00
    assert still.n_moves == 0
    assert still.shrinkage == pytest.approx(1.0, abs=1e-6)
    assert still.elasticity == pytest.approx(category.elasticity, abs=1e-6)
    assert still.warning == "unmoved"
    assert model.response("unknown", category="c0") == category
    assert model.response("unknown", category="nowhere") == model.shop


def test_price_and_promotion_that_always_move_together_are_called_so() -> None:
    panel, _ = drawn_panel()
    mine = panel.product == 7
    price = np.where(mine, np.where(panel.promoted > 0, 800.0, 1000.0), panel.price_minor)
    one = learned(replace(panel, price_minor=price)).products["p07"]
    assert one.overlap == pytest.approx(1.0)
    assert one.warning == "promoted"
    assert learned(panel).products["p07"].overlap < 0.9


def test_what_is_kept_of_the_last_quarter() -> None:
    panel, _ = drawn_panel()
    one = learned(panel).products["p01"]
    mine = panel.rows((panel.product == 1) & (panel.week >= 47))  # 60 weeks: the last 13 are 47..59
    assert one.weekly_units == pytest.approx(mine.units.sum() / 13)
    assert one.price_minor == pytest.approx((mine.units * mine.price_minor).sum() / mine.units.sum())
    assert (one.unit_cost_minor, one.has_cost) == (pytest.approx(600.0), True)


def test_an_unknown_cost_is_reckoned_with_the_margin_rate() -> None:
    panel, _ = drawn_panel()
    unknown = replace(panel, unit_cost_minor=np.full(len(panel.week), np.nan))
    one = learned(unknown).products["p01"]
    assert (one.unit_cost_minor, one.has_cost) == (pytest.approx(one.price_minor * 0.6), False)


def test_the_model_survives_json() -> None:
    model = learned(drawn_panel()[0])
    assert PriceModel.from_data(model.as_data()) == model


def back_test(panel: Panel) -> Backtest:
    return try_origins(panel, cuts=origins(panel), first_on=date(2024, 1, 1))


def test_the_back_test_ranks_the_forecasts_and_covers() -> None:
    found = back_test(drawn_panel()[0])
    assert found.cuts == (date(2024, 12, 9), date(2024, 9, 23))  # weeks 60 - 11 = 49 and 38 after 1 January
    errors = {one.forecast: one.moved_rmse for one in found.trials}
    assert errors["shrunk"] < errors["pooled"] < errors["level"]
    assert errors["shrunk"] < errors["own"]
    assert 0.7 < found.coverage < 0.9
    assert found.form == "shrunk"
    assert beaten_without_price(found) is None
    assert Backtest.from_data(found.as_data()) == found


def test_the_form_is_the_better_one_on_moved_prices() -> None:
    shrunk, pooled = (Trial(forecast=name, rmse=0.5, moved_rmse=0.6) for name in ("shrunk", "pooled"))
    one = Backtest(
        cuts=(date(2024, 1, 1),),
        n_weeks=11,
        n_products=9,
        n_rows=99,
        n_moved=40,
        trials=[shrunk, pooled],
        coverage=0.8,
        moved_coverage=0.8,
    )
    assert one.form == "pooled"  # a tie: the simpler one
    assert replace(one, trials=[replace(shrunk, moved_rmse=0.59), pooled]).form == "shrunk"
    assert replace(one, n_moved=0).form == "shrunk"  # nothing to judge by


def test_pooled_gives_all_products_one_elasticity() -> None:
    panel, _ = drawn_panel()
    pooled = learn_responses(panel, form="pooled", margin_rate=0.4, category_depth=2)
    assert len({one.elasticity for one in pooled.products.values()}) == 1


def test_it_declines_where_prices_stand_still_or_do_not_matter() -> None:
    panel, _ = drawn_panel()
    still = replace(panel, price_minor=np.full(len(panel.week), 1000.0))
    declined = too_little_moved(still)
    assert declined is not None
    assert declined.code == "no_price_moves"
    few = too_little_moved(panel.products(np.arange(60) < 4))
    assert few is not None
    assert few.code == "too_few_weeks"
    units = np.random.default_rng(5).permutation(panel.units)  # sales have nothing to do with prices
    beaten = beaten_without_price(back_test(replace(panel, units=units)))
    assert beaten is not None
    assert beaten.code == "beaten_without_price"


def test_the_card_warns_of_positive_elasticities_and_survives_json() -> None:
    panel, _ = drawn_panel()
    mine = panel.product == 7
    units = np.where(mine, 50 * (panel.price_minor / 1000) ** 3, panel.units)  # fashion: dear weeks sell more
    wrong = replace(panel, units=units)
    model = learned(wrong)
    assert model.products["p07"].elasticity > 0
    assert model.products["p07"].warning == "positive"
    assert model.products["p07"].best_price() is None
    card = card_of(model, wrong, model_id="price-x", as_of=datetime(2025, 3, 1), backtest=None)
    assert card.n_positive == 1
    assert any("dearer" in str(note) for note in card.notes())
    assert PriceCard.from_data(card.as_data()) == card
