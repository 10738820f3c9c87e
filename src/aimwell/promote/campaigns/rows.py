"""The tables of campaigns and their queries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from aimwell.promote.campaigns.model import Act, ActKind, CampaignState, Round, Terms
from aimwell.promote.outbox import rows as outbox

__all__ = [
    "METADATA",
    "acts_of",
    "add_act",
    "all_rounds",
    "approve_round",
    "hand_to_outbox",
    "latest_round",
    "put_round",
    "rounds",
]

METADATA = sa.MetaData()

_Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# One row per round of a campaign. `content` and `terms` are JSON. From "queued" on the outbox knows the state.
CAMPAIGNS = sa.Table(
    "campaigns",
    METADATA,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("round_no", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("plan_id", sa.Text, nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("terms", sa.Text, nullable=False),
    sa.Column("planned_by", sa.Text, nullable=False),
    sa.Column("planned_at", sa.DateTime, nullable=False),
    sa.Column("approved_by", sa.Text),
    sa.Column("approved_at", sa.DateTime),
    sa.UniqueConstraint("name", "round_no", name="campaigns_round"),
)

# One row per act, never changed.
ACTS = sa.Table(
    "campaign_acts",
    METADATA,
    sa.Column("act_no", _Serial, primary_key=True),
    sa.Column("campaign_id", sa.Text, nullable=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Index("campaign_acts_by_campaign", "campaign_id"),
)


def rounds(connection: sa.Connection) -> list[Round]:
    """Return the latest round of each campaign, by name."""
    newest = sa.select(CAMPAIGNS.c.name, sa.func.max(CAMPAIGNS.c.round_no).label("round_no"))
    last = newest.group_by(CAMPAIGNS.c.name).subquery()
    is_last = sa.and_(last.c.name == CAMPAIGNS.c.name, last.c.round_no == CAMPAIGNS.c.round_no)
    query = sa.select(CAMPAIGNS).join_from(CAMPAIGNS, last, is_last).order_by(CAMPAIGNS.c.name)
    return [_round(connection, dict(row)) for row in connection.execute(query).mappings()]


def all_rounds(connection: sa.Connection) -> list[Round]:
    """Return every round of every campaign, by name and number."""
    query = sa.select(CAMPAIGNS).order_by(CAMPAIGNS.c.name, CAMPAIGNS.c.round_no)
    return [_round(connection, dict(row)) for row in connection.execute(query).mappings()]


def latest_round(connection: sa.Connection, name: str) -> Round | None:
    """Return the latest round of a campaign, or the round of this very id; None if there is none."""
    is_meant = sa.or_(CAMPAIGNS.c.name == name, CAMPAIGNS.c.campaign_id == name)
    query = sa.select(CAMPAIGNS).where(is_meant).order_by(CAMPAIGNS.c.round_no.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _round(connection, dict(row))


def put_round(connection: sa.Connection, made: Round) -> None:
    """Write a round down, in place of one of the same id that was not queued yet."""
    connection.execute(sa.delete(CAMPAIGNS).where(CAMPAIGNS.c.campaign_id == made.campaign_id))
    values: dict[str, Any] = {name: getattr(made, name) for name in Round.__dataclass_fields__}
    values |= {"content": _json(dict(made.content)), "terms": _json(made.terms.to_data())}
    connection.execute(sa.insert(CAMPAIGNS).values(values))


def approve_round(connection: sa.Connection, planned: Round, *, actor: str, now: datetime) -> bool:
    """Approve this very planning of a round; says whether it was still planned and the same."""
    change = sa.update(CAMPAIGNS).where(
        CAMPAIGNS.c.campaign_id == planned.campaign_id,
        CAMPAIGNS.c.state == "planned",
        CAMPAIGNS.c.planned_at == planned.planned_at,
        CAMPAIGNS.c.plan_id == planned.plan_id,
    )
    approved = change.values(state="approved", approved_by=actor, approved_at=now)
    return connection.execute(approved).rowcount == 1


def hand_to_outbox(connection: sa.Connection, campaign_id: str) -> None:
    """Write down that from now on the outbox knows the state."""
    change = sa.update(CAMPAIGNS).where(CAMPAIGNS.c.campaign_id == campaign_id)
    connection.execute(change.values(state="queued"))


def add_act(connection: sa.Connection, campaign_id: str, act: ActKind, *, actor: str, now: datetime) -> None:
    """Write down what somebody did."""
    connection.execute(sa.insert(ACTS).values(campaign_id=campaign_id, act=act, actor=actor, at=now))


def acts_of(connection: sa.Connection, campaign_id: str) -> list[Act]:
    """Return what was done to a round, in order."""
    query = sa.select(ACTS.c.act, ACTS.c.actor, ACTS.c.at).where(ACTS.c.campaign_id == campaign_id)
    return [Act(**row) for row in connection.execute(query.order_by(ACTS.c.act_no)).mappings()]


def _round(connection: sa.Connection, row: Mapping[str, Any]) -> Round:
    read = {"content": json.loads(row["content"]), "terms": Terms.from_data(json.loads(row["terms"]))}
    made = Round(**(dict(row) | read))
    if made.state != "queued":
        return made
    run = outbox.run_of(connection, made.campaign_id)
    state: CampaignState = "approved" if run is None else run.state
    return replace(made, state=state)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
