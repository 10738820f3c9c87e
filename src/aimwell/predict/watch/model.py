"""What is remembered of every scoring, and when a model is due to be fitted again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from aimwell.base.words import Sentence, text
from aimwell.portraits.drift import stability_index

__all__ = ["LIMITS", "Limits", "Profile", "due_reason"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When a model is fitted again.

    Attributes
    ----------
    refit_days
        Days after which any model is fitted again.
    drift
        Population stability index of the predictions, from which they count as moved (0.25 by custom).
    decay_rate
        How far the total that came may be from the total foretold, as a share of the latter.
    """

    refit_days: int = 28
    drift: float = 0.25
    decay_rate: float = 0.25


LIMITS = Limits()


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What one scoring said of everybody, in a few numbers.

    Attributes
    ----------
    family, model_id
        Who said it.
    as_of, horizon_days
        From when, for how long.
    n_people
        People scored.
    foretold
        Sum of the predictions over people.
    edges
        Ascending edges between bins of the predictions: those of the model's first scoring.
    counts
        People per bin; the last one counts people without a prediction.
    """

    family: str
    model_id: str
    as_of: datetime
    horizon_days: int
    n_people: int
    foretold: float
    edges: Sequence[float]
    counts: Sequence[int]

    @property
    def ends_at(self) -> datetime:
        """The moment at which what was foretold must have come."""
        return self.as_of + timedelta(days=self.horizon_days)


def due_reason(
    profiles: Sequence[Profile],
    came: Mapping[datetime, float],
    *,
    fitted_as_of: datetime,
    as_of: datetime,
    limits: Limits = LIMITS,
) -> Sentence | None:
    """Return why a model should be fitted again; None: it need not be.

    Parameters
    ----------
    profiles
        Scorings of the model in use, oldest first.
    came
        For scorings whose horizon is over, by their moment: the total that came.
    fitted_as_of
        What the newest fit learned from ended here.
    as_of
        The present day's beginning.
    limits
        When it counts as too old, drifted or decayed.
    """
    age_days = (as_of - fitted_as_of).days
    if age_days >= limits.refit_days:
        return Sentence(text("fitted {days} days ago"), {"days": age_days})
    if len(profiles) > 1:
        moved = stability_index(np.array(profiles[0].counts), np.array(profiles[-1].counts))
        if moved >= limits.drift:
            template = text("predictions have drifted (stability index {index:.2f}, limit {limit:.2f})")
            return Sentence(template, {"index": moved, "limit": limits.drift})
    over = [one for one in profiles if one.as_of in came and one.foretold > 0]
    if over:
        rate = came[over[-1].as_of] / over[-1].foretold - 1
        if abs(rate) > limits.decay_rate:
            template = text("what came was {rate:+.0%} off what was foretold (limit {limit:.0%})")
            return Sentence(template, {"rate": rate, "limit": limits.decay_rate})
    return None
