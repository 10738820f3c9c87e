"""What a plan is made of: offers, a campaign with its limits, and the prices that steer the choice.

Money of a campaign is in whole minor units (`_minor`). What is expected per person and offer is finer: whole *thousandths* of a
minor unit (`_milli`), because the expected profit of one text message is often below a cent. Both are integers, so that
sums are exact whatever the order in which an engine adds them up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from aimwell.promote.plan.assumed import Assumed, Incrementality, RangeSource
from aimwell.promote.plan.errors import RangeNotLookedUp

__all__ = [
    "MILLI",
    "PRICE_UNIT",
    "Belief",
    "Campaign",
    "EffectRule",
    "EffectSource",
    "Incentives",
    "Incrementality",
    "Limit",
    "LimitKind",
    "Offer",
    "Prices",
    "Problem",
    "SealedPrices",
    "Uncertain",
    "range_of",
]

MILLI = 1000  # thousandths of a minor unit in one minor unit
PRICE_UNIT = 1 << 20  # a sealed budget price of PRICE_UNIT is 1.0: one unit of profit per unit of cost

LimitKind = Literal["channel", "stock", "offer", "segment", "offer_segment"]
EffectSource = Literal["measured", "assumed"]
Uncertain = Literal["mean", "lower"]
Incentives = Literal["in_the_books", "apart"]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Something a person can be offered through one channel.

    Attributes
    ----------
    offer_id, name
        Its key and its name for people.
    channel
        The channel it goes out by.
    contact_milli
        Cost of one contact, in thousandths of a minor unit: paid for everyone who is contacted.
    incentive_minor
        Cost of the incentive: paid for everyone who uses the offer, would they have bought anyway or not.
    margin_rate
        Margin before the incentive as a share of the order's value, 0..1; None: the person's own `margin_minor` is used.
    stock
        At most so many people may get it; None: no such limit.
    segment
        Only people in this segment may get it; None: everyone.
    rule
        Instead of a named segment: an inline rule, as data; it is compiled by the caller.
    category
        The product category it is about; the column `lift_<offer_id>` says how much a person likes it.
    discount_rate
        Share that the offer takes off the price, 0..1; None: it is no discount, or nobody asks past prices about it.
    product
        The product whose past prices say what the discount does; None: those of `category`, else of the whole shop.
    assumed
        What is assumed of it from past prices (`service.with_ranges`); None: what the campaign states.
    """

    offer_id: str
    name: str
    channel: str
    contact_milli: int
    incentive_minor: int
    margin_rate: float | None
    stock: int | None = None
    segment: str | None = None
    rule: Mapping[str, Any] | None = None
    category: str | None = None
    discount_rate: float | None = None
    product: str | None = None
    assumed: Assumed | None = None


@dataclass(frozen=True, kw_only=True)
class EffectRule:
    """Where the effects of a plan come from, and what stands for one that is not known for sure.

    Attributes
    ----------
    source
        "measured": what is assumed and what was measured together, for each offer with scores; for others what is assumed. "assumed":
        measurements are not looked at.
    rule
        "mean": the posterior mean, the most profit expected of one plan. "lower": the bound that the effect exceeds with probability
        `confidence`, so that contacts surely pay.
    confidence
        For "lower", 0.5..1.
    incentives
        "in_the_books": incentives are discounts; lines are booked net of them, so measured effects have them taken off already.
        "apart": gifts and the like, which measured effects know nothing of.
    """

    source: EffectSource = "measured"
    rule: Uncertain = "mean"
    confidence: float = 0.8
    incentives: Incentives = "in_the_books"


@dataclass(frozen=True, kw_only=True)
class Belief:
    """What a plan believes of the average gain of one offer: assumed, and where it was measured, both together.

    Amounts are per person contacted, before the costs of the offer, in minor units, over people like those it was measured with.

    Attributes
    ----------
    offer_id
        The offer.
    worth_minor
        Average margin of the orders made with the offer, incremental or not.
    assumed_minor, assumed_se_minor
        The prior: what the assumed incrementality comes to, and its spread.
    measured_minor, measured_se_minor
        The evidence: the measured average and its standard error; None: not measured.
    is_by_person
        Whether the measurement tells people apart. If not, people differ as the assumption says.
    model_id
        Of the measurement.
    """

    offer_id: str
    worth_minor: float
    assumed_minor: float
    assumed_se_minor: float
    measured_minor: float | None = None
    measured_se_minor: float | None = None
    is_by_person: bool = False
    model_id: str | None = None

    @property
    def weight(self) -> float:
        """How much the measurement counts, 0..1: prior variance / (prior variance + squared standard error)."""
        if self.measured_se_minor is None or self.assumed_se_minor == 0.0:
            return 0.0
        prior = self.assumed_se_minor**2
        return prior / (prior + self.measured_se_minor**2)

    @property
    def gain_minor(self) -> float:
        """The posterior mean."""
        measured = self.assumed_minor if self.measured_minor is None else self.measured_minor
        return (1.0 - self.weight) * self.assumed_minor + self.weight * measured

    @property
    def gain_se_minor(self) -> float:
        """The posterior standard deviation."""
        return float((1.0 - self.weight) ** 0.5 * self.assumed_se_minor)


@dataclass(frozen=True, kw_only=True)
class Limit:
    """So many contacts at least and at most, counted over some offers and, if `segment` is set, over its people only.

    `key` names it in files and messages: `channel sms`, `stock of tea`, `offer tea`, `segment vip`, `offer tea in vip`.
    """

    key: str
    kind: LimitKind
    offer_ids: tuple[str, ...]
    segment: str | None
    minimum: int = 0
    maximum: int | None = None


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """What the shop wants of one plan: the money, the limits, the holdout, and what it assumes.

    Attributes
    ----------
    budget_minor
        The expected cost (contacts, and incentives times the probability that they are used) may not exceed this.
    channel_capacities
        At most so many contacts per channel.
    limits
        Minima and maxima per offer, segment, or offer in a segment, as the file states them.
    contacts_per_person
        A person gets at most so many offers.
    holdout_share
        Share of people, 0..1, who are chosen like all others but get nothing, so that the effect can be measured.
    salt
        Decides by a hash who is held out; the same salt holds out the same people.
    horizon_days
        An offer is used, or not, within so many days.
    effects
        Whether measurements count, and how.
    incrementality
        What is assumed of every offer, as the file states it; None: only past prices say.
    range_source
        "prices": each offer's own range comes from past prices, and `incrementality` counts only where they say nothing.
    """

    name: str
    currency: str
    budget_minor: int
    horizon_days: int
    incrementality: Incrementality | None
    salt: str
    contacts_per_person: int = 1
    holdout_share: float = 0.0
    channel_capacities: Mapping[str, int] = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    effects: EffectRule = field(default_factory=EffectRule)
    range_source: RangeSource = "stated"


def range_of(offer: Offer, campaign: Campaign) -> Incrementality:
    """Return what is assumed of an offer: its own range, where the campaign takes ranges from past prices; else the campaign's.

    Raises
    ------
    RangeNotLookedUp
        If the campaign takes ranges from past prices, and nobody has looked there (`service.with_ranges`).
    """
    if campaign.range_source == "stated" and campaign.incrementality is not None:
        return campaign.incrementality
    if offer.assumed is None:
        raise RangeNotLookedUp(offer_id=offer.offer_id)
    return offer.assumed.range


@dataclass(frozen=True, kw_only=True)
class Problem:
    """The choice to be made: which offers, under which budget and limits; people come as tables or arrays."""

    offers: tuple[Offer, ...]
    limits: tuple[Limit, ...]
    budget_minor: int
    contacts_per_person: int

    @classmethod
    def of(cls, offers: tuple[Offer, ...], campaign: Campaign) -> Problem:
        """Gather every limit in one list: channel capacities, stocks, and those of the campaign."""
        ids = tuple(o.offer_id for o in offers)
        channels = [
            Limit(
                key=f"channel {channel}",
                kind="channel",
                offer_ids=tuple(o.offer_id for o in offers if o.channel == channel),
                segment=None,
                maximum=capacity,
            )
            for channel, capacity in sorted(campaign.channel_capacities.items())
        ]
        stocks = [
            Limit(
                key=f"stock of {o.offer_id}",
                kind="stock",
                offer_ids=(o.offer_id,),
                segment=None,
                maximum=o.stock,
            )
            for o in offers
            if o.stock is not None
        ]
        stated = [
            Limit(
                key=limit.key,
                kind=limit.kind,
                offer_ids=limit.offer_ids or ids,
                segment=limit.segment,
                minimum=limit.minimum,
                maximum=limit.maximum,
            )
            for limit in campaign.limits
        ]
        return cls(
            offers=offers,
            limits=(*channels, *stocks, *stated),
            budget_minor=campaign.budget_minor,
            contacts_per_person=campaign.contacts_per_person,
        )

    @property
    def budget_milli(self) -> int:
        """The budget in thousandths of a minor unit, as costs are."""
        return self.budget_minor * MILLI

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """The segments that some limit counts over, sorted."""
        return tuple(sorted({limit.segment for limit in self.limits if limit.segment is not None}))

    @cached_property
    def counts(self) -> NDArray[np.float64]:
        """One row per limit, one column per offer: 1 where the limit counts the offer."""
        counted = [[o.offer_id in limit.offer_ids for o in self.offers] for limit in self.limits]
        return np.array(counted, dtype=np.float64).reshape(len(self.limits), len(self.offers))

    @cached_property
    def minima(self) -> NDArray[np.float64]:
        """The lower end of each limit."""
        return np.array([limit.minimum for limit in self.limits], dtype=np.float64)

    @cached_property
    def maxima(self) -> NDArray[np.float64]:
        """The upper end of each limit; infinity where there is none."""
        ends = [np.inf if limit.maximum is None else limit.maximum for limit in self.limits]
        return np.array(ends, dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Prices:
    """What the limits cost the choice: `budget` in profit per unit of cost, `limits` in milli per contact.

    A limit's price is positive where its maximum binds and negative where its minimum does.
    """

    budget: float
    limits: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class SealedPrices:
    """Prices as whole numbers, so that a bound made with them is exact: `budget` in PRICE_UNITs, `limits` in milli."""

    budget: int
    limits: tuple[int, ...]
