"""The life of a round: approve, queue, send, pause, resume, stop; and how far it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import ibis
import ibis.expr.types as ir

from aimwell.base.progress import Progress as Watcher
from aimwell.intake.facts import TOUCHES
from aimwell.portraits.service import snapshot_rows
from aimwell.predict.effect.tables.decisions import CHANCES
from aimwell.predict.traits import beside_portraits
from aimwell.promote.campaigns import rows, tables
from aimwell.promote.campaigns.content import campaign_path, changed, content_of, known_campaigns
from aimwell.promote.campaigns.errors import ApproverSame, ChangedSincePlan, NotNow, NotPlanned
from aimwell.promote.campaigns.model import Act, CampaignState, Definition, Round
from aimwell.promote.campaigns.records import CONTACTS, DECISIONS, EXPLORERS
from aimwell.promote.campaigns.service.composing import NAME, open_writer
from aimwell.promote.campaigns.service.showing import products_shown
from aimwell.promote.campaigns.service.tools import Tools
from aimwell.promote.feedback.model import Outcome
from aimwell.promote.feedback.service import came_back
from aimwell.promote.gate.service import sync_cases
from aimwell.promote.measure.arms import assignment_log
from aimwell.promote.outbox import service as outbox
from aimwell.promote.outbox.errors import NotQueued
from aimwell.promote.outbox.model import Entry, Progress, message_id_of
from aimwell.promote.outbox.sender import Sender
from aimwell.promote.plan.model import MILLI
from aimwell.promote.policy.chances import chances_of_explorers
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import Txn

__all__ = [
    "Status",
    "approve",
    "check_unchanged",
    "contacts_of",
    "decisions_of",
    "entries_of",
    "explorers_of",
    "list_campaigns",
    "pause",
    "resume",
    "round_of",
    "send",
    "status",
    "stop",
]

_AT_ONCE = 10_000  # messages queued in one transaction
_SENT_ARMS = ("treatment", "random", "business_as_usual", "explore")


@dataclass(frozen=True, kw_only=True)
class Status:
    """How a campaign stands: its latest round with its acts, and how far its messages are; a draft has none of it.

    `came_back` counts messages by what was reported of them afterwards.
    """

    name: str
    state: CampaignState
    round: Round | None
    acts: tuple[Act, ...]
    progress: Progress | None
    changed: tuple[str, ...]
    came_back: Mapping[Outcome, int] = field(default_factory=dict)


def round_of(name: str, *, tools: Tools) -> Round:
    """Return the latest round of a campaign, or the round of this id.

    Raises
    ------
    NotPlanned
        If there is none.
    """
    with tools.database.read() as connection:
        found = rows.latest_round(connection, name)
    if found is None:
        raise NotPlanned(name=name)
    return found


def approve(name: str, *, tools: Tools, actor: str) -> Round:
    """Approve what was planned, as it is; from then on nothing of it may change.

    Approving again what is approved changes nothing; of two who approve at the same time, one does.

    Raises
    ------
    NotPlanned, NotNow
        If there is nothing to approve.
    ApproverSame
        If the shop wants a second person.
    ChangedSincePlan
        If a file of the campaign is not what was planned.
    """
    planned, now = round_of(name, tools=tools), tools.clock.now()
    if planned.state not in ("planned", "approved"):
        raise NotNow(campaign_id=planned.campaign_id, state=planned.state, allowed="planned")
    if tools.second_approver and actor == planned.planned_by:
        raise ApproverSame(campaign_id=planned.campaign_id, actor=actor)
    check_unchanged(planned, tools=tools)
    if planned.state == "planned":
        with tools.database.begin() as connection:
            if rows.approve_round(connection, planned, actor=actor, now=now):
                rows.add_act(connection, planned.campaign_id, "approved", actor=actor, now=now)
    approved = round_of(planned.campaign_id, tools=tools)
    if approved.planned_at != planned.planned_at or approved.state == "planned":
        raise ChangedSincePlan(campaign_id=planned.campaign_id, changed="plan")
    return approved


def send(
    name: str,
    *,
    tools: Tools,
    actor: str,
    until: datetime | None = None,
    watcher: Watcher | None = None,
) -> Progress:
    """Queue what was approved, and send what is due; doing it again goes on where it was left.

    When it is queued, who is in which arm is logged to `touches`, those who get nothing too.

    Parameters
    ----------
    name
        The campaign's.
    tools
        The shop.
    actor
        Who sends.
    until
        Wait for messages that are due later, until this moment; None: do not wait.
    watcher
        Hears how far it is.

    Raises
    ------
    NotPlanned, NotNow
        If it is not approved, or paused.
    ChangedSincePlan
        If a file of the campaign is not what was approved.
    SenderBusy, ChannelMissing, NoPublicUrl
        If it cannot be sent now.
    """
    approved = round_of(name, tools=tools)
    if approved.state not in ("approved", "queued", "sending"):
        allowed = "approved, queued, sending"
        raise NotNow(campaign_id=approved.campaign_id, state=approved.state, allowed=allowed)
    check_unchanged(approved, tools=tools)
    definition = tools.definition(approved.name)
    writer = open_writer(approved, definition, tools=tools)
    sync_cases(lake=tools.lake, database=tools.database, now=tools.clock.now())
    if approved.state == "approved":
        _queue(approved, definition, tools=tools, actor=actor)
    sender = Sender(
        database=tools.database,
        gate=tools.gate,
        ledger=tools.ledger,
        channels=tools.channels,
        directory=tools.points,
        composer=writer,
        clock=tools.clock,
        sleep=tools.sleep,
    )
    return sender.run(approved.campaign_id, until=until, watcher=watcher)


def pause(name: str, *, tools: Tools, actor: str) -> Progress:
    """Let nothing more of a campaign go out until it is resumed; see `outbox.service.pause`."""
    return _act(name, "paused", tools=tools, actor=actor)


def resume(name: str, *, tools: Tools, actor: str) -> Progress:
    """Let a paused campaign go on; see `outbox.service.resume`."""
    return _act(name, "resumed", tools=tools, actor=actor)


def stop(name: str, *, tools: Tools, actor: str) -> Progress:
    """End a campaign at once and for good; see `outbox.service.stop`."""
    return _act(name, "stopped", tools=tools, actor=actor)


def status(name: str, *, tools: Tools) -> Status:
    """Return how a campaign stands.

    Raises
    ------
    CampaignMissing
        If there is neither a file nor a round.
    """
    with tools.database.read() as connection:
        found = rows.latest_round(connection, name)
        acts = rows.acts_of(connection, found.campaign_id) if found else []
    if found is None:
        tools.definition(name)
        return Status(name=name, state="draft", round=None, acts=(), progress=None, changed=())
    progress = None
    if found.state not in ("planned", "approved"):
        progress = outbox.progress_of(found.campaign_id, database=tools.database)
    return Status(
        name=found.name,
        state=found.state,
        round=found,
        acts=tuple(acts),
        progress=progress,
        changed=tuple(_changes(found, tools=tools)),
        came_back=came_back(found.campaign_id, database=tools.database),
    )


def list_campaigns(*, tools: Tools) -> tuple[Status, ...]:
    """Return how every campaign stands, drafts too, by name."""
    with tools.database.read() as connection:
        names = {one.name for one in rows.rounds(connection)}
    return tuple(status(name, tools=tools) for name in sorted(names | set(known_campaigns(tools.folder))))


def contacts_of(found: Round, *, lake: Lake) -> ir.Table:
    """Return whom a round chose for what: columns of `CONTACTS`."""
    table = lake.table(CONTACTS.name)
    return table.filter(
        table.campaign_id == found.campaign_id,
        table.decided_at == ibis.literal(found.planned_at).cast("timestamp"),
    )


def decisions_of(found: Round, *, lake: Lake) -> ir.Table:
    """Return everybody's receipt in a round: columns of `DECISIONS`."""
    table = lake.table(DECISIONS.name)
    return table.filter(
        table.campaign_id == found.campaign_id,
        table.decided_at == ibis.literal(found.planned_at).cast("timestamp"),
    )


def explorers_of(found: Round, *, lake: Lake) -> ir.Table:
    """Return who explored in a round, with the chances that decided: columns of `EXPLORERS`."""
    table = lake.table(EXPLORERS.name)
    return table.filter(
        table.campaign_id == found.campaign_id,
        table.decided_at == ibis.literal(found.planned_at).cast("timestamp"),
    )


def _changes(found: Round, *, tools: Tools) -> list[str]:
    path = campaign_path(tools.folder, found.name)
    if not path.exists():
        return [path.relative_to(tools.folder).as_posix()]
    template = tools.definition(found.name).template
    return changed(found.content, content_of(tools.folder, name=found.name, template=template))


def check_unchanged(found: Round, *, tools: Tools) -> None:
    """Refuse a round of which a file is not what was planned.

    Raises
    ------
    ChangedSincePlan
        With the files.
    """
    changes = _changes(found, tools=tools)
    if changes:
        raise ChangedSincePlan(campaign_id=found.campaign_id, changed=", ".join(changes))


def _log_arms(approved: Round, *, lake: Lake, now: datetime) -> None:
    """Log who is in which arm, and who is to get what; once, and whatever is sent of it in the end.

    An explorer's probability is that of the action drawn; those of all actions go to `offer_chances`.
    """
    receipts = decisions_of(approved, lake=lake)
    chosen = contacts_of(approved, lake=lake)
    dealt = receipts.filter(receipts.is_part).select("person_id", "arm", "propensity")
    if lake.has_table(EXPLORERS.name):
        explorers = explorers_of(approved, lake=lake)
        chances = chances_of_explorers(explorers, offer_ids=approved.terms.offer_ids)
        lake.append(CHANCES, chances, txn=Txn(app_id=f"explore:{approved.campaign_id}"))
        dealt = tables.with_own_chances(dealt, explorers)
    log = assignment_log(
        dealt,
        chosen.mutate(
            expected_profit_minor=(chosen.value_milli.cast("float64") / MILLI).round().cast("int64")
        ),
        campaign_id=approved.campaign_id,
        decided_at=now,
        load_id=f"campaign:{approved.campaign_id}",
    )
    lake.append(TOUCHES, log, txn=Txn(app_id=f"touches:{approved.campaign_id}"))


def _queue(approved: Round, definition: Definition, *, tools: Tools, actor: str) -> None:
    """Put a round's messages into the outbox; if it is cut off, the next call completes it."""
    now = tools.clock.now()
    _log_arms(approved, lake=tools.lake, now=now)
    begins_at = approved.terms.schedule.not_before
    expires_at = max(now, begins_at or now) + timedelta(days=approved.terms.schedule.days)
    outbox.queue(
        approved.campaign_id,
        entries_of(approved, definition, tools=tools),
        database=tools.database,
        now=now,
        expires_at=expires_at,
        not_before=begins_at,
    )
    with tools.database.begin() as connection:
        rows.hand_to_outbox(connection, approved.campaign_id)
        rows.add_act(connection, approved.campaign_id, "queued", actor=actor, now=now)


def entries_of(approved: Round, definition: Definition, *, tools: Tools) -> Iterator[list[Entry]]:
    """Stream the messages of those arms that get any, with what the gate and the template need of each person."""
    lake = tools.lake
    chosen, receipts = contacts_of(approved, lake=lake), decisions_of(approved, lake=lake)
    traits = [name for name in definition.traits if name != NAME]
    portraits = snapshot_rows(
        lake=lake, as_of=approved.terms.as_of, needed=traits, beside=beside_portraits(lake)
    ).select("person_id", *traits)
    sent = chosen.filter(chosen.arm.isin(_SENT_ARMS)).select("person_id", "offer_id", "channel")
    about = receipts.select("person_id", "region", "locale", "birth_year", "time_zone", "others")
    shown = products_shown(approved, lake=lake).select("person_id", "offer_id", "product_ids")
    both = sent.inner_join(about, "person_id").inner_join(portraits, "person_id")
    both = both.left_join(shown, ["person_id", "offer_id"]).drop("person_id_right", "offer_id_right")
    for batch in lake.engine.batches(both, size=_AT_ONCE):
        yield [_entry(row, approved, traits=traits) for row in batch.to_pylist()]


def _entry(row: Mapping[str, Any], approved: Round, *, traits: list[str]) -> Entry:
    return Entry(
        message_id=message_id_of(approved.campaign_id, row["person_id"], row["offer_id"]),
        campaign_id=approved.campaign_id,
        purpose=approved.terms.purpose,
        facts={name: _plain(row[name]) for name in traits},
        others=tuple(row["others"] or ()),
        products=tuple(row["product_ids"] or ()),
        **{
            name: row[name]
            for name in ("person_id", "offer_id", "channel", "region", "locale", "birth_year", "time_zone")
        },
    )


def _plain(value: Any) -> Any:
    """Return a trait as JSON and a template take it: moments as ISO text."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def _act(name: str, act: Literal["paused", "resumed", "stopped"], *, tools: Tools, actor: str) -> Progress:
    found, now = round_of(name, tools=tools), tools.clock.now()
    if found.state in ("planned", "approved"):
        raise NotQueued(campaign_id=found.campaign_id)
    does = {"paused": outbox.pause, "resumed": outbox.resume, "stopped": outbox.stop}[act]
    progress = does(found.campaign_id, database=tools.database, now=now)

    with tools.database.begin() as connection:
        rows.add_act(connection, found.campaign_id, act, actor=actor, now=now)
    return progress
