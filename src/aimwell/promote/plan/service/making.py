"""Makes a plan: gather what there is, find prices on few, let everyone decide, certify, keep it in the lake."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.base.clock import Clock
from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.promote.plan import tables
from aimwell.promote.plan.certificate import Certificate, fingerprint, plan_id_of
from aimwell.promote.plan.effects import drivers
from aimwell.promote.plan.model import Belief, Campaign, Offer, Problem
from aimwell.promote.plan.records import ASSIGNMENTS, PLANS, SETTLED
from aimwell.promote.plan.service.certifying import certify
from aimwell.promote.plan.service.choosing import Choice, choose, totals
from aimwell.promote.plan.service.curve import CurvePoint, Slider, budget_curve
from aimwell.promote.plan.service.gathering import Ready, all_choices, gather
from aimwell.promote.plan.service.reading import Plan, read_plan
from aimwell.promote.plan.service.settling import digest_of, named
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
    beliefs: Sequence[Belief] = (),
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
        A table of effects (`effects.measured_choices`); None: what people carry counts, and else they are assumed; the plan says so.
    beliefs
        What is believed of the offers whose gains people carry (`promote.policy.service.believed`), for the certificate.
    progress
        Hears how far the work has come.

    Raises
    ------
    ColumnMissing, NoPeople, NobodyEligible, OutOfReach, CannotHold, NotWhole
        If there is nothing to plan, or the limits cannot be met; the message names them.
    """
    progress = progress or Silent()
    problem = Problem.of(offers, campaign)
    with ExitStack() as stages:
        stage = _stager(lake.engine, stages)
        progress.start(text("Working out what each offer would bring"), unit=text("people"))
        choices = stage(all_choices(people, effects, problem=problem, campaign=campaign))
        given = gather(choices, engine=lake.engine, problem=problem)
        inputs = fingerprint(offers, campaign, people=given.seen)
        plan_id = plan_id_of(inputs)
        if lake.has_txn(PLANS.name, _txn(plan_id)):
            return read_plan(lake=lake, plan_id=plan_id)
        progress.start(text("Choosing an offer for each person"), total=given.n_open, unit=text("people"))
        choice = choose(given, salt=campaign.salt, engine=lake.engine, stage=stage)
        progress.advance(given.n_open)
        settled = stage(named(choice.settled, problem=problem, plan_id=plan_id))
        certificate = _certified(
            given, choice, settled, lake=lake, campaign=campaign, inputs=inputs, made_at=clock.now(),
            beliefs=beliefs if effects is None else None,
        )  # fmt: skip
        curve = _curve(given, certificate, progress=progress)
        why = drivers(people, offers=offers) if effects is None else None
        rows = tables.named(choice.rows, problem=problem, plan_id=plan_id, why=why)
        lake.append(ASSIGNMENTS, rows, txn=_txn(plan_id))
        lake.append(SETTLED, settled, txn=_txn(plan_id))
    _write_plan(certificate, lake=lake, campaign=campaign, as_of=as_of, curve=curve)
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
    settled: ir.Table,
    *,
    lake: Lake,
    campaign: Campaign,
    inputs: Mapping[str, str],
    made_at: datetime,
    beliefs: Sequence[Belief] | None,
) -> Certificate:
    """Add the choice up anew from its rows, and seal it with what the last step settled."""
    return certify(
        given,
        choice,
        totals(choice.rows, problem=given.problem, engine=lake.engine),
        campaign=campaign,
        inputs=inputs,
        made_at=made_at,
        beliefs=beliefs,
        settled=digest_of(settled, engine=lake.engine),
    )


def _curve(given: Ready, certificate: Certificate, *, progress: Progress) -> tuple[CurvePoint, ...]:
    progress.start(text("Trying other budgets"), unit=text("budgets"))
    slider = Slider(given.sample, given.problem, slopes=given.slopes)
    return budget_curve(slider, budget_minor=certificate.budget_minor, bound_milli=certificate.bound_milli)


def _write_plan(
    certificate: Certificate,
    *,
    lake: Lake,
    campaign: Campaign,
    as_of: datetime,
    curve: tuple[CurvePoint, ...],
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
        "curve": json.dumps([asdict(point) for point in curve]),
    }
    lake.append(PLANS, ibis.memtable([row], schema=PLANS.schema), txn=_txn(certificate.plan_id))


def _stager(engine: Engine, stages: ExitStack) -> Callable[[ir.Table], ir.Table]:
    """Return what keeps an intermediate table until `stages` closes."""

    def stage(rows: ir.Table) -> ir.Table:
        return stages.enter_context(engine.stage(rows))

    return stage


def _txn(plan_id: str) -> Txn:
    return Txn(app_id=f"plan:{plan_id}")
