"""When effect declines to answer, and what it says then."""

from __future__ import annotations

from datetime import datetime

from aimwell.base.words import Sentence, text
from aimwell.predict.model import Abstention

__all__ = ["MIN_SIDE", "no_experiment", "no_usable_difference", "too_few_decisions"]

MIN_SIDE = 200  # decisions for and against an offer, each


def no_experiment(*, until: datetime, horizon_days: int) -> Abstention:
    """Decline where chance decided about nothing, or not long enough ago."""
    template = text(
        "No effect can be measured: of the decisions before {until:%Y-%m-%d} (a horizon of {horizon_days} days ago) none was left to "
        "chance with a portrait from before it. Plan a campaign with a holdout, log its touches, keep the portraits, and fit again "
        "when the horizon has passed."
    )
    return Abstention(
        code="no_experiment", reason=Sentence(template, {"until": until, "horizon_days": horizon_days})
    )


def too_few_decisions(offer_id: str, *, n_treated: int, n_control: int) -> Abstention:
    """Decline to say anything of one offer."""
    template = text(
        "Offer {offer_id}: only {n_treated} people got it and {n_control} were left without it by chance; it takes at least "
        "{least} each. Repeat the campaign, or raise its holdout."
    )
    values = {"offer_id": offer_id, "n_treated": n_treated, "n_control": n_control, "least": MIN_SIDE}
    return Abstention(code="too_few_decisions", reason=Sentence(template, values))


def no_usable_difference(offer_id: str, *, confidence: float) -> Abstention:
    """Decline to tell people apart; the average effect stands."""
    template = text(
        "Offer {offer_id}: no usable difference between people. No order of people by their effect beat chance (confidence "
        "{confidence:.0%}); everyone is given the average effect."
    )
    return Abstention(
        code="no_usable_difference",
        reason=Sentence(template, {"offer_id": offer_id, "confidence": confidence}),
    )
