"""Facts as they hold at a moment, each linked account under its canonical person."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.storage.lake.model import TableSpec

__all__ = ["ALIASES", "alias_changes", "canonical", "holding", "linked", "without_tests"]

# One row per stretch of time in which a person was known as another: the canonical one, which has no row of its own
# meanwhile. `evidence` names the kinds that speak for it ("email", "email+phone", "hand"), never a value.
ALIASES = TableSpec(
    name="aliases",
    schema=ibis.schema(
        {
            "person_id": "int64",
            "canonical_id": "int64",
            "evidence": "string",
            "linked_at": "timestamp",
            "unlinked_at": "timestamp",
        }
    ),
    cluster_by=("person_id", "linked_at"),
)


def holding(rows: ir.Table, *, known_at: datetime | None) -> ir.Table:
    """Return the versions of rows that held at a moment: one row per grain.

    Parameters
    ----------
    rows
        known_at (not null), superseded_at (null while the row holds), and any other columns.
    known_at
        What Aimwell knew then, inclusive; None: what it knows now.
    """
    if known_at is None:
        return rows.filter(rows.superseded_at.isnull())
    moment = ibis.literal(known_at).cast("timestamp")
    return rows.filter(rows.known_at <= moment, rows.superseded_at.isnull() | (rows.superseded_at > moment))


def linked(aliases: ir.Table, *, known_at: datetime | None) -> ir.Table:
    """Return the aliases that held at a moment: one row per linked person.

    Parameters
    ----------
    aliases
        Columns of `ALIASES`.
    known_at
        As in `holding`.
    """
    if known_at is None:
        return aliases.filter(aliases.unlinked_at.isnull())
    moment = ibis.literal(known_at).cast("timestamp")
    return aliases.filter(
        aliases.linked_at <= moment, aliases.unlinked_at.isnull() | (aliases.unlinked_at > moment)
    )


def canonical(facts: ir.Table, aliases: ir.Table, *, known_at: datetime | None) -> ir.Table:
    """Return the same rows and columns with every linked `person_id` replaced by its canonical person.

    Parameters
    ----------
    facts
        person_id (int64, null: anonymous, stays null), and any other columns.
    aliases
        Columns of `ALIASES`.
    known_at
        As in `holding`.
    """
    links = linked(aliases, known_at=known_at).select(alias_id="person_id", canonical_id="canonical_id")
    joined = facts.left_join(links, facts.person_id == links.alias_id)
    return joined.mutate(person_id=joined.canonical_id.fill_null(joined.person_id)).select(*facts.columns)


def without_tests(rows: ir.Table) -> ir.Table:
    """Return the rows that are not marked as test orders; an unknown mark (null) counts as a real order."""
    return rows.filter(rows.is_test.isnull() | ~rows.is_test) if "is_test" in rows.columns else rows


def alias_changes(aliases: ir.Table, wanted: ir.Table, *, now: datetime) -> ir.Table:
    """Return the rows that turn the aliases that hold into the wanted ones; what stays is not among them.

    Parameters
    ----------
    aliases
        Columns of `ALIASES`.
    wanted
        person_id (not null, unique), canonical_id (not null), evidence (not null).
    now
        When the old ones end and the new ones begin.

    Returns
    -------
    Table
        Columns of `ALIASES`, one row per ended and per new alias: keys (person_id, linked_at) are unique.
    """
    moment = ibis.literal(now).cast("timestamp")
    current = linked(aliases, known_at=None)
    link = ("person_id", "canonical_id")
    added = wanted.anti_join(current, link).mutate(linked_at=moment, unlinked_at=ibis.null("timestamp"))
    ended = current.anti_join(wanted, link).mutate(unlinked_at=moment)
    # An alias that began at this very moment and is replaced never held: the new row takes its place.
    ended = ended.anti_join(added, ("person_id", "linked_at"))
    return _as_aliases(ended).union(_as_aliases(added))


def _as_aliases(rows: ir.Table) -> ir.Table:
    return rows.select(**{name: rows[name].cast(kind) for name, kind in ALIASES.schema.items()})
