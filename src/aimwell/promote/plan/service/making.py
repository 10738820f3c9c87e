"""Makes a plan: gather what there is, find prices on few, let everyone decide, certify, keep it in the lake."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.base.clock import Clock
from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.promote.plan import tables
from aimwell.promote.plan.certificate import Certificate, fingerprint, holdout_rule, limit_use
from aimwell.promote.plan.core import find_prices
from aimwell.promote.plan.effects import ASSUMED, MEASURED, drivers
from aimwell.promote.plan.model import Campaign, Offer, Problem
from aimwell.promote.plan.prospects import Room
from aimwell.promote.plan.records import ASSIGNMENTS, PLANS
from aimwell.promote.plan.service.choosing import Choice, choose, totals
from aimwell.promote.plan.service.curve import Slider, budget_curve
from aimwell.promote.plan.service.gathering import Ready, all_choices, gather
from aimwell.promote.plan.service.reading import Plan, read_plan
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import Txn

__all__ = ["open_slider", "plan_campaign"]


def plan_campaign(
    people: ir.Table,
    *,
    lake: Lake,
    clock: Clock,
    offers: tuple[Offer, ...],
    campaign: Campaign,
    as_of: datetime,
    effects: ir.Table | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Choose for each person one offer or none (at most `contacts_per_person`), keep the plan in the lake, and return it.

    The same people, effects, offers and campaign give the same plan under the same id; a second call returns the first one.

    Parameters
    ----------
    people
        One row per person; `effects.assumed_choices` says which columns.
    lake
        Holds the plan afterwards (tables `plans`, `plan_assignments`).
    clock
        Says when the plan was made.
    offers, campaign
        What to offer, and under which budget and limits.
    as_of
        The moment up to which the portraits behind `people` know; kept with the plan.
    effects
        Measured effects (`effects.measured_choices`); None: they are assumed, and the plan says so.
    progress
        Hears how far the work has come.

    Raises
    ------
    ColumnMissing, NoPeople, NobodyEligible, OutOfReach, CannotHold, NotWhole
        If there is nothing to plan, or the limits cannot be met; the message names them.
    """
    progress = progress or Silent()
    engine, problem = lake.engine, Problem.of(offers, campaign)
    with ExitStack() as stages:

        def stage(rows: ir.Table) -> ir.Table:
            return stages.enter_context(engine.stage(rows))

        progress.start(text("Working out what each offer would bring"), unit="people")
        choices = stage(all_choices(people, effects, problem=problem, campaign=campaign))
        given = gather(choices, engine=engine, problem=problem)
        inputs = fingerprint(offers, campaign, people=given.seen)
        plan_id = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:16]
        if lake.has_txn(PLANS.name, _txn(plan_id)):
            return read_plan(lake=lake, plan_id=plan_id)
        progress.start(text("Choosing an offer for each person"), total=given.n_open, unit="people")
        start = find_prices(given.sample, problem, room=Room.of(problem), slopes=given.slopes)
        choice = choose(given, start=start, engine=engine, stage=stage)
        progress.advance(given.n_open)
        certificate = _certified(
            given, choice, engine=engine, campaign=campaign, plan_id=plan_id, made_at=clock.now(), inputs=inputs,
            effect_basis=ASSUMED if effects is None else MEASURED,
        )  # fmt: skip
        progress.start(text("Trying other budgets"), unit="budgets")
        slider = Slider(given.sample, problem, slopes=given.slopes)
        curve = budget_curve(slider, budget_minor=campaign.budget_minor, bound_milli=certificate.bound_milli)
        why = drivers(people, offers=offers) if effects is None else None
        rows = tables.named(choice.rows, problem=problem, plan_id=plan_id, why=why)
        lake.append(ASSIGNMENTS, rows, txn=_txn(plan_id))
    points = json.dumps([asdict(point) for point in curve])
    _write_plan(certificate, lake=lake, campaign=campaign, as_of=as_of, curve=points)
    progress.done()
    return read_plan(lake=lake, plan_id=plan_id)


def open_slider(
    people: ir.Table,
    *,
    engine: Engine,
    offers: tuple[Offer, ...],
    campaign: Campaign,
    effects: ir.Table | None = None,
) -> Slider:
    """Return a slider that answers what other budgets would bring, each in well under a second.

    Parameters are those of `plan_campaign`; nothing is written.

    Raises
    ------
    ColumnMissing, NoPeople, NobodyEligible, OutOfReach
        If there is nothing to choose from.
    """
    problem = Problem.of(offers, campaign)
    with engine.stage(all_choices(people, effects, problem=problem, campaign=campaign)) as choices:
        given = gather(choices, engine=engine, problem=problem)
    slider = Slider(given.sample, problem, slopes=given.slopes)
    slider.learn(campaign.budget_minor)
    return slider


def _certified(
    given: Ready,
    choice: Choice,
    *,
    engine: Engine,
    campaign: Campaign,
    plan_id: str,
    made_at: datetime,
    inputs: dict[str, str],
    effect_basis: str,
) -> Certificate:
    """Add the plan up anew from its rows, so that the certificate rests on what will be written and nothing else."""
    used, value, n_contacts = totals(choice.rows, problem=given.problem, engine=engine)
    cost, assumed = round(used[0]), campaign.incrementality
    limits = tuple(
        limit_use(limit, use=round(use), price_milli=price)
        for limit, use, price in zip(given.problem.limits, used[1:], choice.sealed.limits, strict=True)
    )
    low, high = (
        (value + cost) * end / assumed.mid - cost if effect_basis == ASSUMED and assumed.mid > 0 else None
        for end in (assumed.low, assumed.high)
    )
    return Certificate(
        plan_id=plan_id,
        campaign=campaign.name,
        currency=campaign.currency,
        made_at=made_at,
        contacts_per_person=campaign.contacts_per_person,
        budget_minor=campaign.budget_minor,
        budget_price=choice.sealed.budget,
        cost_milli=cost,
        value_milli=value,
        bound_milli=choice.bound_milli,
        value_low_milli=None if low is None else round(low),
        value_high_milli=None if high is None else round(high),
        n_people=given.seen["n_people"],
        n_held_out=given.seen["n_held_out"],
        n_contacts=n_contacts,
        is_proven=choice.is_proven,
        effect_basis=effect_basis.format(mid=assumed.mid, low=assumed.low, high=assumed.high),
        offers=tuple(offer.offer_id for offer in given.problem.offers),
        limits=limits,
        holdout=holdout_rule(campaign),
        inputs=inputs,
    )


def _write_plan(
    certificate: Certificate, *, lake: Lake, campaign: Campaign, as_of: datetime, curve: str
) -> None:
    """Write the plan's own row last: a plan without it was never made, and making it again is a no-op for the rest."""
    row = {
        "plan_id": certificate.plan_id,
        "campaign": campaign.name,
        "currency": campaign.currency,
        "as_of": as_of,
        "made_at": certificate.made_at,
        "horizon_days": campaign.horizon_days,
        "holdout_share": campaign.holdout_share,
        "certificate": certificate.to_json(),
        "curve": curve,
    }
    lake.append(PLANS, ibis.memtable([row], schema=PLANS.schema), txn=_txn(certificate.plan_id))


def _txn(plan_id: str) -> Txn:
    return Txn(app_id=f"plan:{plan_id}")
