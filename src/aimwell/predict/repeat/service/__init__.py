"""What a user does with repeat: fit, back-test, score."""

from aimwell.predict.repeat.service.backtest import backtest_repeat
from aimwell.predict.repeat.service.fit import fit_repeat, read_card
from aimwell.predict.repeat.service.score import ScoreSummary, score_repeat

__all__ = ["ScoreSummary", "backtest_repeat", "fit_repeat", "read_card", "score_repeat"]
