"""The outbox's tables and their queries. No column holds an address or a content."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from aimwell.promote.outbox.model import (
    MESSAGE_STATES,
    Entry,
    HandedOver,
    MessageState,
    Receipt,
    RunState,
)
from aimwell.storage.database.bulk import among, insert_rows

__all__ = [
    "METADATA",
    "add_entries",
    "add_receipts",
    "add_sender",
    "address_entries",
    "channels_of",
    "claim_points",
    "counts",
    "due",
    "end_queued",
    "handed_over",
    "held_by",
    "next_due_at",
    "point_owners",
    "put_in_flight",
    "receipts_of",
    "run_of",
    "senders_in_flight",
    "sent_to",
    "set_channel",
    "set_run",
    "take_back",
    "turns_of",
    "update_entries",
]

METADATA = sa.MetaData()

_Serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# One row per campaign that was queued.
RUNS = sa.Table(
    "outbox_runs",
    METADATA,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("changed_at", sa.DateTime, nullable=False),
    sa.Column("expires_at", sa.DateTime, nullable=False),
)

# One row per message. `due_at`: not before. `sender_no`: who has it in flight. `others`, `facts` and `products` are JSON. `contact_point`:
# where it went or was about to go, null before; "" on channels that know people by their id.
MESSAGES = sa.Table(
    "outbox_messages",
    METADATA,
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("campaign_id", sa.Text, nullable=False),
    sa.Column("person_id", sa.BigInteger, nullable=False),
    sa.Column("offer_id", sa.Text),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("region", sa.Text),
    sa.Column("birth_year", sa.Integer),
    sa.Column("time_zone", sa.Text),
    sa.Column("locale", sa.Text),
    sa.Column("others", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("due_at", sa.DateTime, nullable=False),
    sa.Column("n_attempts", sa.Integer, nullable=False),
    sa.Column("sender_no", sa.BigInteger),
    sa.Column("contact_point", sa.Text),
    sa.Column("products", sa.Text, nullable=False, server_default="[]"),
    sa.Index("outbox_messages_due", "campaign_id", "state", "channel", "due_at", "message_id"),
    sa.Index("outbox_messages_person", "person_id", "campaign_id"),
)

# One row per contact point that a campaign has reached: whose message it was. Two people with one address get one.
POINTS = sa.Table(
    "outbox_points",
    METADATA,
    sa.Column("campaign_id", sa.Text, primary_key=True),
    sa.Column("contact_point", sa.Text, primary_key=True),
    sa.Column("person_id", sa.BigInteger, nullable=False),
)

# One row per channel: when it may be used again, and how it fares.
CHANNELS = sa.Table(
    "outbox_channels",
    METADATA,
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("free_at", sa.DateTime, nullable=False),
    sa.Column("n_put_off", sa.Integer, nullable=False),
    sa.Column("n_down", sa.Integer, nullable=False),
)

# One row per sender that ever ran.
SENDERS = sa.Table(
    "outbox_senders",
    METADATA,
    sa.Column("sender_no", _Serial, primary_key=True),
    sa.Column("began_at", sa.DateTime, nullable=False),
)

# One row per try of a message, never changed. `caps` is JSON: the state of each cap then.
RECEIPTS = sa.Table(
    "outbox_receipts",
    METADATA,
    sa.Column("receipt_no", _Serial, primary_key=True),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("campaign_id", sa.Text, nullable=False),
    sa.Column("person_id", sa.BigInteger, nullable=False),
    sa.Column("offer_id", sa.Text),
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("consent_reason", sa.Text),
    sa.Column("consent_rule", sa.Text),
    sa.Column("consent_proof", sa.BigInteger),
    sa.Column("caps", sa.Text, nullable=False),
    sa.Column("n_attempts", sa.Integer, nullable=False),
    sa.Index("outbox_receipts_person", "person_id", "campaign_id"),
)

_ENTRY = tuple(name for name in Entry.__dataclass_fields__)
_RECEIPT = tuple(name for name in Receipt.__dataclass_fields__)


# -- runs ----------------------------------------------------------------------------------------------------------


def run_of(connection: sa.Connection, campaign_id: str) -> sa.Row[Any] | None:
    """Return state, changed_at and expires_at of a campaign's run; None if it was never queued."""
    return connection.execute(sa.select(RUNS).where(RUNS.c.campaign_id == campaign_id)).one_or_none()


def set_run(
    connection: sa.Connection,
    campaign_id: str,
    *,
    state: RunState,
    now: datetime,
    expires_at: datetime | None = None,
    among_states: Collection[RunState] | None = None,
) -> bool:
    """Set the state of a run, and make the run if `expires_at` is given; says whether there was anything to set."""
    change = sa.update(RUNS).where(RUNS.c.campaign_id == campaign_id)
    if among_states is not None:
        change = change.where(RUNS.c.state.in_(among_states))
    if connection.execute(change.values(state=state, changed_at=now)).rowcount:
        return True
    if expires_at is None or run_of(connection, campaign_id) is not None:
        return False
    values = {"campaign_id": campaign_id, "state": state, "changed_at": now, "expires_at": expires_at}
    connection.execute(sa.insert(RUNS).values(values))
    return True


# -- messages ------------------------------------------------------------------------------------------------------


def add_entries(connection: sa.Connection, entries: Iterable[Entry], *, due_at: datetime) -> int:
    """Queue messages; those that are there already stay as they are. Returns how many are new."""
    given = {entry.message_id: entry for entry in entries}
    held = sa.select(MESSAGES.c.message_id).where(among(connection, {MESSAGES.c.message_id: list(given)}))
    there = set(connection.execute(held).scalars())
    fresh = [
        (*_told(entry), "queued", due_at) for message_id, entry in given.items() if message_id not in there
    ]
    insert_rows(connection, MESSAGES, fresh, columns=(*_ENTRY, "state", "due_at"))
    return len(fresh)


def channels_of(connection: sa.Connection, campaign_id: str) -> list[str]:
    """Return the channels of a campaign's messages, sorted."""
    query = sa.select(MESSAGES.c.channel).where(MESSAGES.c.campaign_id == campaign_id).distinct()
    return sorted(connection.execute(query).scalars())


def due(
    connection: sa.Connection, campaign_id: str, *, channel: str, now: datetime, limit: int
) -> list[Entry]:
    """Return queued messages that are due, oldest first; on PostgreSQL those that no other sender is just taking."""
    query = (
        sa.select(*(MESSAGES.c[name] for name in _ENTRY))
        .where(
            MESSAGES.c.campaign_id == campaign_id,
            MESSAGES.c.state == "queued",
            MESSAGES.c.channel == channel,
            MESSAGES.c.due_at <= now,
        )
        .order_by(MESSAGES.c.due_at, MESSAGES.c.message_id)
        .limit(limit)
        .with_for_update(skip_locked=True)  # SQLite has one writer and leaves this out
    )
    return [_entry(dict(row)) for row in connection.execute(query).mappings()]


def held_by(connection: sa.Connection, message_ids: Collection[str], *, sender_no: int) -> set[str]:
    """Return those of these messages that this sender still has in flight, and keep others off them."""
    query = (
        sa.select(MESSAGES.c.message_id)
        .where(
            among(connection, {MESSAGES.c.message_id: message_ids}),
            MESSAGES.c.state == "sending",
            MESSAGES.c.sender_no == sender_no,
        )
        .with_for_update()
    )
    return set(connection.execute(query).scalars())


def put_in_flight(connection: sa.Connection, message_ids: Collection[str], *, sender_no: int) -> None:
    """Write down that a sender has these messages in flight."""
    change = sa.update(MESSAGES).where(among(connection, {MESSAGES.c.message_id: message_ids}))
    connection.execute(change.values(state="sending", sender_no=sender_no))


def update_entries(connection: sa.Connection, changes: Sequence[Mapping[str, Any]]) -> None:
    """Change messages; each change has `message_id`, `state`, `due_at`, `n_attempts` and `sender_no`."""
    if not changes:
        return
    names = ("state", "due_at", "n_attempts", "sender_no")
    statement = (
        sa.update(MESSAGES)
        .where(MESSAGES.c.message_id == sa.bindparam("b_message_id"))
        .values({name: sa.bindparam(f"b_{name}") for name in names})
    )
    bound = [{f"b_{name}": change[name] for name in ("message_id", *names)} for change in changes]
    connection.execute(statement, bound)


def address_entries(connection: sa.Connection, points: Mapping[str, str]) -> None:
    """Write down, by message id, which contact point each message is about to go to."""
    if not points:
        return
    statement = (
        sa.update(MESSAGES)
        .where(MESSAGES.c.message_id == sa.bindparam("b_message_id"))
        .values(contact_point=sa.bindparam("b_point"))
    )
    connection.execute(
        statement, [{"b_message_id": message_id, "b_point": point} for message_id, point in points.items()]
    )


def handed_over(connection: sa.Connection, message_ids: Collection[str]) -> dict[str, HandedOver]:
    """Return, by id, those of these messages that went out or may have."""
    names = tuple(HandedOver.__dataclass_fields__)
    query = sa.select(*(MESSAGES.c[name] for name in names)).where(
        among(connection, {MESSAGES.c.message_id: message_ids}), MESSAGES.c.contact_point.is_not(None)
    )
    return {row["message_id"]: HandedOver(**row) for row in connection.execute(query).mappings()}


def senders_in_flight(connection: sa.Connection, campaign_id: str) -> list[int]:
    """Return the numbers of the senders that have messages of a campaign in flight."""
    query = (
        sa.select(MESSAGES.c.sender_no)
        .where(MESSAGES.c.campaign_id == campaign_id, MESSAGES.c.state == "sending")
        .distinct()
    )
    return [int(number) for number in connection.execute(query).scalars()]


def take_back(
    connection: sa.Connection, campaign_id: str, *, senders: Collection[int], state: MessageState
) -> int:
    """Give the messages that these senders had in flight another state; returns how many."""
    change = (
        sa.update(MESSAGES)
        .where(
            MESSAGES.c.campaign_id == campaign_id,
            MESSAGES.c.state == "sending",
            MESSAGES.c.sender_no.in_(senders),
        )
        .values(state=state, sender_no=None)
    )
    return connection.execute(change).rowcount


def end_queued(
    connection: sa.Connection, campaign_id: str, *, state: MessageState, reasons: Sequence[str], now: datetime
) -> int:
    """Give all queued messages of a campaign a last state, each with a receipt; returns how many."""
    is_queued = sa.and_(MESSAGES.c.campaign_id == campaign_id, MESSAGES.c.state == "queued")
    told: dict[str, Any] = {
        name: MESSAGES.c[name]
        for name in ("message_id", "campaign_id", "person_id", "offer_id", "n_attempts")
    }
    told |= {"at": sa.literal(now, sa.DateTime), "outcome": sa.literal(state), "detail": sa.literal("")}
    told |= {"reasons": sa.literal(json.dumps(reasons)), "caps": sa.literal("{}")}
    rows = sa.select(*(value.label(name) for name, value in told.items())).where(is_queued)
    connection.execute(sa.insert(RECEIPTS).from_select(list(told), rows))
    return connection.execute(sa.update(MESSAGES).where(is_queued).values(state=state)).rowcount


def next_due_at(connection: sa.Connection, campaign_id: str) -> datetime | None:
    """Return when the next queued message is due."""
    query = sa.select(sa.func.min(MESSAGES.c.due_at)).where(
        MESSAGES.c.campaign_id == campaign_id, MESSAGES.c.state == "queued"
    )
    due_at: datetime | None = connection.execute(query).scalar_one()
    return due_at


def counts(connection: sa.Connection, campaign_id: str) -> dict[MessageState, int]:
    """Return how many messages of a campaign are in each state."""
    query = (
        sa.select(MESSAGES.c.state, sa.func.count())
        .where(MESSAGES.c.campaign_id == campaign_id)
        .group_by(MESSAGES.c.state)
    )
    found = {state: int(n) for state, n in connection.execute(query)}
    return {state: found.get(state, 0) for state in MESSAGE_STATES}


def sent_to(connection: sa.Connection, campaign_id: str) -> list[tuple[int, str | None]]:
    """Return person and offer of the messages of a campaign that went out, in order."""
    query = (
        sa.select(MESSAGES.c.person_id, MESSAGES.c.offer_id)
        .where(MESSAGES.c.campaign_id == campaign_id, MESSAGES.c.state == "sent")
        .order_by(MESSAGES.c.person_id, MESSAGES.c.offer_id)
    )
    return [(int(person_id), offer_id) for person_id, offer_id in connection.execute(query)]


# -- contact points ------------------------------------------------------------------------------------------------


def point_owners(connection: sa.Connection, campaign_id: str, tokens: Collection[str]) -> dict[str, int]:
    """Return whose message has gone to these contact points in this campaign."""
    query = sa.select(POINTS.c.contact_point, POINTS.c.person_id).where(
        POINTS.c.campaign_id == campaign_id, among(connection, {POINTS.c.contact_point: tokens})
    )
    return {token: int(person_id) for token, person_id in connection.execute(query)}


def claim_points(connection: sa.Connection, campaign_id: str, wanted: Mapping[str, int]) -> dict[str, int]:
    """Reserve contact points for people, where nobody has; returns whose each is."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    rows = [
        {"campaign_id": campaign_id, "contact_point": token, "person_id": wanted[token]}
        for token in sorted(wanted)  # in one order, so that two senders do not wait for each other
    ]
    if rows:
        connection.execute(dialect.insert(POINTS).values(rows).on_conflict_do_nothing())
    return point_owners(connection, campaign_id, list(wanted))


# -- channels and senders ------------------------------------------------------------------------------------------


def turns_of(connection: sa.Connection, channels: Collection[str]) -> dict[str, sa.Row[Any]]:
    """Return how channels fare, and keep other senders from looking meanwhile; channels never used are made."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    new = [
        {"channel": name, "free_at": datetime(1970, 1, 1), "n_put_off": 0, "n_down": 0}  # noqa: DTZ001
        for name in sorted(channels)
    ]
    connection.execute(dialect.insert(CHANNELS).values(new).on_conflict_do_nothing())
    query = sa.select(CHANNELS).where(CHANNELS.c.channel.in_(channels)).order_by(CHANNELS.c.channel)
    return {row.channel: row for row in connection.execute(query.with_for_update())}


def set_channel(connection: sa.Connection, channel: str, **values: Any) -> None:
    """Change how a channel fares: free_at, n_put_off, n_down."""
    connection.execute(sa.update(CHANNELS).where(CHANNELS.c.channel == channel).values(**values))


def add_sender(connection: sa.Connection, *, now: datetime) -> int:
    """Return the number of a new sender."""
    made = connection.execute(sa.insert(SENDERS).values(began_at=now).returning(SENDERS.c.sender_no))
    return int(made.scalar_one())


# -- receipts ------------------------------------------------------------------------------------------------------


def add_receipts(connection: sa.Connection, receipts: Iterable[Receipt]) -> None:
    """Write receipts down."""
    told = (
        {name: getattr(receipt, name) for name in _RECEIPT}
        | {"reasons": json.dumps(receipt.reasons), "caps": json.dumps(dict(receipt.caps))}
        for receipt in receipts
    )
    rows = [tuple(row[name] for name in _RECEIPT) for row in told]
    insert_rows(connection, RECEIPTS, rows, columns=_RECEIPT)


def receipts_of(connection: sa.Connection, campaign_id: str, *, person_id: int) -> list[Receipt]:
    """Return what became of a person's messages in a campaign, oldest first."""
    query = (
        sa.select(*(RECEIPTS.c[name] for name in _RECEIPT))
        .where(RECEIPTS.c.campaign_id == campaign_id, RECEIPTS.c.person_id == person_id)
        .order_by(RECEIPTS.c.receipt_no)
    )
    return [
        Receipt(
            **(dict(row) | {"reasons": tuple(json.loads(row["reasons"])), "caps": json.loads(row["caps"])})
        )
        for row in connection.execute(query).mappings()
    ]


def _told(entry: Entry) -> tuple[Any, ...]:
    """Return an entry as its columns hold it."""
    told = {name: getattr(entry, name) for name in _ENTRY}
    told |= {"others": json.dumps(entry.others), "facts": json.dumps(dict(entry.facts), ensure_ascii=False)}
    told |= {"products": json.dumps(entry.products, ensure_ascii=False)}
    return tuple(told[name] for name in _ENTRY)


def _entry(row: Mapping[str, Any]) -> Entry:
    read = {name: tuple(json.loads(row[name])) for name in ("others", "products")}
    return Entry(**(dict(row) | read | {"facts": json.loads(row["facts"])}))
