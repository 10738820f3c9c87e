"""The model card: what was learned of each offer, from how many decisions, and where it should not be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from aimwell.base.words import Sentence, text
from aimwell.predict.effect.abstentions import no_usable_difference, too_few_decisions
from aimwell.predict.effect.choose import Choice
from aimwell.predict.effect.measured import Estimate
from aimwell.predict.effect.model import OfferTrial

__all__ = ["EffectCard", "offer_trial"]


def offer_trial(choice: Choice, *, offer_id: str, counts: Mapping[str, Any], n_drawn: int) -> OfferTrial:
    """Return the record of one offer; `counts` are n_treated, n_control, n_campaigns, from_at, to_at."""
    return OfferTrial(
        offer_id=offer_id,
        n_drawn=n_drawn,
        mean=choice.calibration.mean,
        slope=choice.calibration.slope,
        kept=choice.calibration.kept,
        value=choice.value,
        top_gain=choice.top_gain,
        selective_gain=choice.selective_gain,
        trials=tuple(
            {
                "learner": trial.learner,
                "value": trial.value.as_data(),
                "behind": None if trial.behind is None else trial.behind.as_data(),
                "top_gain": trial.top_gain.as_data(),
                "weight": trial.weight,
            }
            for trial in choice.trials
        ),
        is_usable=choice.is_usable,
        **counts,
    )


@dataclass(frozen=True, kw_only=True)
class EffectCard:
    """All that is known of an effect model.

    Attributes
    ----------
    model_id, as_of, horizon_days, margin_rate, data_hash
        Which model this is, and what it learned from.
    n_features
        Numbers that the learners saw of each portrait.
    offers
        What was learned, offer by offer.
    declined
        Offers with too few decisions: offer_id, n_treated, n_control.
    """

    model_id: str
    as_of: datetime
    horizon_days: int
    margin_rate: float
    data_hash: str
    n_features: int
    offers: Sequence[OfferTrial]
    declined: Sequence[Mapping[str, Any]]

    def as_data(self) -> dict[str, Any]:
        """Return the card as JSON values."""
        data = asdict(self) | {"as_of": self.as_of.isoformat()}
        for offer in data["offers"]:
            offer["from_at"], offer["to_at"] = offer["from_at"].isoformat(), offer["to_at"].isoformat()
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> EffectCard:
        """Return the card that `as_data` wrote."""
        return cls(
            **dict(data)
            | {
                "as_of": datetime.fromisoformat(data["as_of"]),
                "offers": [_offer(offer) for offer in data["offers"]],
            }
        )

    def notes(self) -> list[Sentence]:
        """Return what a reader must know before using the effects."""
        notes = [
            too_few_decisions(one["offer_id"], n_treated=one["n_treated"], n_control=one["n_control"]).reason
            for one in self.declined
        ]
        for offer in self.offers:
            if not offer.is_usable:
                found = no_usable_difference(offer.offer_id, confidence=offer.value.above_zero_prob)
                notes.append(found.reason)
            low, high = offer.mean.interval()
            if low <= 0 <= high:
                template = text(
                    "Offer {offer_id}: even the average effect may be nothing, or the other way round (95% interval {low:,.1f} to "
                    "{high:,.1f} minor units per person)."
                )
                notes.append(Sentence(template, {"offer_id": offer.offer_id, "low": low, "high": high}))
        return notes


_ESTIMATES = ("mean", "slope", "value", "top_gain", "selective_gain")


def _offer(data: Mapping[str, Any]) -> OfferTrial:
    return OfferTrial(
        **dict(data)
        | {name: Estimate(**data[name]) for name in _ESTIMATES}
        | {name: datetime.fromisoformat(data[name]) for name in ("from_at", "to_at")}
        | {"trials": tuple(data["trials"])}
    )
