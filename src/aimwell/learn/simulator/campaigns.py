"""Contacts and deals as files and tables hold them, for playing them in a world."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aimwell.base.allowed import allowed
from aimwell.base.clock import local_time
from aimwell.base.money import minor_units
from aimwell.base.words import Sentence, text
from aimwell.intake.facts import CUSTOMERS, TOUCHES
from aimwell.learn.simulator.errors import TouchesUnusable
from aimwell.learn.simulator.mappings import SOURCE
from aimwell.learn.simulator.model import WHOLE_SHOP, Channel, Deal, Touches
from aimwell.learn.simulator.play import Plan
from aimwell.learn.simulator.world import World
from aimwell.promote.campaigns.rows import latest_round
from aimwell.promote.outbox.service import sent_to
from aimwell.storage.database import Database
from aimwell.storage.lake.lake import Lake

__all__ = ["contacts_of", "plan_of", "read_contacts", "read_deals", "remembered", "to_remember"]

_MEMORY = {
    "person": pa.int64(),
    "day": pa.int64(),
    "hour": pa.int64(),
    "offer_id": pa.string(),
    "channel": pa.string(),
}
_MEMORY |= {"discount_rate": pa.float64(), "category": pa.int64(), "contact_milli": pa.int64()}


class _Deal(BaseModel):
    model_config = ConfigDict(extra="forbid")
    offer_id: Annotated[str, Field(min_length=1)]
    channel: Channel
    discount_rate: Annotated[float, Field(ge=0.0, le=0.9)] = 0.0
    category: str | None = None
    contact_cost: Annotated[Decimal, Field(ge=0)] = Decimal(0)


class _Deals(BaseModel):
    model_config = ConfigDict(extra="forbid")
    deals: Annotated[list[_Deal], Field(min_length=1)]


def read_deals(path: Path, *, world: World) -> tuple[Deal, ...]:
    """Read what the offers of a campaign give: a TOML file with a table `[[deals]]` for each.

    Keys: offer_id, channel, discount_rate (0..0.9), category (the path of a shelf; left out: everything), contact_cost (major units).

    Raises
    ------
    TouchesUnusable
        If the file cannot be read; names the place.
    """
    try:
        given = _Deals.model_validate(tomllib.loads(path.read_text("utf-8"))).deals
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise TouchesUnusable(what=f"{path}", value=exc, allowed="TOML") from exc
    except ValidationError as exc:
        problem = exc.errors(include_url=False)[0]
        where = ".".join(str(step) for step in problem["loc"])
        raise TouchesUnusable(
            what=f"{path}: `{where}`", value=problem["input"], allowed=allowed(problem)
        ) from exc
    shelves = {shelf.name: number for number, shelf in enumerate(world.spec.nature.shelves)}
    milli = minor_units(world.spec.currency) * 1000
    for deal in given:
        if deal.category is not None and deal.category not in shelves:
            raise TouchesUnusable(what=f"{path}: `category`", value=deal.category, allowed=", ".join(shelves))
    return tuple(
        Deal(
            offer_id=deal.offer_id,
            channel=deal.channel,
            discount_rate=deal.discount_rate,
            category=WHOLE_SHOP if deal.category is None else shelves[deal.category],
            contact_milli=int(deal.contact_cost * milli),
        )
        for deal in given
    )


def read_contacts(path: Path) -> pa.Table:
    """Read contacts from a CSV or Parquet file: account, offer_id, at (UTC).

    Raises
    ------
    TouchesUnusable
        If it cannot be read, or lacks a column.
    """
    try:
        table = pq.read_table(path) if path.suffix == ".parquet" else pacsv.read_csv(path)
    except (OSError, pa.ArrowInvalid) as exc:
        raise TouchesUnusable(what=f"{path}", value=exc, allowed="CSV, Parquet") from exc
    missing = [name for name in ("account", "offer_id", "at") if name not in table.column_names]
    if missing:
        raise TouchesUnusable(
            what=f"{path}", value=", ".join(table.column_names), allowed="account, offer_id, at"
        )
    return table.select(["account", "offer_id", "at"])


def contacts_of(lake: Lake, *, database: Database, campaign: str, at: datetime) -> pa.Table:
    """Return the contacts of a campaign of the shop: account, offer_id, at; people without a simulated account are left out.

    They are the messages that went out, not all that were decided: whom the gate stopped was not contacted. Of a campaign that
    never was in the outbox, all contacts in `touches` count.

    Parameters
    ----------
    lake, database
        The shop's.
    campaign
        Id of a round, or name of a campaign: then its latest round.
    at
        When they are made, UTC: campaigns are decided on the machine's clock, and a world has days of its own.

    Raises
    ------
    TouchesUnusable
        If there are none.
    """
    with database.read() as connection:
        latest = latest_round(connection, campaign)
    campaign_id = latest.campaign_id if latest else campaign
    touches, customers = lake.table(TOUCHES.name), lake.table(CUSTOMERS.name)
    chosen = touches.filter((touches.campaign_id == campaign_id) & touches.offer_id.notnull())
    sent = sent_to(campaign_id, database=database)
    if sent is not None:
        went_out = pa.table(
            {
                "person_id": pa.array([person_id for person_id, _ in sent], pa.int64()),
                "offer_id": pa.array([offer_id for _, offer_id in sent], pa.string()),
            }
        )
        chosen = chosen.semi_join(ibis.memtable(went_out), ["person_id", "offer_id"])
    own = customers.filter(customers.superseded_at.isnull() & (customers.source == SOURCE))
    account = own.group_by("person_id").agg(account=own.account_id.min())
    both = (
        chosen.inner_join(account, "person_id")
        .select("account", "offer_id")
        .distinct()
        .order_by("account", "offer_id")
    )
    found = lake.engine.arrow(both)
    if not found.num_rows:
        known = lake.engine.rows(touches.select("campaign_id").distinct().order_by("campaign_id").limit(20))
        listed = ", ".join(row["campaign_id"] for row in known) or Sentence(text("none yet"))
        raise TouchesUnusable(what="--campaign", value=campaign, allowed=listed)
    return found.append_column("at", pa.array([at] * found.num_rows, pa.timestamp("us")))


def plan_of(contacts: pa.Table, deals: Sequence[Deal], *, world: World, people: pa.Table) -> Plan:
    """Return contacts as a plan.

    Parameters
    ----------
    contacts
        account, offer_id, at (naive UTC).
    deals
        What the offers give.
    world
        The world; days and hours are those of its clock.
    people
        account and person, as the truth has them.

    Raises
    ------
    TouchesUnusable
        If an account or an offer is not known.
    """
    person = _placed(
        contacts["account"],
        people["account"],
        what="account",
        allowed=Sentence(text("the {n} accounts of the world"), {"n": people.num_rows}),
    )
    offers = pa.array([deal.offer_id for deal in deals])
    deal = _placed(contacts["offer_id"], offers, what="offer_id", allowed=", ".join(offers.to_pylist()))
    local = [local_time(_moment(at), world.spec.zone) for at in contacts["at"].to_pylist()]
    touches = Touches(
        person=people["person"].to_numpy()[person],
        deal=deal,
        day=np.array([(at.date() - world.spec.start_on).days for at in local], dtype=np.int64),
        hour=np.array([at.hour for at in local], dtype=np.int64),
    )
    return Plan(touches=touches, deals=tuple(deals))


def to_remember(plan: Plan) -> pa.Table:
    """Return a plan as a table that `remembered` understands."""
    deals = [plan.deals[deal] for deal in plan.touches.deal]
    columns: dict[str, Any] = {name: getattr(plan.touches, name) for name in ("person", "day", "hour")}
    columns |= {
        name: [getattr(deal, name) for deal in deals]
        for name in ("offer_id", "channel", "discount_rate", "category", "contact_milli")
    }
    return pa.table({name: pa.array(columns[name], kind) for name, kind in _MEMORY.items()})


def remembered(table: pa.Table | None) -> Plan | None:
    """Return the plan of contacts that were played before; None: there were none."""
    if table is None:
        return None
    names = ("offer_id", "channel", "discount_rate", "category", "contact_milli")
    rows = list(zip(*(table[name].to_pylist() for name in names), strict=True))
    kinds = {row: number for number, row in enumerate(dict.fromkeys(rows))}
    deals = tuple(Deal(**dict(zip(names, row, strict=True))) for row in kinds)
    person, day, hour = (table[name].to_numpy() for name in ("person", "day", "hour"))
    return Plan(
        touches=Touches(
            person=person, deal=np.array([kinds[row] for row in rows], dtype=np.int64), day=day, hour=hour
        ),
        deals=deals,
    )


def _placed(
    values: pa.ChunkedArray, known: pa.Array | pa.ChunkedArray, *, what: str, allowed: object
) -> np.ndarray[Any, Any]:
    """Return where each value stands among the known."""
    places = pc.index_in(
        values.cast(pa.string()),
        value_set=known.combine_chunks() if isinstance(known, pa.ChunkedArray) else known,
    )
    missing = values.filter(pc.is_null(places))
    if len(missing):
        raise TouchesUnusable(what=f"`{what}`", value=missing[0].as_py(), allowed=allowed)
    return np.asarray(places.to_numpy(), dtype=np.int64)


def _moment(at: object) -> datetime:
    if isinstance(at, datetime):
        return at.replace(tzinfo=None)
    try:
        return datetime.fromisoformat(str(at)).replace(tzinfo=None)
    except ValueError as exc:
        raise TouchesUnusable(what="`at`", value=at, allowed="2024-06-01 10:00:00") from exc
