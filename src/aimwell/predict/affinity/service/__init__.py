"""What a user does with affinity: fit, back-test, score, recommend to one person, find look-alikes."""

from aimwell.predict.affinity.service.backtest import backtest_affinity
from aimwell.predict.affinity.service.fit import fit_affinity, read_card
from aimwell.predict.affinity.service.lookalikes import lookalikes
from aimwell.predict.affinity.service.score import ScoreSummary, score_affinity
from aimwell.predict.affinity.service.serve import (
    Context,
    Need,
    Recommendation,
    Recommender,
    needs_of,
    open_recommender,
    recommend_one,
)

__all__ = [
    "Context",
    "Need",
    "Recommendation",
    "Recommender",
    "ScoreSummary",
    "backtest_affinity",
    "fit_affinity",
    "lookalikes",
    "needs_of",
    "open_recommender",
    "read_card",
    "recommend_one",
    "score_affinity",
]
