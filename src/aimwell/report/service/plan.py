"""Gathers the newest plan: what it chose, what it promises, what holds it back, and what other budgets would bring."""

from __future__ import annotations

from datetime import datetime

from aimwell.base.words import Words
from aimwell.promote.plan import certificate as certificates
from aimwell.promote.plan.explain import basis
from aimwell.promote.plan.model import MILLI, PRICE_UNIT
from aimwell.promote.plan.service.reading import assignments, read_plans
from aimwell.report import tables
from aimwell.report.model import BudgetPoint, LimitUse, OfferChoice, PlanView
from aimwell.storage.lake.lake import Lake

__all__ = ["gather_plan"]


def gather_plan(lake: Lake, *, as_of: datetime, words: Words) -> PlanView | None:
    """Return the newest plan that knows nothing after `as_of`; None: there is none."""
    plan = next((one for one in read_plans(lake=lake) if one.as_of <= as_of), None)
    if plan is None:
        return None
    proof = plan.certificate
    rows = lake.engine.rows(tables.offer_totals(assignments(lake=lake, plan_id=plan.plan_id)))
    return PlanView(
        name=proof.campaign,
        budget_minor=proof.budget_minor,
        cost_minor=proof.cost_milli / MILLI,
        profit_minor=proof.value_milli / MILLI,
        low_minor=None if proof.value_low_milli is None else proof.value_low_milli / MILLI,
        high_minor=None if proof.value_high_milli is None else proof.value_high_milli / MILLI,
        basis=basis(proof).said(words),
        n_contacts=proof.n_contacts,
        n_held_out=proof.n_held_out,
        budget_gain=proof.budget_price / PRICE_UNIT,
        gap_rate=proof.gap,
        is_proven_best=proof.is_proven,
        offers=tuple(
            OfferChoice(
                offer_id=row["offer_id"],
                channel=row["channel"],
                n_people=row["n_people"],
                cost_minor=row["cost_milli"] / MILLI,
                profit_minor=row["value_milli"] / MILLI,
            )
            for row in rows
        ),
        limits=tuple(_limit(limit) for limit in proof.limits),
        curve=tuple(
            BudgetPoint(budget_minor=p.budget_minor, profit_minor=p.profit_milli / MILLI) for p in plan.curve
        ),
    )


def _limit(limit: certificates.LimitUse) -> LimitUse:
    binds = limit.binds
    name = limit.key.removeprefix("channel ") if limit.kind == "channel" else ", ".join(limit.offer_ids)
    return LimitUse(
        kind=limit.kind,
        name=name,
        segment=limit.segment,
        use=limit.use,
        minimum=limit.minimum,
        maximum=limit.maximum,
        binds="maximum" if binds == "maximum" else "minimum" if binds == "minimum" else None,
        gain_minor=abs(limit.price_milli) / MILLI if binds else 0.0,
    )
