"""What is measured, and what measuring finds: campaigns with their terms, arms, looks, intervals, results, power cards.

Money that was counted is in whole minor units (`_minor` integers); estimates and their intervals are floats of minor units,
because the effect per person is often a fraction of a cent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

__all__ = [
    "ArmFigures",
    "Attribution",
    "Balance",
    "CampaignResult",
    "Carrier",
    "Contrast",
    "GlobalResult",
    "Interval",
    "Look",
    "Measured",
    "OfferTerms",
    "PowerCard",
    "PowerDay",
    "Verdict",
]

Verdict = Literal["earned", "lost", "cannot_tell", "too_early"]


@dataclass(frozen=True, kw_only=True)
class OfferTerms:
    """What an offer costs, as far as the orders do not show it.

    Attributes
    ----------
    offer_id
        As in the table of touches.
    contact_milli
        Cost of one contact, in thousandths of a minor unit.
    incentive_minor
        What one use costs beside the order: a gift, points. A discount is in the order's own amounts already: 0.
    coupon_code
        Orders with this code use the offer; None: the first order within the horizon of a person who got the offer does.
    """

    offer_id: str
    contact_milli: int = 0
    incentive_minor: int = 0
    coupon_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A campaign as it is measured; all of it is declared before the launch.

    Attributes
    ----------
    campaign_id
        As in the table of touches.
    currency
        ISO 4217 code of all amounts.
    horizon_days
        A person's orders count for so many days from the decision on; refunds of these orders count whenever they come.
    margin_rate
        Share of net sales, 0..1, that is margin where the cost of a line is unknown.
    terms
        Costs of every offer that is sent.
    confidence
        Of the intervals, 0..1.
    cap_minor
        The profit of one person counts up to this amount either way; None: in full. Only honest if declared before the launch.
    """

    campaign_id: str
    currency: str
    horizon_days: int
    margin_rate: float
    terms: tuple[OfferTerms, ...] = ()
    confidence: float = 0.95
    cap_minor: int | None = None


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Both ends of an interval."""

    low: float
    high: float

    @property
    def has_zero(self) -> bool:
        """Say whether zero is inside."""
        return self.low <= 0.0 <= self.high

    def times(self, factor: float) -> Interval:
        """Return the interval of so many times the quantity."""
        return Interval(low=self.low * factor, high=self.high * factor)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was to be seen at the end of one UTC day, per person of the treated arm, in minor units.

    Attributes
    ----------
    day, at
        Days since the first decision, and the moment up to which facts are counted.
    n_people
        In both arms.
    n_buyers
        Who bought, in the arm with fewer of them.
    effect_minor, error_minor
        Incremental profit per person since the decision, and its standard error, variance reduced.
    interval
        Holds at all looks together; None: too few buyers yet.
    fixed
        Would hold at one look planned beforehand; for comparison only.
    """

    day: int
    at: datetime
    n_people: int
    n_buyers: int
    effect_minor: float
    error_minor: float
    interval: Interval | None
    fixed: Interval


@dataclass(frozen=True, kw_only=True)
class ArmFigures:
    """What one arm holds: people dealt into it, those contacted, those who bought, and what they brought before variance is reduced."""

    arm: str
    n_people: int
    n_contacted: int
    n_buyers: int
    profit_minor: int


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """The one person whose profit moves a result most, and the result without this person.

    Attributes
    ----------
    person_id, arm, profit_minor
        Who, where, and how much.
    effect_minor, interval
        The effect per person without this person, and its interval.
    carries
        Whether the result would be told otherwise without this person, or be less than half as large.
    """

    person_id: int
    arm: str
    profit_minor: int
    effect_minor: float
    interval: Interval | None
    carries: bool


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Whether the arms hold as many people as their probabilities say.

    Attributes
    ----------
    counts, shares
        People found, and shares expected, by arm.
    p_value
        Holds at all looks together: the smallest since the first day.
    is_alarm
        Whether it is below `LEVEL`: people got lost on the way into an arm, and no result can be trusted.
    """

    counts: Mapping[str, int]
    shares: Mapping[str, float]
    p_value: float
    is_alarm: bool


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """One arm against another, by intention to treat: everybody as dealt out, whatever was sent.

    Attributes
    ----------
    arm, against
        Whose profit less whose.
    offer_id
        If only people were compared for whom this offer was chosen, in both arms; else None.
    n_people, n_against
        In the two arms.
    confidence
        Of the intervals.
    looks
        One per day from the first decision on; the last is the result.
    tells_at
        When the interval will leave zero out if all goes on as it began; None: not within the horizon, or it does already.
    raw_effect_minor, raw_error_minor
        Plain difference of the means, and its standard error.
    variance_cut
        Share of the variance, 0..1, that profit before the decision took out.
    balance
        Whether the two arms are as large as they should be.
    carrier
        The one person whose profit matters most; None: nobody brought any.
    verdict
        What can be said.
    total_minor, total
        Incremental profit of all people of the arm together, and its interval; None: too early.
    """

    arm: str
    against: str
    offer_id: str | None = None
    n_people: int
    n_against: int
    confidence: float
    looks: tuple[Look, ...]
    tells_at: datetime | None
    raw_effect_minor: float
    raw_error_minor: float
    variance_cut: float
    balance: Balance
    carrier: Carrier | None = None
    verdict: Verdict = field(init=False)
    total_minor: float = field(init=False)
    total: Interval | None = field(init=False)

    @property
    def last(self) -> Look:
        """The newest look."""
        return self.looks[-1]

    def __post_init__(self) -> None:
        interval = self.last.interval
        object.__setattr__(self, "verdict", _verdict(interval))
        object.__setattr__(self, "total_minor", self.last.effect_minor * self.n_people)
        object.__setattr__(self, "total", None if interval is None else interval.times(self.n_people))


def _verdict(interval: Interval | None) -> Verdict:
    if interval is None:
        return "too_early"
    if interval.has_zero:
        return "cannot_tell"
    return "earned" if interval.low > 0 else "lost"


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """What people bought after a contact, by the offer they were contacted with last: a diagnostic, not an effect.

    Most of it would have been bought without any contact.
    """

    offer_id: str
    n_contacted: int
    n_orders: int
    profit_minor: int


@dataclass(frozen=True, kw_only=True)
class CampaignResult:
    """What a campaign really earned.

    Attributes
    ----------
    campaign_id, currency
        Whose, and in which money.
    started_at, ends_at
        The first decision, and when the last person's horizon ends.
    as_of, known_at
        Facts up to `as_of` count, as far as they were known at `known_at` (None: all that are known now).
    arms
        What each arm holds, also those that are not compared.
    result
        Treatment against holdout.
    others
        Further comparisons, for information: each with its own interval.
    offers
        Treatment against holdout among the people for whom an offer was chosen; their intervals hold together.
    attribution
        Last touch, beside the result.
    n_mixed
        People found to be one person only after they had been dealt into two arms; they are in none.
    """

    campaign_id: str
    currency: str
    started_at: datetime
    ends_at: datetime
    as_of: datetime
    known_at: datetime | None
    arms: tuple[ArmFigures, ...]
    result: Contrast
    others: tuple[Contrast, ...] = ()
    offers: tuple[Contrast, ...] = ()
    attribution: tuple[Attribution, ...] = ()
    n_mixed: int = 0


@dataclass(frozen=True, kw_only=True)
class GlobalResult:
    """What all campaigns together earned in one period of the shop-wide holdout: everyone else against it.

    `began_at` is when counting began, after the wash-out; people who were in the holdout before this one are in neither arm.
    """

    period: int
    currency: str
    began_at: datetime
    ends_at: datetime
    as_of: datetime
    known_at: datetime | None
    arms: tuple[ArmFigures, ...]
    result: Contrast


@dataclass(frozen=True, kw_only=True)
class PowerDay:
    """What can be told after so many days: effects per person of this size or more, with the stated power."""

    day: int
    smallest_minor: float


@dataclass(frozen=True, kw_only=True)
class PowerCard:
    """What a campaign will be able to tell, before it is launched.

    Attributes
    ----------
    campaign_id, currency
        Whose, and in which money.
    n_treated, n_held_out
        Expected people in the two arms.
    power, confidence
        Probability that an effect of `smallest_minor` per person is told, with intervals that hold at all looks together.
    smallest_minor, total_minor
        The smallest incremental profit that can be told by `tells_at`, per person and in total; None: too few buyers ever.
    tells_at
        The end of the horizon.
    starts_at
        From when on there are enough buyers to tell anything; None: not within the horizon.
    expected_minor, expected_at
        What the plan expects per person, if given, and when that will be told if it comes evenly; None: not within the horizon.
    variance_cut
        Share of the variance, 0..1, that earlier profit is expected to take out.
    days
        What can be told after each day from `starts_at` on, of the profit made up to that day.
    """

    campaign_id: str
    currency: str
    n_treated: int
    n_held_out: int
    power: float
    confidence: float
    smallest_minor: float | None
    total_minor: float | None
    tells_at: datetime
    starts_at: datetime | None
    expected_minor: float | None
    expected_at: datetime | None
    variance_cut: float
    days: tuple[PowerDay, ...] = field(default=())
