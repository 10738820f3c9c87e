"""What a user does with policies: explore, and ask what another plan would have brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aimwell.base.lottery import Lottery
from aimwell.intake.facts import TOUCHES
from aimwell.people.service import read_facts
from aimwell.portraits.service import snapshots
from aimwell.predict.effect.features import learn_encoding
from aimwell.predict.effect.measured import Array
from aimwell.predict.effect.model import FAMILY, EffectModel
from aimwell.predict.effect.service.gather import told
from aimwell.predict.effect.tables.decisions import CHANCES, single_decisions
from aimwell.predict.effect.tables.scores import EFFECT_SCORES
from aimwell.predict.service import read_model
from aimwell.promote.plan.model import MILLI, Belief, Campaign, Offer
from aimwell.promote.plan.records import ASSIGNMENTS, PLANS
from aimwell.promote.policy.beliefs import beliefs_of, looked_at, with_gains
from aimwell.promote.policy.chances import EXPLORE, chances_of_plans
from aimwell.promote.policy.effects import Incentives, Rule, planned_effects
from aimwell.promote.policy.errors import EffectsMissing, TooFewMatches
from aimwell.promote.policy.exploration import Explored, explore, within_budget
from aimwell.promote.policy.off_policy import MIN_EFFECTIVE, Logged, PlanValue, plan_value
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import Txn

__all__ = [
    "Believed",
    "Exploration",
    "believed",
    "explore_people",
    "known_chances",
    "measured_effects",
    "value_of_plan",
]

_MOST_EXPLORERS = 100_000
_MOST_LOGGED = 100_000  # decisions that a plan is valued on


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """Who explores: `rows` has person_id, offer_id (null: nothing), channel, expected_profit_minor; and what it is to cost."""

    rows: pa.Table
    n_people: int
    n_contacts: int
    expected_cost_minor: float


@dataclass(frozen=True, kw_only=True)
class Believed:
    """People with what offers are believed to bring with them (`beliefs.with_gains`), and the beliefs; none: all is assumed."""

    people: ir.Table
    beliefs: tuple[Belief, ...]


def believed(people: ir.Table, *, lake: Lake, offers: Sequence[Offer], campaign: Campaign) -> Believed:
    """Return people with what is believed of each offer: what is assumed and what was measured together, where it was.

    Parameters
    ----------
    people
        Everybody to plan for, as in `plan.effects.assumed_choices`.
    lake
        Effect scores with their model, and past touches, if there are any.
    offers, campaign
        What is planned; `campaign.effects` says whether measurements count, and which rule stands for what is uncertain.
    """
    wanted = [offer.offer_id for offer in offers]
    scores, scored, model_id = None, list[str](), "-"
    if campaign.effects.source == "measured" and lake.has_table(EFFECT_SCORES.name):
        table = lake.table(EFFECT_SCORES.name)
        mine = table.filter(table.offer_id.isin(wanted))
        found = lake.engine.rows(mine.select("offer_id", "model_id").distinct().order_by("offer_id"))
        if found:
            scores, model_id = mine, str(found[0]["model_id"])
            scored = [str(row["offer_id"]) for row in found]
    if scores is None:
        return Believed(people=with_gains(people, None, {}, offers=offers, campaign=campaign), beliefs=())
    model = EffectModel.from_data(read_model(FAMILY, lake=lake, model_id=model_id).body)
    touches = read_facts(lake=lake).touches
    reached = touches.filter(touches.offer_id.isin(scored)).select("person_id", "offer_id")
    seen = lake.engine.rows(looked_at(people, scores, reached, offers=offers))[0]
    made = beliefs_of(seen, model, model_id=model_id, scored=scored, offers=offers, campaign=campaign)
    by_offer = {one.offer_id: one for one in made}
    return Believed(
        people=with_gains(people, scores, by_offer, offers=offers, campaign=campaign), beliefs=made
    )


def measured_effects(
    *,
    lake: Lake,
    offers: Sequence[Offer],
    rule: Rule = "mean",
    confidence: float = 0.8,
    salt: str = "",
    incentives: Incentives = "in_the_books",
) -> ir.Table:
    """Return the measured effects of these offers for `plan_campaign(effects=...)`; parameters as for `planned_effects`.

    Raises
    ------
    EffectsMissing
        If some of the offers were not scored.
    """
    scores = _scores(lake, offers)
    return planned_effects(
        scores, offers=offers, rule=rule, confidence=confidence, salt=salt, incentives=incentives
    )


def known_chances(*, lake: Lake) -> ir.Table | None:
    """Return the chances that were written down: of explorers, and of everyone a plan chose (its holdout too); None: none.

    A plan's campaign goes by the id of the plan.

    Returns
    -------
    Table
        Columns of `CHANCES`.
    """
    parts = [lake.table(CHANCES.name)] if lake.has_table(CHANCES.name) else []
    if lake.has_table(ASSIGNMENTS.name) and lake.has_table(PLANS.name):
        parts.append(chances_of_plans(lake.table(ASSIGNMENTS.name), lake.table(PLANS.name)))
    return ibis.union(*parts) if len(parts) > 1 else (parts[0] if parts else None)


def explore_people(
    people: ir.Table | None = None,
    *,
    lake: Lake,
    offers: Sequence[Offer],
    campaign_id: str,
    budget_minor: int,
    decided_at: datetime,
    salt: str,
    price: float = 0.0,
    seed: int = 0,
    incentives: Incentives = "in_the_books",
) -> Exploration:
    """Choose explorers by lot until a budget is used, draw what each gets, and log all probabilities.

    The chances go to the lake table `offer_chances`, what was drawn to `touches` (arm `explore`); doing it again is a no-op for both.

    Parameters
    ----------
    people
        Who may explore (person_id); None: everyone with measured effects.
    lake
        Measured effects; chances and touches afterwards.
    offers
        What can be offered.
    campaign_id
        Names the exploration.
    budget_minor
        The expected cost of all explorers together may not exceed this: the share of a campaign's budget that is for learning.
    decided_at
        Now, naive UTC.
    salt
        Decides by lot who explores and who gets what.
    price
        See `explore`.
    seed
        Of the posterior draws.
    incentives
        See `planned_effects`.

    Raises
    ------
    EffectsMissing
        If some of the offers were not scored.
    """
    scores = _scores(lake, offers)
    wide = _wide(scores, planned_effects(scores, offers=offers, incentives=incentives), offers=offers)
    if people is not None:
        wide = wide.semi_join(people, "person_id")
    lot = Lottery.of(salt, purpose="explorers").lot(wide.person_id)
    rows = lake.engine.arrow(
        wide.mutate(lot=lot).order_by("lot", "person_id").limit(_MOST_EXPLORERS).drop("lot")
    )
    gain, gain_se, used = (_matrix(rows, name, len(offers)) for name in ("gain", "se", "used"))
    contact = np.array([offer.contact_milli / MILLI for offer in offers])
    cost = contact + used * np.array([float(offer.incentive_minor) for offer in offers])
    ids = np.asarray(rows["person_id"].to_numpy(), dtype=np.int64)
    explored = explore(gain, gain_se, cost, person_id=ids, price=price, salt=salt, seed=seed)
    reached = within_budget(explored, cost, budget_minor=budget_minor)
    kept = Explored(chance=explored.chance[reached], taken=explored.taken[reached])
    chosen = _chosen(kept, ids[reached], (gain - cost)[reached], offers=offers)
    _log(lake, kept, chosen, campaign_id=campaign_id, decided_at=decided_at, offers=offers)
    return Exploration(
        rows=chosen,
        n_people=len(kept.taken),
        n_contacts=int((kept.taken > 0).sum()),
        expected_cost_minor=float((kept.chance[:, 1:] * np.nan_to_num(cost[reached])).sum()),
    )


def value_of_plan(
    plan: ir.Table,
    *,
    lake: Lake,
    campaign_id: str,
    offers: Sequence[Offer],
    as_of: datetime,
    horizon_days: int,
    margin_rate: float,
    comparison: str = EXPLORE,
    known_at: datetime | None = None,
) -> PlanValue:
    """Return what another plan would have brought per person among those of a logged campaign: profit after contact costs.

    Parameters
    ----------
    plan
        One row per person and offer: person_id, offer_id, and optionally prob (0..1; no column: 1). Who has no row gets nothing.
    lake
        The log (`touches`), its chances, outcomes and portraits.
    campaign_id
        The logged campaign.
    offers
        Of the campaign; others in `plan` were never tried.
    as_of, horizon_days, margin_rate
        Outcomes end at `as_of` (naive UTC, exclusive); see `brought`.
    comparison
        Which comparison of the campaign: "explore", or "plan" (treatment and holdout).
    known_at
        What Aimwell knew at this moment; None: now.

    Raises
    ------
    NeverTried, TooFewMatches
        If the log does not speak of this plan.
    """
    chances = known_chances(lake=lake)
    facts = read_facts(lake=lake, known_at=known_at)
    if chances is None:
        raise TooFewMatches(n_rows=0, n_effective=0.0, least=MIN_EFFECTIVE)
    touches = facts.touches.filter(facts.touches.campaign_id == campaign_id)
    decisions = single_decisions(touches, until=as_of - timedelta(days=horizon_days))
    rows = decisions.mutate(offer_id=decisions.offer_id.fill_null(""))
    mine = chances.filter(chances.campaign_id == campaign_id, chances.comparison == comparison)
    rows = _beside(rows.semi_join(mine, "person_id"), mine, offers, name="chance")
    asked = plan if "prob" in plan.columns else plan.mutate(prob=ibis.literal(1.0))
    rows = _beside(rows, asked.mutate(propensity=asked.prob), offers, name="plan")
    lot = Lottery.of(campaign_id, purpose="value of a plan").lot(rows.person_id)
    drawn = rows.order_by(lot, rows.person_id).limit(_MOST_LOGGED)
    with lake.engine.stage(drawn) as staged:
        table = told(
            staged,
            facts,
            snapshots(lake=lake),
            lake=lake,
            end=as_of,
            days=horizon_days,
            rate=margin_rate,
        )
    if table.num_rows < MIN_EFFECTIVE:
        raise TooFewMatches(n_rows=table.num_rows, n_effective=float(table.num_rows), least=MIN_EFFECTIVE)
    return _valued(table, offers)


def _valued(rows: pa.Table, offers: Sequence[Offer]) -> PlanValue:
    names = ["", *(offer.offer_id for offer in offers)]
    taken = np.array([names.index(offer_id) for offer_id in rows["offer_id"].to_pylist()], dtype=np.int64)
    contact = np.array([0.0, *(offer.contact_milli / MILLI for offer in offers)])
    aside = {"campaign_id", "person_id", "offer_id", "decided_at", "arm", "propensity", "profit_minor"}
    aside |= {"has_ordered"} | {name for name in rows.column_names if name.startswith(("chance_", "plan_"))}
    encoding = learn_encoding(rows, columns=[name for name in rows.column_names if name not in aside])
    chance, plan = (np.nan_to_num(_matrix(rows, name, len(names))) for name in ("chance", "plan"))
    # what a plan does not say is to do nothing; what it says of unknown offers is for offers never tried
    plan[:, 0] = np.maximum(1.0 - plan[:, 1:].sum(axis=1), 0.0)
    logged = Logged(
        taken=taken,
        chance=chance,
        profit=np.asarray(rows["profit_minor"].to_numpy(), dtype=np.float64) - contact[taken],
        features=encoding.of_arrow(rows),
    )
    return plan_value(logged, plan)


def _beside(rows: ir.Table, actions: ir.Table, offers: Sequence[Offer], *, name: str) -> ir.Table:
    """Return rows with `<name>_0` (nothing), `<name>_1`, ...: the propensity of each action, null where there is none."""
    wanted = [actions.offer_id.isnull(), *(actions.offer_id == offer.offer_id for offer in offers)]
    wide = actions.group_by("person_id").agg(
        **{f"{name}_{k}": actions.propensity.max(where=is_mine) for k, is_mine in enumerate(wanted)}
    )
    joined = rows.left_join(wide, "person_id")
    return joined.drop("person_id_right")


def _scores(lake: Lake, offers: Sequence[Offer]) -> ir.Table:
    wanted = [offer.offer_id for offer in offers]
    found: list[str] = []
    if lake.has_table(EFFECT_SCORES.name):
        scores = lake.table(EFFECT_SCORES.name)
        known = scores.select("offer_id").distinct().order_by("offer_id").limit(1_000)
        found = [str(row["offer_id"]) for row in lake.engine.rows(known)]
        if set(wanted) <= set(found):
            return scores
    missing = [offer_id for offer_id in wanted if offer_id not in found]
    raise EffectsMissing(offers=", ".join(missing), found=", ".join(found) or "–")


def _wide(scores: ir.Table, effects: ir.Table, *, offers: Sequence[Offer]) -> ir.Table:
    both = effects.inner_join(
        scores.select("person_id", "offer_id", se="effect_se_minor"), ["person_id", "offer_id"]
    )
    columns: dict[str, Any] = {}
    for k, offer in enumerate(offers):
        is_mine = both.offer_id == offer.offer_id
        columns[f"gain_{k}"] = both.gain_minor.max(where=is_mine)
        columns[f"se_{k}"] = both.se.max(where=is_mine)
        columns[f"used_{k}"] = both.use_prob.max(where=is_mine)
    return both.group_by("person_id").agg(**columns)


def _matrix(rows: pa.Table, name: str, width: int) -> Array:
    """Return columns `<name>_0`, `<name>_1`, ... as a matrix; null is nan."""
    columns = [
        rows[f"{name}_{k}"].cast(pa.float64()).fill_null(float("nan")).to_numpy() for k in range(width)
    ]
    return np.column_stack(columns)


def _chosen(explored: Explored, ids: NDArray[np.int64], net: Array, *, offers: Sequence[Offer]) -> pa.Table:
    names = [None, *(offer.offer_id for offer in offers)]
    channels = [None, *(offer.channel for offer in offers)]
    brings = np.column_stack([np.zeros(len(ids)), np.nan_to_num(net)])
    expected = np.rint(brings[np.arange(len(ids)), explored.taken]).astype(np.int64)
    return pa.table(
        {
            "person_id": pa.array(ids, pa.int64()),
            "offer_id": pa.array([names[k] for k in explored.taken], pa.string()),
            "channel": pa.array([channels[k] for k in explored.taken], pa.string()),
            "expected_profit_minor": pa.array(expected, pa.int64()),
        }
    )


def _log(
    lake: Lake,
    explored: Explored,
    chosen: pa.Table,
    *,
    campaign_id: str,
    decided_at: datetime,
    offers: Sequence[Offer],
) -> None:
    n = len(explored.taken)
    ids = np.repeat(chosen["person_id"].to_numpy(), len(offers) + 1)
    names = [None, *(offer.offer_id for offer in offers)]
    chances = pa.table(
        {
            "campaign_id": pa.array([campaign_id] * len(ids), pa.string()),
            "comparison": pa.array([EXPLORE] * len(ids), pa.string()),
            "person_id": pa.array(ids, pa.int64()),
            "offer_id": pa.array(names * n, pa.string()),
            "propensity": pa.array(explored.chance.ravel(), pa.float64()),
        }
    )
    work = Txn(app_id=f"explore:{campaign_id}")
    lake.append(CHANCES, ibis.memtable(chances, schema=CHANCES.schema), txn=work)
    of_taken = explored.chance[np.arange(n), explored.taken]
    rows = ibis.memtable(chosen.append_column("propensity", pa.array(of_taken, pa.float64())))
    moment = ibis.literal(decided_at).cast("timestamp")
    logged = rows.mutate(
        campaign_id=ibis.literal(campaign_id),
        arm=ibis.literal(EXPLORE),
        decided_at=moment,
        source=ibis.literal("aimwell"),
        load_id=ibis.literal(f"explore:{campaign_id}"),
        known_at=moment,
        superseded_at=ibis.null("timestamp"),
    )
    lake.append(TOUCHES, logged.select(*TOUCHES.schema), txn=work)
