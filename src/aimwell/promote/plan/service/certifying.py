"""Certifies a choice: adds it up anew from its rows, and states what proves how good it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from aimwell.promote.plan.certificate import Certificate, LimitUse, holdout_rule, limit_use, plan_id_of
from aimwell.promote.plan.effects import ASSUMED, ASSUMED_BY_OFFER, COMBINED, COMBINED_BY_OFFER, MEASURED
from aimwell.promote.plan.model import Belief, Campaign, Offer, range_of
from aimwell.promote.plan.service.choosing import Choice, Totals
from aimwell.promote.plan.service.gathering import Ready

__all__ = ["certify"]


def certify(
    given: Ready,
    choice: Choice,
    used: Totals,
    *,
    campaign: Campaign,
    inputs: Mapping[str, str],
    made_at: datetime,
    beliefs: Sequence[Belief] | None,
    settled: str,
) -> Certificate:
    """Return the certificate of a choice.

    Parameters
    ----------
    given
        What was planned with.
    choice
        Who gets what, with its bound and prices.
    used
        The sums of its rows.
    campaign
        What was asked for.
    inputs
        The fingerprints of all inputs.
    made_at
        When.
    beliefs
        What is believed of each offer, empty: all is assumed; None: effects came as a table.
    settled
        Digest of what the last step settled.
    """
    offers = given.problem.offers
    low_milli, high_milli = _ends(offers, used, campaign) if _is_assumed(beliefs) else (None, None)
    return Certificate(
        plan_id=plan_id_of(inputs),
        campaign=campaign.name,
        currency=campaign.currency,
        made_at=made_at,
        contacts_per_person=campaign.contacts_per_person,
        budget_minor=campaign.budget_minor,
        budget_price=choice.sealed.budget,
        cost_milli=used.cost_milli,
        value_milli=used.value_milli,
        bound_milli=choice.bound_milli,
        value_low_milli=low_milli,
        value_high_milli=high_milli,
        n_people=given.seen["n_people"],
        n_held_out=given.seen["n_held_out"],
        n_contacts=used.n_contacts,
        is_proven=choice.is_proven,
        effect_basis=_basis(beliefs, campaign),
        incrementality=None if beliefs is None else _stated(campaign),
        offers=tuple(offer.offer_id for offer in offers),
        limits=_uses(given, choice, used),
        holdout=holdout_rule(campaign),
        inputs=inputs,
        beliefs=tuple(beliefs or ()),
        settled=settled,
        assumed={} if beliefs is None else {one.offer_id: one.assumed for one in offers if one.assumed},
    )


def _uses(given: Ready, choice: Choice, used: Totals) -> tuple[LimitUse, ...]:
    limits = zip(given.problem.limits, used.contacts, choice.sealed.limits, strict=True)
    return tuple(limit_use(limit, use=use, price_milli=price) for limit, use, price in limits)


def _is_assumed(beliefs: Sequence[Belief] | None) -> bool:
    return beliefs is not None and all(one.measured_minor is None for one in beliefs)


def _basis(beliefs: Sequence[Belief] | None, campaign: Campaign) -> str:
    if beliefs is None:
        return MEASURED
    if campaign.range_source == "prices":
        return ASSUMED_BY_OFFER if _is_assumed(beliefs) else COMBINED_BY_OFFER
    return (ASSUMED if _is_assumed(beliefs) else COMBINED).format(**_stated(campaign) or {})


def _stated(campaign: Campaign) -> dict[str, float] | None:
    return asdict(campaign.incrementality) if campaign.incrementality else None


def _ends(offers: Sequence[Offer], used: Totals, campaign: Campaign) -> tuple[int | None, int | None]:
    """Return what the same choice would bring at the low and at the high ends of what is assumed of all offers."""
    ranges = [range_of(one, campaign) for one in offers]
    lows, highs = ([(getattr(one, end), one.mid) for one in ranges] for end in ("low", "high"))
    return _value_at(lows, used), _value_at(highs, used)


def _value_at(ends: Sequence[tuple[float, float]], used: Totals) -> int | None:
    """Return what the same choice would bring at other shares of incremental orders: each offer's gain in proportion, the cost the same.

    `ends` has for each offer the share at which it is wanted and the one that the choice was made with.
    """
    if any(mid == 0 for _, mid in ends):
        return None
    gain = math.fsum(gain * rate / mid for gain, (rate, mid) in zip(used.gains_milli, ends, strict=True))
    return round(gain) - used.cost_milli
