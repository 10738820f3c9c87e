"""Replays a decision from its receipt: the same numbers and the plan's sealed prices must lead to the same choice.

At sealed prices, offer k is worth `value - floor(budget price x cost) - what limits charge` to a plan, and a person gets the
best ones above 0. Budget and limits come in whole people, so a few people at the edge are settled together in a last step; what it gave
them is sealed with the plan (`plan_settled`). By weak duality the worth that all treated ones among them miss is at most the plan's
certified gap, bound - value; so whoever misses more than the whole gap was not decided by this plan, and the replay says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np

from aimwell.base.lottery import Lottery
from aimwell.promote.campaigns.model import Terms
from aimwell.promote.measure.arms import Arm, arm_of
from aimwell.promote.plan.certificate import Certificate
from aimwell.promote.plan.model import PRICE_UNIT
from aimwell.promote.policy.exploration import drawn

__all__ = ["Decision", "Replay", "Worth", "replay", "worths"]

Verdict = Literal["same", "edge", "different"]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A person's receipt in a round: a row of `campaign_decisions`, and the offers of `campaign_contacts`.

    `chances` are an explorer's, of nothing first and then of each offer; empty for all others.
    """

    campaign_id: str
    plan_id: str
    person_id: int
    decided_at: datetime
    arm: Arm
    propensity: float
    response_prob: float | None
    order_minor: float | None
    margin_minor: float | None
    value_milli: tuple[int | None, ...]
    cost_milli: tuple[int | None, ...]
    is_meant: tuple[bool, ...]
    in_the_way: tuple[str, ...]
    members: tuple[bool, ...]
    is_part: bool
    chosen: tuple[str, ...]
    chances: tuple[float, ...] = ()

    @classmethod
    def of(cls, row: Mapping[str, Any], *, chosen: Sequence[str], chances: Sequence[float] = ()) -> Decision:
        """Return the decision of rows as the engine gives them."""
        arrays = ("value_milli", "cost_milli", "is_meant", "in_the_way", "members")
        kept = {name: row[name] for name in cls.__dataclass_fields__ if name in row}
        kept |= {name: tuple(row[name]) for name in arrays}
        return cls(**kept, chosen=tuple(sorted(chosen)), chances=tuple(chances))


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What an offer was worth with a person, in thousandths of a minor unit: before and after the prices."""

    offer_id: str
    value_milli: int
    cost_milli: int
    charged_milli: int

    @property
    def net_milli(self) -> int:
        """What is left of the value once budget and limits have had their price."""
        return self.value_milli - self.charged_milli


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What replaying a decision gave.

    Attributes
    ----------
    arm
        The arm that the lots give.
    chosen
        The offers that the same rule gives again.
    missed_milli
        How much more the best choice was worth at the prices than the one that was made.
    verdict
        "same": arm and offers are those of the receipt. "edge": of a plan that did not seal its last step, the receipt's offers are
        within the certified gap of the best. "different": they are not, or the arm is another.
    is_settled
        Whether the last step decided, in whole people, and not the prices alone.
    """

    arm: Arm
    chosen: tuple[str, ...]
    missed_milli: int
    verdict: Verdict
    is_settled: bool = False


def worths(decision: Decision, *, terms: Terms, certificate: Certificate) -> tuple[Worth, ...]:
    """Return what each possible offer was worth, the best first; of equals the one that stands first in the file."""
    found = []
    for k, offer_id in enumerate(terms.offer_ids):
        value, cost = decision.value_milli[k], decision.cost_milli[k]
        if value is None or cost is None:
            continue
        charged = certificate.budget_price * cost // PRICE_UNIT
        charged += sum(
            limit.price_milli
            for limit in certificate.limits
            if offer_id in limit.offer_ids and _counts(decision, limit.segment, terms=terms)
        )
        found.append(Worth(offer_id=offer_id, value_milli=value, cost_milli=cost, charged_milli=charged))
    return tuple(sorted(found, key=lambda one: -one.net_milli))


def replay(
    decision: Decision,
    *,
    terms: Terms,
    certificate: Certificate,
    settled: tuple[str, ...] | None = None,
) -> Replay:
    """Decide again from what the receipt holds, and compare.

    Parameters
    ----------
    decision
        The receipt.
    terms, certificate
        Of the round, and of its plan.
    settled
        What the plan's last step gave the person (`plan.service.settling.settled_for`); None: the prices alone decided.
    """
    arm = arm_of(decision.person_id, terms.arms, campaign_id=decision.campaign_id, now=decision.decided_at)
    chosen, missed = _again(decision, arm, terms=terms, certificate=certificate)
    gap = certificate.bound_milli - certificate.value_milli
    is_settled = settled is not None and arm in ("treatment", "holdout")
    if arm != decision.arm:
        verdict: Verdict = "different"
    elif settled is not None and is_settled:
        # the gap bounds what treated people miss; those held out use nothing and have no part in it
        is_covered = arm == "holdout" or missed <= gap
        verdict = "same" if settled == decision.chosen and is_covered else "different"
    elif chosen == decision.chosen:
        verdict = "same"
    elif certificate.settled is None and 0 <= missed <= gap:
        verdict = "same" if missed == 0 else "edge"
    else:
        verdict = "different"
    again = settled if settled is not None and is_settled else chosen
    return Replay(arm=arm, chosen=again, missed_milli=missed, verdict=verdict, is_settled=is_settled)


def _again(
    decision: Decision, arm: Arm, *, terms: Terms, certificate: Certificate
) -> tuple[tuple[str, ...], int]:
    """Return the offers that the rule of an arm gives, and how much more they are worth than those of the receipt."""
    if arm in ("treatment", "holdout"):
        ranked = worths(decision, terms=terms, certificate=certificate)
        best = [one for one in ranked[: terms.contacts_per_person] if one.net_milli > 0]
        given = [one for one in ranked if one.offer_id in decision.chosen]
        if len(given) < len(decision.chosen):  # something was given that was not possible
            return tuple(sorted(one.offer_id for one in best)), -1
        missed = sum(one.net_milli for one in best) - sum(one.net_milli for one in given)
        return tuple(sorted(one.offer_id for one in best)), missed
    able = [k for k, value in enumerate(decision.value_milli) if value is not None]
    chosen: tuple[str, ...] = ()
    if arm == "random" and able:
        salt = terms.arms.campaign_salt(decision.campaign_id)
        lot = Lottery.of(salt, purpose="random offer").lot(decision.person_id)
        chosen = (terms.offer_ids[able[lot % len(able)]],)
    elif arm == "explore" and decision.chances:
        chosen = _explored(decision, terms=terms)
    elif arm == "business_as_usual" and terms.business_as_usual in [terms.offer_ids[k] for k in able]:
        chosen = (str(terms.business_as_usual),)
    return chosen, 0 if chosen == decision.chosen else -1


def _explored(decision: Decision, *, terms: Terms) -> tuple[str, ...]:
    """Return what the lot falls on, at the chances of the receipt."""
    taken = drawn(
        np.array([decision.chances]),
        person_id=np.array([decision.person_id], dtype=np.int64),
        salt=terms.arms.campaign_salt(decision.campaign_id),
    )
    return () if taken[0] == 0 else (terms.offer_ids[taken[0] - 1],)


def _counts(decision: Decision, segment: str | None, *, terms: Terms) -> bool:
    return segment is None or decision.members[terms.segments.index(segment)]
