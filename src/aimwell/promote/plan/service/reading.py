"""Reads plans back, and logs whom a plan contacts or deliberately leaves alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.intake.facts import TOUCHES
from aimwell.promote.plan.certificate import Certificate
from aimwell.promote.plan.errors import PlanMissing
from aimwell.promote.plan.model import MILLI
from aimwell.promote.plan.records import ASSIGNMENTS, PLANS
from aimwell.promote.plan.service.curve import CurvePoint
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import Commit, Txn

__all__ = ["Plan", "assignments", "log_touches", "read_plan", "read_plans"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan as it stands in the lake: its certificate, its budget curve, and when it was made from what."""

    plan_id: str
    as_of: datetime
    made_at: datetime
    horizon_days: int
    holdout_share: float
    certificate: Certificate
    curve: tuple[CurvePoint, ...]


def read_plans(*, lake: Lake) -> tuple[Plan, ...]:
    """Return all plans, the newest first."""
    if not lake.has_table(PLANS.name):
        return ()
    rows = lake.engine.rows(lake.table(PLANS.name).order_by(ibis.desc("made_at"), "plan_id"))
    return tuple(
        Plan(
            plan_id=row["plan_id"],
            as_of=row["as_of"],
            made_at=row["made_at"],
            horizon_days=row["horizon_days"],
            holdout_share=row["holdout_share"],
            certificate=Certificate.from_json(row["certificate"]),
            curve=tuple(CurvePoint(**point) for point in json.loads(row["curve"])),
        )
        for row in rows
    )


def read_plan(*, lake: Lake, plan_id: str | None = None) -> Plan:
    """Return a plan, or the newest one if no id is given.

    Raises
    ------
    PlanMissing
        If there is no such plan; the message names those there are.
    """
    plans = read_plans(lake=lake)
    for plan in plans:
        if plan_id in (None, plan.plan_id):
            return plan
    raise PlanMissing(plan_id=plan_id or "-", known=", ".join(plan.plan_id for plan in plans) or "-")


def assignments(*, lake: Lake, plan_id: str) -> ir.Table:
    """Return whom a plan chose: person_id, offer_id, channel, arm (treatment, holdout), value_milli, cost_milli."""
    rows = lake.table(ASSIGNMENTS.name)
    return rows.filter(rows.plan_id == plan_id).drop("plan_id")


def log_touches(*, lake: Lake, plan_id: str, decided_at: datetime, source: str = "plan") -> Commit:
    """Log everyone whom the plan chose: who is contacted with what, and who is held out, each with the probability of the arm.

    Doing it again is a no-op. A held-out person was chosen like the others, at the same prices, and is to get nothing: so the
    treated can be compared with people like them.

    Raises
    ------
    PlanMissing
        If there is no such plan.
    """
    plan = read_plan(lake=lake, plan_id=plan_id)
    chosen = assignments(lake=lake, plan_id=plan.plan_id)
    is_treated = chosen.arm == "treatment"
    rows = chosen.select(
        campaign_id=ibis.literal(plan.plan_id),
        person_id=chosen.person_id,
        offer_id=is_treated.ifelse(chosen.offer_id, ibis.null("string")),
        channel=is_treated.ifelse(chosen.channel, ibis.null("string")),
        arm=chosen.arm,
        propensity=is_treated.ifelse(1.0 - plan.holdout_share, plan.holdout_share),
        decided_at=ibis.literal(decided_at, "timestamp"),
        expected_profit_minor=(chosen.value_milli.cast("float64") / MILLI).round().cast("int64"),
        source=ibis.literal(source),
        load_id=ibis.literal(f"plan:{plan.plan_id}"),
        known_at=ibis.literal(decided_at, "timestamp"),
        superseded_at=ibis.null("timestamp"),
    )
    # a held-out person whom the plan would have sent two offers is one person left alone, not two
    treated = rows.filter(rows.arm == "treatment")
    held = rows.filter(rows.arm == "holdout")
    once = held.group_by([c for c in held.columns if c != "expected_profit_minor"]).agg(
        expected_profit_minor=held.expected_profit_minor.sum()
    )
    return lake.append(
        TOUCHES, treated.union(once.select(*treated.columns)), txn=Txn(app_id=f"touches:{plan.plan_id}")
    )
