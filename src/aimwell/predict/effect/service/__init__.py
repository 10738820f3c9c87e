"""What a user does with effect: fit, back-test, read the card, score."""

from aimwell.predict.effect.service.fit import backtest_effect, fit_effect, read_card
from aimwell.predict.effect.service.score import ScoreSummary, score_effect

__all__ = ["ScoreSummary", "backtest_effect", "fit_effect", "read_card", "score_effect"]
