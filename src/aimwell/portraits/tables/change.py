"""Who has changed: the people whose state must be computed anew, found without reading what has not changed.

Three plain filters instead of one with "or": an engine then skips every file and row group whose range says that nothing
in it is new, late, superseded or newly past.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.people.tables import holding, linked
from aimwell.portraits.model import StateMark
from aimwell.portraits.tables.moments import at
from aimwell.portraits.tables.state import shelves

__all__ = ["TIMES", "changed_people", "latest_known", "moved_products", "relinked", "resolved"]

# The fact tables that a state is made of, and when their rows happened.
TIMES = {"orders": "ordered_at", "order_lines": "ordered_at", "events": "occurred_at"}


def latest_known(tables: Mapping[str, ir.Table], *, known_at: datetime) -> ir.Table:
    """Return one row: the last moment up to `known_at` at which a row came or was superseded (known_at; null: none).

    A state is marked with this rather than with `known_at` itself, so that a load that ran meanwhile and becomes visible
    later, with an earlier `known_at`, still counts as new.
    """
    moments = ibis.union(
        *[
            rows.filter(rows[column] <= at(known_at)).agg(known_at=rows[column].max())
            for rows in tables.values()
            for column in ("known_at", "superseded_at")
        ]
    )
    return moments.agg(known_at=moments.known_at.max())


def changed_people(tables: Mapping[str, ir.Table], *, since: StateMark, until: StateMark) -> ir.Table:
    """Return the people of rows that came, were superseded, or became past between two marks.

    Parameters
    ----------
    tables
        Fact tables by the names of `TIMES`, with superseded rows, as loaded: person_id not yet canonical.
    since, until
        The earlier and the later mark.

    Returns
    -------
    Table
        One row per person: person_id (not null).
    """
    found = []
    for name, rows in tables.items():
        time = TIMES[name]
        known = [_between(rows[c], since.known_at, until.known_at) for c in ("known_at", "superseded_at")]
        became_past = (rows[time] >= at(since.as_of)) & (rows[time] < at(until.as_of))
        found += [rows.filter(change).select("person_id") for change in (*known, became_past)]
    people = ibis.union(*found)
    return people.filter(people.person_id.notnull()).distinct()


def relinked(aliases: ir.Table, *, since: StateMark, until: StateMark) -> ir.Table:
    """Return the people that were linked or unlinked between two marks, on both ends of the link: person_id."""
    changed = aliases.filter(
        _between(aliases.linked_at, since.known_at, until.known_at)
        | _between(aliases.unlinked_at, since.known_at, until.known_at).fill_null(False)  # noqa: FBT003
    )
    return ibis.union(
        changed.select("person_id"), changed.select(person_id=changed.canonical_id), distinct=True
    ).cast({"person_id": "int64"})


def resolved(people: ir.Table, aliases: ir.Table, *, known_at: datetime) -> ir.Table:
    """Return these people and those that they are known as at a moment: person_id."""
    links = linked(aliases, known_at=known_at)
    canonical = links.semi_join(people, "person_id").select(person_id=links.canonical_id.cast("int64"))
    return ibis.union(people.cast({"person_id": "int64"}), canonical, distinct=True)


def moved_products(
    products: ir.Table, *, since: StateMark, until: StateMark, category_depth: int
) -> ir.Table:
    """Return the products that stand on another shelf, or under another brand, than at the earlier mark: product_id.

    `products` has superseded rows.
    """
    old = shelves(holding(products, known_at=since.known_at), category_depth=category_depth)
    new = shelves(holding(products, known_at=until.known_at), category_depth=category_depth)
    both = old.outer_join(new, "product_id", rname="new_{name}")
    has_moved = ~(both.category.identical_to(both.new_category) & both.brand.identical_to(both.new_brand))
    return both.filter(has_moved).select(product_id=both.product_id.fill_null(both.new_product_id)).distinct()


def _between(column: ir.TimestampColumn, start: datetime, end: datetime) -> ir.BooleanValue:
    return (column > at(start)) & (column <= at(end))
