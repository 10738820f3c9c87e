"""Plans a round: who is meant, who can be reached, who is in which arm, who gets what; with a receipt for everybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import Sentence, text
from aimwell.people.service import read_facts
from aimwell.people.tables import ALIASES, linked
from aimwell.portraits.service import snapshot_at
from aimwell.predict.value.tables.scores import VALUE_SCORES
from aimwell.promote.campaigns import rows, tables
from aimwell.promote.campaigns.content import content_of
from aimwell.promote.campaigns.errors import ArmsTooDear, RoundOpen
from aimwell.promote.campaigns.model import Definition, Round, Terms
from aimwell.promote.campaigns.records import CONTACTS, DECISIONS, EXPLORERS
from aimwell.promote.campaigns.service.composing import check_template
from aimwell.promote.campaigns.service.exploring import (
    EXPLORERS_SCHEMA,
    SHARE,
    Explorers,
    find_explorers,
)
from aimwell.promote.campaigns.service.obstacles import check_anybody
from aimwell.promote.campaigns.service.reaching import ways_to
from aimwell.promote.campaigns.service.showing import choose_products
from aimwell.promote.campaigns.service.tools import Tools
from aimwell.promote.gate.service import sync_cases
from aimwell.promote.measure.arms import ArmShares, assign
from aimwell.promote.outbox.errors import ChannelMissing
from aimwell.promote.plan.model import MILLI, Belief, Campaign, Limit, Offer, Problem
from aimwell.promote.plan.service import Plan, assignments, plan_campaign, with_ranges
from aimwell.promote.plan.service.gathering import all_choices
from aimwell.promote.policy.service import Believed, believed
from aimwell.promote.response.service import prepare_people
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import Txn

__all__ = ["Planned", "plan_round"]


_BUDGET = Sentence(text("budget"))


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A round that was planned: how many people are in which arm, and the plan with its certificate."""

    round: Round
    plan: Plan
    arms: Mapping[str, int]


def plan_round(
    name: str,
    *,
    tools: Tools,
    actor: str,
    as_of: datetime | None = None,
    progress: Progress | None = None,
) -> Planned:
    """Plan a campaign's next round, or plan anew the one that was not queued yet; nothing is sent.

    Parameters
    ----------
    name
        The campaign's file.
    tools
        The shop.
    actor
        Who plans.
    as_of
        The moment of portraits and values; None: the newest.
    progress
        Hears how far the work has come.

    Raises
    ------
    CampaignMissing, BadKey, BadValue, ContentMissing, TemplateWrong, VariableUnknown
        If the campaign's files cannot be used.
    RoundOpen
        If the last round is still being sent.
    ChannelMissing
        If an offer's channel is not set up.
    RangeUnknown
        If past prices are to say what an offer adds, and do not.
    NoPublicUrl, NobodyReached, NoPeople, NobodyEligible, OutOfReach, CannotHold, NotWhole, ArmsTooDear
        If there is nothing to plan, or the limits cannot be met.
    """
    progress = progress or Silent()
    definition = tools.definition(name)
    now = tools.clock.now()
    round_no = _next_round(name, tools=tools)
    campaign_id = f"{name}-{round_no}"
    _check_channels(definition, tools=tools)
    sync_cases(lake=tools.lake, database=tools.database, now=now)
    check_template(definition, tools=tools)
    with _choosing(definition, campaign_id, tools=tools, as_of=as_of, now=now) as given:
        plan = _planned(given, tools=tools, progress=progress)
        _keep(given, plan, tools=tools)
        arms = _counted(given, tools=tools)
    made = Round(
        campaign_id=campaign_id,
        name=name,
        round_no=round_no,
        state="planned",
        plan_id=plan.plan_id,
        content=content_of(tools.folder, name=name, template=definition.template),
        terms=_terms(given, tools=tools),
        planned_by=actor,
        planned_at=now,
    )
    with tools.database.begin() as connection:
        _next_round(name, tools=tools)  # somebody may have begun to send the last planning meanwhile
        rows.put_round(connection, made)
        rows.add_act(connection, campaign_id, "planned", actor=actor, now=now)
    progress.done()
    return Planned(round=made, plan=plan, arms=arms)


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What a round is decided from; the tables live as long as the block that gave them."""

    definition: Definition
    campaign_id: str
    campaign: Campaign
    offers: tuple[Offer, ...]
    beliefs: tuple[Belief, ...]
    arms: ArmShares
    people: ir.Table
    about: ir.Table
    choices: ir.Table
    explorers: ir.Table
    as_of: datetime
    now: datetime

    @property
    def problem(self) -> Problem:
        return Problem.of(self.offers, self.campaign)

    @property
    def dealt(self) -> ir.Table:
        """What the arms beside the plan get."""
        return tables.dealt_contacts(
            self.choices,
            problem=self.problem,
            shares=self.arms,
            campaign_id=self.campaign_id,
            usual=self.definition.business_as_usual,
            decided_at=self.now,
        )


def _next_round(name: str, *, tools: Tools) -> int:
    with tools.database.read() as connection:
        last = rows.latest_round(connection, name)
    if last is None:
        return 1
    if last.state in ("queued", "sending", "paused"):
        raise RoundOpen(campaign_id=last.campaign_id, state=last.state)
    return last.round_no + (last.state in ("done", "stopped"))


def _check_channels(definition: Definition, *, tools: Tools) -> None:
    for offer in definition.offers:
        if offer.channel not in tools.channels:
            raise ChannelMissing(channel=offer.channel, known=", ".join(sorted(tools.channels)) or "-")


@contextmanager
def _choosing(
    definition: Definition,
    campaign_id: str,
    *,
    tools: Tools,
    as_of: datetime | None,
    now: datetime,
) -> Iterator[_Given]:
    """Give everybody's choices, each person in an arm."""
    lake, campaign = tools.lake, definition.campaign(campaign_id)
    moment = snapshot_at(lake=lake, as_of=as_of).as_of
    about = tables.about_people(read_facts(lake=lake).customers, _links(lake))
    # who may get an offer is settled below: the plan reads it from can_<offer_id>
    told = with_ranges(definition.offers, campaign, lake=lake, as_of=moment)
    offers = tuple(replace(o, segment=None, rule={"campaign": campaign_id}) for o in told)
    problem = Problem.of(offers, campaign)
    with (
        _reached(definition, campaign, about, tools=tools, as_of=moment, now=now) as reached,
        _believed(reached, offers=offers, campaign=campaign, tools=tools) as known,
    ):
        dealing: dict[str, Any] = {"problem": problem, "campaign": campaign, "tools": tools, "now": now}
        with _armed(definition, known.beliefs, known.people, **dealing) as (choices, found):
            yield _Given(
                definition=definition,
                campaign_id=campaign_id,
                campaign=campaign,
                offers=offers,
                beliefs=known.beliefs,
                arms=found.shares,
                people=known.people,
                about=about,
                choices=choices,
                explorers=ibis.memtable(found.rows),
                as_of=moment,
                now=now,
            )


@contextmanager
def _believed(
    people: ir.Table, *, offers: tuple[Offer, ...], campaign: Campaign, tools: Tools
) -> Iterator[Believed]:
    """Give people with what is believed of each offer, kept: they are read several times."""
    known = believed(people, lake=tools.lake, offers=offers, campaign=campaign)
    with tools.lake.engine.stage(known.people) as staged:
        yield replace(known, people=staged)


@contextmanager
def _armed(
    definition: Definition,
    beliefs: Sequence[Belief],
    people: ir.Table,
    *,
    problem: Problem,
    campaign: Campaign,
    tools: Tools,
    now: datetime,
) -> Iterator[tuple[ir.Table, Explorers]]:
    """Give everybody's choices with arms and what explorers drew (`explored`, null: no explorer), and the explorers."""
    stage = tools.lake.engine.stage
    deal: dict[str, Any] = {"campaign_id": campaign.name, "now": now}
    choices = all_choices(people, None, problem=problem, campaign=campaign)
    with stage(assign(choices, definition.arms, **deal)) as armed:
        found = _explorers(
            definition, beliefs, armed, people, problem=problem, campaign=campaign, tools=tools
        )
        again = assign(armed.drop("arm", "propensity"), found.shares, **deal)
        drawn = ibis.memtable(found.rows).select("person_id", "explored")
        with stage(again.left_join(drawn, "person_id").drop("person_id_right")) as staged:
            yield staged, found


@contextmanager
def _reached(
    definition: Definition,
    campaign: Campaign,
    about: ir.Table,
    *,
    tools: Tools,
    as_of: datetime,
    now: datetime,
) -> Iterator[ir.Table]:
    """Give everybody with what each is meant for, and what the gate has against it."""
    wanted: dict[str, Any] = {"offers": definition.offers, "campaign": campaign, "as_of": as_of}
    wanted |= {"segments": tools.segments(), "traits": tools.traits()}
    channels = sorted({offer.channel for offer in definition.offers})
    with prepare_people(lake=tools.lake, **wanted) as prepared:
        meant = tables.meant(prepared, definition.offers)
        asked = tables.asked(meant, about, n_offers=len(definition.offers))
        with (
            ways_to(asked, channels=channels, purpose=definition.purpose, tools=tools, now=now) as ways,
            tools.lake.engine.stage(tables.reachable(meant, ways, offers=definition.offers)) as people,
        ):
            check_anybody(people, definition.offers, engine=tools.lake.engine)
            yield people


def _links(lake: Lake) -> ir.Table:
    if lake.has_table(ALIASES.name):
        return linked(lake.table(ALIASES.name), known_at=None)
    return linked(ibis.memtable(ALIASES.schema.to_pyarrow().empty_table()), known_at=None)


def _explorers(
    definition: Definition,
    beliefs: Sequence[Belief],
    armed: ir.Table,
    people: ir.Table,
    *,
    problem: Problem,
    campaign: Campaign,
    tools: Tools,
) -> Explorers:
    """Find who explores.

    Where the file does not say, a small share does if there is something to learn that the holdout does not tell: which of several offers is
    best with whom, as a plan tries only the one that looks best; and, once the plan follows what was measured, whether this still holds
    for people whom it does not choose any more.
    """
    share = definition.explore_share
    if share is None:
        has_measured = any(one.measured_minor is not None for one in beliefs)
        share = SHARE if has_measured or len(definition.offers) > 1 else 0.0
    if share == 0.0:
        return Explorers(shares=definition.arms, rows=EXPLORERS_SCHEMA.empty_table())
    return find_explorers(
        armed,
        people,
        shares=definition.arms,
        share=share,
        problem=problem,
        campaign=campaign,
        engine=tools.lake.engine,
    )


def _planned(given: _Given, *, tools: Tools, progress: Progress) -> Plan:
    """Plan for those in the treatment and the holdout, with what the other arms leave of budget and limits."""
    choices = given.choices
    planned = choices.filter(choices.arm.isin(["treatment", "holdout"])).select("person_id")
    offers, campaign = _left(given, tools=tools)
    return plan_campaign(
        given.people.semi_join(planned, "person_id"),
        lake=tools.lake,
        clock=tools.clock,
        offers=offers,
        campaign=campaign,
        as_of=given.as_of,
        beliefs=given.beliefs,
        progress=progress,
    )


def _left(given: _Given, *, tools: Tools) -> tuple[tuple[Offer, ...], Campaign]:
    """Return offers and campaign less what the arms beside the plan use of stocks, capacities, limits and budget."""
    arms = given.arms
    if arms.random == 0 and arms.business_as_usual == 0 and arms.explore == 0:
        return given.offers, given.campaign
    problem = given.problem
    used = tools.lake.engine.rows(tables.used_by_dealt(given.dealt, given.choices, problem=problem))
    uses = {limit.key: _use(limit, used, problem=problem) for limit in problem.limits}
    channels = {
        channel: _less(capacity, uses[f"channel {channel}"], limit=f"channel {channel}")
        for channel, capacity in given.campaign.channel_capacities.items()
    }
    limits = tuple(
        replace(
            limit,
            minimum=max(0, limit.minimum - uses[limit.key]),
            maximum=_less(limit.maximum, uses[limit.key], limit=limit.key),
        )
        for limit in given.campaign.limits
    )
    cost_minor = -(-sum(int(row["cost_milli"]) for row in used) // MILLI)
    budget_minor = _less(given.campaign.budget_minor, cost_minor, limit=_BUDGET)
    if not budget_minor:
        raise ArmsTooDear(use=cost_minor, limit=_BUDGET, maximum=given.campaign.budget_minor)
    offers = tuple(
        replace(
            o, stock=_less(o.stock, uses.get(f"stock of {o.offer_id}", 0), limit=f"stock of {o.offer_id}")
        )
        for o in given.offers
    )
    campaign = replace(given.campaign, budget_minor=budget_minor, channel_capacities=channels, limits=limits)
    return offers, campaign


def _use(limit: Limit, used: Sequence[Mapping[str, Any]], *, problem: Problem) -> int:
    column = "n_contacts"
    if limit.segment is not None:
        column = f"n_member_{problem.segments.index(limit.segment)}"
    return sum(int(row[column]) for row in used if row["offer_id"] in limit.offer_ids)


def _less(maximum: int | None, use: int, *, limit: str | Sentence) -> Any:
    """Return what is left of a limit; None stays None."""
    if maximum is None:
        return None
    if use > maximum:
        raise ArmsTooDear(use=use, limit=limit, maximum=maximum)
    return maximum - use


def _keep(given: _Given, plan: Plan, *, tools: Tools) -> None:
    """Write contacts and receipts; planning the same again writes nothing twice."""
    campaign_id, lake = given.campaign_id, tools.lake
    txn = Txn(app_id=f"campaign:{campaign_id}:{plan.plan_id}:{given.now.isoformat()}")
    chosen = tables.planned_contacts(
        assignments(lake=lake, plan_id=plan.plan_id), campaign_id=campaign_id, decided_at=given.now
    )
    contacts = tables.contacts(chosen, given.dealt)
    receipts = tables.decisions(
        given.choices,
        given.people,
        given.about,
        problem=given.problem,
        campaign_id=campaign_id,
        plan_id=plan.plan_id,
        decided_at=given.now,
    )
    lake.append(CONTACTS, contacts, txn=txn)
    choose_products(contacts, given.definition, as_of=given.as_of, txn=txn, tools=tools)
    lake.append(DECISIONS, receipts, txn=txn)
    explorers = tables.explorers(
        given.explorers, problem=given.problem, campaign_id=campaign_id, decided_at=given.now
    )
    lake.append(EXPLORERS, explorers, txn=txn)


def _counted(given: _Given, *, tools: Tools) -> dict[str, int]:
    arms = given.choices.group_by("arm").agg(n_people=given.choices.count())
    return {row["arm"]: int(row["n_people"]) for row in tools.lake.engine.rows(arms.order_by("arm"))}


def _model(lake: Lake) -> str:
    """Return the name of the value model whose scores were used."""
    named = lake.engine.rows(lake.table(VALUE_SCORES.name).select("model_id").limit(1))
    return str(named[0]["model_id"]) if named else "-"


def _terms(given: _Given, *, tools: Tools) -> Terms:
    definition = given.definition
    return Terms(
        purpose=definition.purpose,
        currency=tools.currency,
        margin_rate=tools.margin_rate,
        horizon_days=given.campaign.horizon_days,
        as_of=given.as_of,
        is_assumed=all(one.measured_minor is None for one in given.beliefs),
        model=_model(tools.lake),
        arms=given.arms,
        schedule=definition.schedule,
        contacts_per_person=given.campaign.contacts_per_person,
        business_as_usual=definition.business_as_usual,
        offer_ids=tuple(offer.offer_id for offer in definition.offers),
        offer_names={offer.offer_id: offer.name for offer in definition.offers},
        channels={offer.offer_id: offer.channel for offer in definition.offers},
        segments=given.problem.segments,
        terms=definition.terms,
    )
