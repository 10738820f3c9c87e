"""Certifies a choice: adds it up anew from its rows, and states what proves how good it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from aimwell.promote.plan.certificate import Certificate, holdout_rule, limit_use, plan_id_of
from aimwell.promote.plan.effects import ASSUMED, COMBINED, MEASURED
from aimwell.promote.plan.model import Belief, Campaign, Incrementality
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
    assumed = campaign.incrementality
    limits = zip(given.problem.limits, used.contacts, choice.sealed.limits, strict=True)
    is_assumed = _is_assumed(beliefs)
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
        value_low_milli=_value_at(assumed.low, used, assumed) if is_assumed else None,
        value_high_milli=_value_at(assumed.high, used, assumed) if is_assumed else None,
        n_people=given.seen["n_people"],
        n_held_out=given.seen["n_held_out"],
        n_contacts=used.n_contacts,
        is_proven=choice.is_proven,
        effect_basis=_basis(beliefs).format(**asdict(assumed)),
        incrementality=None if beliefs is None else asdict(assumed),
        offers=tuple(offer.offer_id for offer in given.problem.offers),
        limits=tuple(limit_use(limit, use=use, price_milli=price) for limit, use, price in limits),
        holdout=holdout_rule(campaign),
        inputs=inputs,
        beliefs=tuple(beliefs or ()),
        settled=settled,
    )


def _is_assumed(beliefs: Sequence[Belief] | None) -> bool:
    return beliefs is not None and all(one.measured_minor is None for one in beliefs)


def _basis(beliefs: Sequence[Belief] | None) -> str:
    if beliefs is None:
        return MEASURED
    return ASSUMED if _is_assumed(beliefs) else COMBINED


def _value_at(rate: float, used: Totals, assumed: Incrementality) -> int | None:
    """Return what the same choice would bring if another share of orders were incremental: its gain in proportion, its cost the same."""
    if assumed.mid == 0:
        return None
    return round((used.value_milli + used.cost_milli) * rate / assumed.mid) - used.cost_milli
