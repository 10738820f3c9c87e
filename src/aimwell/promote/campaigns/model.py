"""What a campaign is: its file, its rounds, and the way from a draft to the last message.

A round goes planned → approved → queued → sending → done, with paused and stopped on the side; a file without a round is a
draft. Up to `approved` the state is the campaign's own, from then on the outbox's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from aimwell.promote.measure.arms import ArmShares
from aimwell.promote.measure.model import Measured, OfferTerms
from aimwell.promote.plan.model import Campaign, Offer
from aimwell.trust.consent.model import Purpose

__all__ = ["Act", "ActKind", "CampaignState", "Definition", "Round", "Schedule", "Terms"]

CampaignState = Literal["draft", "planned", "approved", "queued", "sending", "paused", "stopped", "done"]
ActKind = Literal["planned", "approved", "queued", "paused", "resumed", "stopped"]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When messages may go, beside what the gate allows.

    Attributes
    ----------
    not_before
        Naive UTC; None: at once.
    days
        So many days after the beginning, what has not gone is not sent any more.
    """

    not_before: datetime | None = None
    days: int = 7


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A campaign file as it was read.

    Attributes
    ----------
    name
        The file's own, without its ending.
    template
        Folder under `content/` in the shop's folder.
    segment
        Offers without a segment or rule of their own are for its people only; None: for everyone.
    plan
        Budget and limits as the plan takes them, still without salt and holdout: those are the round's.
    arms
        Shares of the arms.
    business_as_usual
        The offer that people in the arm of this name get; None: nothing.
    traits
        Columns of the portraits that the template says something of.
    terms
        What offers cost beside the orders' own amounts, for measuring.
    explore_share
        Share of budget, limits and people, 0..1, that is for learning; None: a small one where there is something to learn.
    shows_bought
        Whether product slots may hold what a person has bought and is predicted to buy again.
    """

    name: str
    title: str
    purpose: Purpose
    template: str
    segment: str | None
    offers: tuple[Offer, ...]
    plan: Campaign
    arms: ArmShares
    business_as_usual: str | None = None
    schedule: Schedule = field(default_factory=Schedule)
    traits: tuple[str, ...] = ()
    terms: tuple[OfferTerms, ...] = ()
    explore_share: float | None = None
    shows_bought: bool = False

    def campaign(self, campaign_id: str) -> Campaign:
        """Return what to plan in a round: it holds out the people whom the arms hold out."""
        return replace(
            self.plan,
            name=campaign_id,
            salt=self.arms.campaign_salt(campaign_id),
            holdout_share=self.arms.holdout,
        )


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What of a round must be known ever after, whatever becomes of the files: for replays and for measuring.

    `offer_names` and `channels` are by offer id; `segments` are those that limits count over, in order.
    """

    purpose: Purpose
    currency: str
    margin_rate: float
    horizon_days: int
    as_of: datetime
    is_assumed: bool
    model: str
    arms: ArmShares
    schedule: Schedule
    contacts_per_person: int
    business_as_usual: str | None
    offer_ids: tuple[str, ...]
    offer_names: Mapping[str, str]
    channels: Mapping[str, str]
    segments: tuple[str, ...]
    terms: tuple[OfferTerms, ...]

    def measured(self, campaign_id: str) -> Measured:
        """Return the campaign as it is measured."""
        return Measured(
            campaign_id=campaign_id,
            currency=self.currency,
            horizon_days=self.horizon_days,
            margin_rate=self.margin_rate,
            terms=self.terms,
        )

    def to_data(self) -> dict[str, Any]:
        """Return the terms as JSON takes them."""
        told = asdict(self)
        told["as_of"] = self.as_of.isoformat()
        told["arms"]["rotation_began_at"] = self.arms.rotation_began_at.isoformat()
        begins = self.schedule.not_before
        told["schedule"]["not_before"] = begins.isoformat() if begins else None
        return told

    @classmethod
    def from_data(cls, told: Mapping[str, Any]) -> Terms:
        """Return the terms that `to_data` gave."""
        arms = dict(told["arms"])
        arms["rotation_began_at"] = datetime.fromisoformat(arms["rotation_began_at"])
        begins = told["schedule"]["not_before"]
        schedule = Schedule(
            not_before=datetime.fromisoformat(begins) if begins else None, days=told["schedule"]["days"]
        )
        read = {
            "as_of": datetime.fromisoformat(told["as_of"]),
            "arms": ArmShares(**arms),
            "schedule": schedule,
        }
        read |= {name: tuple(told[name]) for name in ("offer_ids", "segments")}
        read["terms"] = tuple(OfferTerms(**one) for one in told["terms"])
        return cls(**(dict(told) | read))


@dataclass(frozen=True, kw_only=True)
class Round:
    """One planning of a campaign and what came of it; `campaign_id` is the name and the round's number.

    `content` has a digest for each file that the round is made of, by its path in the shop's folder.
    """

    campaign_id: str
    name: str
    round_no: int
    state: CampaignState
    plan_id: str
    content: Mapping[str, str]
    terms: Terms
    planned_by: str
    planned_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Act:
    """What somebody did to a round; never changed."""

    act: ActKind
    actor: str
    at: datetime
