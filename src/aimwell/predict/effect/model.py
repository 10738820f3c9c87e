"""What effect knows of a shop: for each offer what it changes with whom, how sure that is, or why it cannot be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aimwell.predict.effect.choose import Choice
from aimwell.predict.effect.features import Encoding
from aimwell.predict.effect.learners import Effect
from aimwell.predict.effect.linear import Line
from aimwell.predict.effect.measured import Estimate

__all__ = ["FAMILY", "Design", "EffectModel", "OfferEffect", "OfferTrial"]

FAMILY = "effect"


@dataclass(frozen=True, kw_only=True)
class Design:
    """How chance decided about one offer in one campaign, read from its arms.

    Attributes
    ----------
    campaign_id, offer_id
        Which.
    arm
        The arm that got the offer: treatment or random; it is compared with the arm `holdout`.
    treated_prob
        Probability of that arm and offer, given that it was this or the holdout; None: each row says its own.
    """

    campaign_id: str
    offer_id: str
    arm: str
    treated_prob: float | None


@dataclass(frozen=True, kw_only=True)
class OfferEffect:
    """What one offer changes: effect = mean + slope x score, in minor units of profit within the horizon.

    Attributes
    ----------
    mean, slope
        After shrinkage, with posterior standard errors; a slope of exactly 0 (and no score): the same for everyone.
    score
        Tells people apart, at mean 0 and spread 1 over those it was learned from; None: nothing does.
    use
        Probability that a person who gets the offer orders within the horizon.
    """

    mean: Estimate
    slope: Estimate
    score: Effect | None
    use: Line

    @classmethod
    def of(cls, choice: Choice, *, use: Line) -> OfferEffect:
        """Return what was chosen, with the posterior of the shrunk slope: its variance is shrunk as the slope is."""
        found = choice.calibration
        slope = Estimate(value=found.spread, se=found.kept**0.5 * found.slope.se)
        return cls(mean=found.mean, slope=slope, score=choice.order if choice.is_usable else None, use=use)

    def as_data(self) -> dict[str, Any]:
        """Return the effect as JSON values."""
        return {
            "mean": self.mean.as_data(),
            "slope": self.slope.as_data(),
            "score": None if self.score is None else self.score.as_data(),
            "use": self.use.as_data(),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> OfferEffect:
        """Return the effect that `as_data` wrote."""
        return cls(
            mean=Estimate(**data["mean"]),
            slope=Estimate(**data["slope"]),
            score=None if data["score"] is None else Effect.from_data(data["score"]),
            use=Line.from_data(data["use"]),
        )


@dataclass(frozen=True, kw_only=True)
class EffectModel:
    """All that scoring needs: the features, and one effect per offer."""

    encoding: Encoding
    offers: Mapping[str, OfferEffect]
    horizon_days: int
    margin_rate: float

    def as_data(self) -> dict[str, Any]:
        """Return the model as JSON values."""
        return {
            "encoding": self.encoding.as_data(),
            "offers": {offer_id: effect.as_data() for offer_id, effect in self.offers.items()},
            "horizon_days": self.horizon_days,
            "margin_rate": self.margin_rate,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> EffectModel:
        """Return the model that `as_data` wrote."""
        return cls(
            encoding=Encoding.from_data(data["encoding"]),
            offers={offer_id: OfferEffect.from_data(one) for offer_id, one in data["offers"].items()},
            horizon_days=data["horizon_days"],
            margin_rate=data["margin_rate"],
        )


@dataclass(frozen=True, kw_only=True)
class OfferTrial:
    """How learning about one offer went: the data and the trials, for the card.

    Attributes
    ----------
    offer_id
        The offer.
    n_treated, n_control
        Decisions in the data.
    n_drawn
        Of them, how many were drawn to learn from.
    n_campaigns, from_at, to_at
        Where they come from.
    mean, slope, kept
        See `Calibration`.
    value, top_gain, selective_gain
        See `Choice`.
    trials
        One row per learner: learner, value, se, behind, behind_se, top_gain, weight.
    is_usable
        Whether people can be told apart.
    """

    offer_id: str
    n_treated: int
    n_control: int
    n_drawn: int
    n_campaigns: int
    from_at: datetime
    to_at: datetime
    mean: Estimate
    slope: Estimate
    kept: float
    value: Estimate
    top_gain: Estimate
    selective_gain: Estimate
    trials: tuple[Mapping[str, Any], ...]
    is_usable: bool
