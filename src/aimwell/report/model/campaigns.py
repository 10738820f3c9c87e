"""Campaigns as the report tells them; estimates in minor units as fractions."""

from __future__ import annotations

from dataclasses import dataclass

from aimwell.base.words import Sentence

__all__ = ["CampaignView", "CampaignsView", "LookView"]


@dataclass(frozen=True, kw_only=True)
class LookView:
    """What all people of the arm had brought more, so many days after the first decision, and the interval (None: too early)."""

    day: int
    total_minor: float
    low_minor: float | None
    high_minor: float | None


@dataclass(frozen=True, kw_only=True)
class CampaignView:
    """One round that was sent.

    Attributes
    ----------
    n_people, n_against
        Treated, and held out; None where it cannot be measured.
    answer
        What can be said of its profit, or why nothing can.
    looks
        One per day; empty where it cannot be measured.
    """

    campaign_id: str
    n_people: int | None
    n_against: int | None
    answer: Sentence
    looks: tuple[LookView, ...]


@dataclass(frozen=True, kw_only=True)
class CampaignsView:
    """The newest rounds, the newest first; what all campaigns of the running period earned together, where that can be said."""

    rounds: tuple[CampaignView, ...]
    together: tuple[Sentence, ...]
