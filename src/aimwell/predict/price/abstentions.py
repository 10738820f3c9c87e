"""When price declines to answer, and what it says then."""

from __future__ import annotations

import numpy as np

from aimwell.base.words import Sentence, text
from aimwell.predict.model import Abstention
from aimwell.predict.price.learn import moved_rows
from aimwell.predict.price.model import Backtest
from aimwell.predict.price.panel import Panel, per_product
from aimwell.predict.price.trial import MIN_TRAINING_WEEKS, MIN_WEEKS, TEST_WEEKS

__all__ = ["MIN_MOVES", "MIN_PRODUCTS", "beaten_without_price", "too_little_moved", "too_short_to_test"]

MIN_PRODUCTS = 5
MIN_MOVES = 30


def too_little_moved(panel: Panel) -> Abstention | None:
    """Decline where too few products were sold in enough weeks, or hardly a price ever moved; else None."""
    if panel.n_products < MIN_PRODUCTS:
        template = text(
            "Only {n_products} products were sold in {min_weeks} weeks or more; it takes {min_products}. Load more orders, or earlier ones."
        )
        values = {"n_products": panel.n_products, "min_weeks": MIN_WEEKS, "min_products": MIN_PRODUCTS}
        return Abstention(code="too_few_weeks", reason=Sentence(template, values))
    n_moves = int(np.sum(moved_rows(panel, per_product(panel, np.log(panel.price_minor)))))
    if n_moves >= MIN_MOVES:
        return None
    template = text(
        "Prices hardly ever moved: in {n_moves} of {n_rows} weeks of products the price was more than a tenth off the usual one; it "
        "takes {min_moves}. What never moved cannot be measured: try another price on a few products for some weeks."
    )
    values = {"n_moves": n_moves, "n_rows": len(panel.week), "min_moves": MIN_MOVES}
    return Abstention(code="no_price_moves", reason=Sentence(template, values))


def too_short_to_test(panel: Panel) -> Abstention:
    """Decline a back-test where the past has no room for one."""
    template = text(
        "Too short a past to test on: {n_weeks} weeks of sales; it takes {min_weeks} to learn from and {test_weeks} to test on."
    )
    values = {"n_weeks": panel.n_weeks, "min_weeks": MIN_TRAINING_WEEKS, "test_weeks": TEST_WEEKS}
    return Abstention(code="too_short_to_test", reason=Sentence(template, values))


def beaten_without_price(backtest: Backtest) -> Abstention | None:
    """Decline where a forecast without prices was closer on the weeks whose price had moved; else None."""
    mine = backtest.trial(backtest.form)
    rule = min((backtest.trial(name) for name in ("level", "mean")), key=lambda one: one.moved_rmse)
    if backtest.n_moved == 0 or mine.moved_rmse < rule.moved_rmse:
        return None
    template = text(
        "On the past, sales in weeks of another price were foretold no better with the price than without it (error in log units "
        "{model_rmse:.3f} with, {rule_rmse:.3f} without). Prices of this shop moved too little, or with other things."
    )
    values = {"model_rmse": mine.moved_rmse, "rule_rmse": rule.moved_rmse}
    return Abstention(code="beaten_without_price", reason=Sentence(template, values))
