"""What a user does with effect: fit, read the card, score."""

from aimwell.predict.effect.service.fit import fit_effect, read_card
from aimwell.predict.effect.service.score import ScoreSummary, score_effect

__all__ = ["ScoreSummary", "fit_effect", "read_card", "score_effect"]
