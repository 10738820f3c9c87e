"""Arms: who is treated and who is left alone, by lots that anyone can draw again.

First the shop-wide holdout: a share of all people whom no campaign contacts, drawn anew every rotation. Whoever leaves it rests
for the wash-out: neither contacted nor compared, because habits formed without any contact take time to fade. All others are
dealt out to the arms of the campaign. An arm is a function of the person's id and of what is known before the campaign, so that
the engine, NumPy and plain Python agree exactly, and a plan with the same salt holds out the same people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal, get_args

import ibis
import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

from aimwell.base.lottery import LOTS, Lottery
from aimwell.intake.facts import TOUCHES
from aimwell.promote.measure.errors import SharesWrong

__all__ = [
    "ARMS",
    "CAMPAIGN_ARMS",
    "Arm",
    "ArmShares",
    "CampaignArm",
    "arm_of",
    "arms_of",
    "assign",
    "assignment_log",
    "campaign_lottery",
    "propensity_of",
]

CampaignArm = Literal["treatment", "holdout", "random", "business_as_usual", "explore"]
Arm = Literal["treatment", "holdout", "random", "business_as_usual", "explore", "global_holdout", "resting"]
CAMPAIGN_ARMS: tuple[CampaignArm, ...] = get_args(CampaignArm)
ARMS: tuple[Arm, ...] = get_args(Arm)

_DEALT: tuple[CampaignArm, ...] = (
    "holdout",
    "random",
    "business_as_usual",
    "explore",
)  # then the treatment gets the rest


@dataclass(frozen=True, kw_only=True)
class ArmShares:
    """How people are dealt out; shares are probabilities, 0..1.

    Attributes
    ----------
    treatment, holdout, random, business_as_usual, explore
        Of the people who are not in the shop-wide holdout; together 1. Those in `random` get an offer at random, those in
        `business_as_usual` what the shop would have done without Aimwell, those in `explore` an action drawn with the chances that
        are logged for them.
    global_holdout
        Of all people: contacted by no campaign.
    salt
        Decides, with the campaign's id, about the campaign's arms.
    global_salt
        Decides about the shop-wide holdout; the same for all campaigns of a shop.
    rotation_began_at
        When the first shop-wide holdout began (naive UTC).
    rotation_days
        After so many days another one is drawn.
    washout_days
        Whoever left the shop-wide holdout rests for so many days from the beginning of the new one.

    Raises
    ------
    SharesWrong
        If a share is not in 0..1, those of the campaign do not add up to 1, or the days make no sense.
    """

    treatment: float
    holdout: float
    random: float = 0.0
    business_as_usual: float = 0.0
    explore: float = 0.0
    global_holdout: float = 0.05
    salt: str
    global_salt: str
    rotation_began_at: datetime
    rotation_days: int = 182
    washout_days: int = 28

    def __post_init__(self) -> None:
        named = {arm: getattr(self, arm) for arm in (*CAMPAIGN_ARMS, "global_holdout")}
        for name, share in named.items():
            if not 0.0 <= share <= 1.0:
                raise SharesWrong(name=name, value=share, allowed="0 ... 1")
        total = sum(named[arm] for arm in CAMPAIGN_ARMS)
        if abs(total - 1.0) > 1e-9:
            raise SharesWrong(name=" + ".join(CAMPAIGN_ARMS), value=total, allowed="1")
        if self.rotation_days < 1:
            raise SharesWrong(name="rotation_days", value=self.rotation_days, allowed="1 ...")
        if not 0 <= self.washout_days <= self.rotation_days:
            raise SharesWrong(
                name="washout_days", value=self.washout_days, allowed=f"0 ... {self.rotation_days}"
            )

    def period(self, now: datetime) -> int:
        """Return the number of the shop-wide holdout in force: 0 for the first, negative before it."""
        return (now - self.rotation_began_at) // timedelta(days=self.rotation_days)

    def period_began_at(self, period: int) -> datetime:
        """Return when a shop-wide holdout began."""
        return self.rotation_began_at + timedelta(days=period * self.rotation_days)

    def is_washing_out(self, now: datetime) -> bool:
        """Say whether those who left the last shop-wide holdout still rest."""
        period = self.period(now)
        return period > 0 and now < self.period_began_at(period) + timedelta(days=self.washout_days)

    def campaign_salt(self, campaign_id: str) -> str:
        """Return the salt of one campaign; a plan with it holds out the same people as `assign`."""
        return f"{self.salt}/{campaign_id}"

    def global_lottery(self, period: int) -> Lottery:
        """Return the lottery of one shop-wide holdout."""
        return Lottery.of(f"{self.global_salt}/{period}", purpose="global_holdout")

    @cached_property
    def ends(self) -> dict[CampaignArm, int]:
        """Up to which lot each arm but the treatment reaches, in the order in which they are dealt."""
        ends: dict[CampaignArm, int] = {}
        below = 0.0
        for arm in _DEALT:
            below += getattr(self, arm)
            ends[arm] = round(below * LOTS)
        return ends


def propensity_of(arm: Arm, shares: ArmShares) -> float:
    """Return the probability of an arm, for a person who was not in the last shop-wide holdout.

    For one who was, during the wash-out, `resting` stands where the campaign's arms would be: with all that is left.
    """
    if arm == "global_holdout":
        return _prob(shares.global_holdout)
    if arm == "resting":
        return _prob(1.0 - shares.global_holdout)
    return _prob((1.0 - shares.global_holdout) * float(getattr(shares, arm)))


def assign(people: ir.Table, shares: ArmShares, *, campaign_id: str, now: datetime) -> ir.Table:
    """Deal people out to arms.

    Parameters
    ----------
    people
        person_id (int64, not null), and any other columns.
    shares
        How to deal.
    campaign_id
        Campaigns with different ids deal independently of each other.
    now
        Decides which shop-wide holdout is in force (naive UTC).

    Returns
    -------
    Table
        The same rows with `arm` (string, one of `ARMS`) and `propensity` (float64: how probable this arm was for this person).
    """
    lot = campaign_lottery(shares, campaign_id).lot(people.person_id)
    branches: list[tuple[Any, str]] = [
        (_is_global(people.person_id, shares, period=shares.period(now)), "global_holdout")
    ]
    if shares.is_washing_out(now):
        branches.append((_is_global(people.person_id, shares, period=shares.period(now) - 1), "resting"))
    branches += [(lot < end, arm) for arm, end in shares.ends.items()]
    dealt = people.mutate(arm=ibis.cases(*branches, else_="treatment"))
    chances = [(dealt.arm == arm, propensity_of(arm, shares)) for arm in ARMS]
    return dealt.mutate(propensity=ibis.cases(*chances, else_=0.0).cast("float64"))


def arms_of(
    person_ids: NDArray[np.int64], shares: ArmShares, *, campaign_id: str, now: datetime
) -> NDArray[np.str_]:
    """Return the arms of people as `assign` deals them, from an array of ids."""
    lot = campaign_lottery(shares, campaign_id).lot(person_ids)
    conditions = [_is_global(person_ids, shares, period=shares.period(now))]
    names: list[str] = ["global_holdout"]
    if shares.is_washing_out(now):
        conditions.append(_is_global(person_ids, shares, period=shares.period(now) - 1))
        names.append("resting")
    conditions += [lot < end for end in shares.ends.values()]
    names += list(shares.ends)
    return np.asarray(np.select(conditions, names, default="treatment"), dtype=np.str_)


def arm_of(person_id: int, shares: ArmShares, *, campaign_id: str, now: datetime) -> Arm:
    """Return the arm of one person as `assign` deals it."""
    if _is_global(person_id, shares, period=shares.period(now)):
        return "global_holdout"
    if shares.is_washing_out(now) and _is_global(person_id, shares, period=shares.period(now) - 1):
        return "resting"
    lot = campaign_lottery(shares, campaign_id).lot(person_id)
    return next((arm for arm, end in shares.ends.items() if lot < end), "treatment")


def campaign_lottery(shares: ArmShares, campaign_id: str) -> Lottery:
    """Return the lottery that deals a campaign's arms, the lowest lots to the holdout."""
    # the purpose and the place of the holdout, from 0 on, are those of `aimwell.promote.plan.tables.armed`
    return Lottery.of(shares.campaign_salt(campaign_id), purpose="holdout")


def assignment_log(
    assigned: ir.Table, chosen: ir.Table | None, *, campaign_id: str, decided_at: datetime, load_id: str
) -> ir.Table:
    """Return the rows of `touches` for everybody who was dealt an arm, also those who get nothing.

    Parameters
    ----------
    assigned
        Result of `assign`: one row per person.
    chosen
        What people get: person_id, offer_id, channel, expected_profit_minor (int64); any number of rows per person. Rows of
        people in `holdout`, `global_holdout` and `resting` are left out: they get nothing. None: nobody gets anything.
    campaign_id, decided_at
        Which campaign decided, and when (naive UTC).
    load_id
        Names the piece of work, for the provenance columns.

    Returns
    -------
    Table
        Columns of `TOUCHES`: one row per person and offer, and one with a null offer for each person without any.
    """
    who = assigned.select("person_id", "arm", "propensity")
    if chosen is None:
        given = who.mutate(
            offer_id=ibis.null("string"),
            channel=ibis.null("string"),
            expected_profit_minor=ibis.null("int64"),
        )
    else:
        is_left_alone = who.arm.isin(["holdout", "global_holdout", "resting"])
        reached = who.filter(~is_left_alone).select("person_id")
        kept = chosen.select("person_id", "offer_id", "channel", "expected_profit_minor")
        given = who.left_join(kept.semi_join(reached, "person_id"), "person_id").drop("person_id_right")
    moment = ibis.literal(decided_at).cast("timestamp")
    rows = given.mutate(
        campaign_id=ibis.literal(campaign_id),
        decided_at=moment,
        source=ibis.literal("aimwell"),
        load_id=ibis.literal(load_id),
        known_at=moment,
        superseded_at=ibis.null("timestamp"),
    )
    return rows.select(**{name: rows[name].cast(kind) for name, kind in TOUCHES.schema.items()})


def _prob(value: float) -> float:
    """Return a probability as a short decimal: engines read a literal of more digits each in their own way."""
    return round(value, 12)


def _is_global(person_id: Any, shares: ArmShares, *, period: int) -> Any:
    lottery = shares.global_lottery(period)
    return lottery.lot(person_id) < lottery.threshold(shares.global_holdout)
