"""Looking: one customer on one screen, and the dictionary of traits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis

from aimwell.people.service import read_facts
from aimwell.portraits.errors import PersonUnknown
from aimwell.portraits.model import Beside, TraitBook
from aimwell.portraits.service.snapshots import snapshot_at
from aimwell.portraits.tables.moments import before
from aimwell.storage.lake.lake import Lake

__all__ = ["OrderSeen", "PersonSeen", "portrait_of", "trait_dictionary"]


@dataclass(frozen=True, kw_only=True)
class OrderSeen:
    """One of a person's last orders."""

    order_id: str
    ordered_at: datetime
    status: str | None
    channel: str | None
    n_lines: int | None
    items_minor: int | None
    currency: str | None


@dataclass(frozen=True, kw_only=True)
class PersonSeen:
    """Everything that one screen about a customer shows.

    Attributes
    ----------
    traits
        The portrait: value per trait, None where there is none.
    last_orders
        Newest first, cancelled ones too.
    """

    person_id: int
    as_of: datetime
    traits: dict[str, Any]
    last_orders: tuple[OrderSeen, ...]


def portrait_of(
    *,
    lake: Lake,
    person_id: int,
    as_of: datetime | None = None,
    n_orders: int = 5,
    beside: Beside | None = None,
) -> PersonSeen:
    """Return one person's portrait in a snapshot (None: the newest) with their last orders before it, and what is laid `beside` it.

    Raises
    ------
    NoPortraits, SnapshotUnknown
        If the snapshot was never built.
    PersonUnknown
        If it has no such person.
    """
    snapshot = snapshot_at(lake=lake, as_of=as_of)
    portraits = lake.table(snapshot.table_name)
    mine = portraits.filter(portraits.person_id == person_id)
    found = lake.engine.rows(mine if beside is None else beside(mine, snapshot.as_of, None))
    if not found:
        raise PersonUnknown(person_id=person_id, as_of=snapshot.as_of.isoformat())
    orders = before(read_facts(lake=lake, known_at=snapshot.known_at).orders, "ordered_at", snapshot.as_of)
    latest = orders.filter(orders.person_id == person_id).order_by(
        [ibis.desc("ordered_at"), ibis.desc("order_id")]
    )
    columns = list(OrderSeen.__dataclass_fields__)
    rows = lake.engine.rows(latest.select(*columns).limit(n_orders))
    traits = {name: value for name, value in found[0].items() if name not in ("person_id", "as_of")}
    return PersonSeen(
        person_id=person_id,
        as_of=snapshot.as_of,
        traits=traits,
        last_orders=tuple(OrderSeen(**row) for row in rows),
    )


def trait_dictionary(*, book: TraitBook) -> list[dict[str, str]]:
    """Return the dictionary: name, group, type, unit, meaning, grain and sources of every trait.

    `unit` and `group` are keys of `UNITS` and `GROUPS`; `meaning` is a marked text.
    """
    return [
        {
            "name": one.name,
            "group": one.group,
            "type": one.dtype,
            "unit": one.unit,
            "meaning": one.meaning,
            "grain": one.grain,
            "sources": ", ".join(one.sources),
        }
        for one in book
    ]
