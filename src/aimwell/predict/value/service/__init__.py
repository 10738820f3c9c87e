"""What a user does with value: fit, back-test, score."""

from aimwell.predict.value.service.backtest import backtest_value
from aimwell.predict.value.service.fit import fit_value, read_card
from aimwell.predict.value.service.score import ScoreSummary, score_value

__all__ = ["ScoreSummary", "backtest_value", "fit_value", "read_card", "score_value"]
