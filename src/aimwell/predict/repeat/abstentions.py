"""When repeat declines to predict, and what it says then."""

from __future__ import annotations

from collections.abc import Sequence

from aimwell.base.words import Sentence, text
from aimwell.predict.model import Abstention
from aimwell.predict.repeat.frames import Frame
from aimwell.predict.repeat.trial import OriginTrial
from aimwell.predict.value.abstentions import MIN_PEOPLE, too_little_data

__all__ = ["beaten_by_rate", "usable"]


def usable(present: Frame | None, *, n_people: int) -> Frame | Abstention:
    """Return the people of the present day, or decline: too few people, repeat buyers or days, or no process fits them."""
    if present is not None:
        return too_little_data(present.cells) or present
    if n_people >= MIN_PEOPLE:
        return Abstention(
            code="no_process_fits",
            reason=Sentence(
                text(
                    "The purchase process fits none of what these {n_people} customers did. Check that orders of different days "
                    "are known under one customer."
                ),
                {"n_people": n_people},
            ),
        )
    template = text(
        "Too little to predict from: {n_people} known customers with an order. It takes at least {min_people}. Load more orders, or "
        "earlier ones."
    )
    return Abstention(
        code="too_little_data", reason=Sentence(template, {"n_people": n_people, "min_people": MIN_PEOPLE})
    )


def beaten_by_rate(trials: Sequence[OriginTrial]) -> Abstention | None:
    """Decline where, at every horizon of every origin, giving everyone last period's share was no worse; else None."""
    pairs = [
        (error, rate)
        for trial in trials
        for error in trial.heads
        if error.forecast == "model"
        for rate in [trial.error(error.days, "last_period")]
        if rate is not None and rate.log_loss is not None and error.log_loss is not None
    ]
    if not pairs or any(error.log_loss < rate.log_loss for error, rate in pairs):  # type: ignore[operator]
        return None
    error, rate = min(pairs, key=lambda pair: pair[0].days)
    template = text(
        "From no earlier day could the model tell who orders again better than the share of the period before, given to everyone "
        "(within {days} days: log-loss {mine:.3f} against {theirs:.3f}). Use the share, or fit again with more history."
    )
    values = {"days": error.days, "mine": error.log_loss, "theirs": rate.log_loss}
    return Abstention(code="beaten_by_rate", reason=Sentence(template, values))
