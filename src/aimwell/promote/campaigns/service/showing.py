"""Which products each person of a round is shown: chosen in the engine when the round is planned, read when it is sent or explained."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir

from aimwell.people.objections import objectors, objectors_table
from aimwell.people.service import read_facts
from aimwell.portraits.service import snapshot_rows
from aimwell.portraits.service.state import CATEGORY_DEPTH
from aimwell.predict.lists import product_lists
from aimwell.promote.campaigns import tables
from aimwell.promote.campaigns.model import Definition, Round
from aimwell.promote.campaigns.records import SHOWN
from aimwell.promote.campaigns.service.tools import Tools
from aimwell.promote.content.files import content_folder
from aimwell.promote.content.service import SELLING_DAYS
from aimwell.promote.content.tables import described, product_slots
from aimwell.promote.content.template import Template
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import Txn

__all__ = ["PRODUCTS", "catalogue_of", "choose_products", "products_shown"]

PRODUCTS = "products"
"""What templates call them."""

_N_SLOTS = 6


def choose_products(
    contacts: ir.Table, definition: Definition, *, as_of: datetime, txn: Txn, tools: Tools
) -> None:
    """Write down what each contact of a round is shown, if its template shows products: rows of `SHOWN`.

    Parameters
    ----------
    contacts
        Rows of `CONTACTS`.
    definition
        The campaign: its offers' categories go before the persons' own.
    as_of
        The moment of the portraits.
    txn
        Names the work.
    tools
        The shop.
    """
    if not Template.read(content_folder(tools.folder, definition.template)).looks_at(PRODUCTS):
        return
    lake = tools.lake
    facts = read_facts(lake=lake)
    refusing = objectors_table(objectors(lake=lake, database=tools.ledger.database))
    own = (
        snapshot_rows(lake=lake, as_of=as_of)
        .select("person_id", "top_category")
        .anti_join(refusing, "person_id")
    )
    lists = product_lists(lake=lake, as_of=as_of)
    wanted = tables.wanted_shelves(contacts, own, {o.offer_id: _shelf(o.category) for o in definition.offers})
    slots = product_slots(
        wanted.group_by("person_id", "category").agg(is_asked=wanted.is_asked.any()),
        lines=facts.order_lines,
        products=facts.products,
        since=as_of - timedelta(days=SELLING_DAYS),
        n_slots=_N_SLOTS,
        category_depth=CATEGORY_DEPTH,
        lists=None if lists is None else lists.anti_join(refusing, "person_id"),
        shows_bought=definition.shows_bought,
    )
    lake.append(SHOWN, tables.shown(wanted, slots), txn=txn)


def products_shown(found: Round, *, lake: Lake) -> ir.Table:
    """Return what a round shows to whom: columns of `SHOWN`; no rows if its template shows no products."""
    if not lake.has_table(SHOWN.name):
        return ibis.memtable(SHOWN.schema.to_pyarrow().empty_table())
    table = lake.table(SHOWN.name)
    is_its = table.decided_at == ibis.literal(found.planned_at).cast("timestamp")
    return table.filter(table.campaign_id == found.campaign_id, is_its)


def catalogue_of(found: Round, *, tools: Tools) -> Mapping[str, Mapping[str, Any]]:
    """Return by id what templates may say of the products that a round shows: at most the catalogue that affinity knows."""
    lake = tools.lake
    shown = products_shown(found, lake=lake)
    ids = shown.select(id=shown.product_ids.unnest()).distinct()
    rows = lake.engine.rows(described(read_facts(lake=lake).products).semi_join(ids, "id"))
    return {row["id"]: row | {"currency": row["currency"] or tools.currency} for row in rows}


def _shelf(category: str | None) -> str | None:
    return " > ".join(category.split(" > ")[:CATEGORY_DEPTH]) if category else None
