"""What a user does with price: fit, back-test, score, and look at one product."""

from aimwell.predict.price.service.backtest import backtest_price
from aimwell.predict.price.service.fit import fit_price, read_card
from aimwell.predict.price.service.score import ScoreSummary, read_responses, score_price

__all__ = ["ScoreSummary", "backtest_price", "fit_price", "read_card", "read_responses", "score_price"]
