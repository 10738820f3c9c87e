"""What of a file is new to the lake: rows compared with those that held before this load.

A load that was cut off and runs again must judge as it did the first time. So its own rows do not count as stored, and
rows that it closed count as open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.intake.facts import PROVENANCE

__all__ = ["changed_keys", "completed", "fates", "held_before", "with_provenance"]

_WHO = ("account_id", "person_id")


def held_before(stored: ir.Table, *, source: str, load_id: str, known_at: datetime) -> ir.Table:
    """Return the rows of a source that held when this load began, without their provenance."""
    at = ibis.literal(known_at).cast("timestamp")
    holds = stored.superseded_at.isnull() | (stored.superseded_at == at)
    rows = stored.filter((stored.source == source) & (stored.load_id != load_id) & holds)
    return rows.drop(*PROVENANCE)


def with_provenance(rows: ir.Table, *, source: str, load_id: str, known_at: datetime) -> ir.Table:
    """Return the rows with where they came from and since when they are known."""
    return rows.mutate(
        source=ibis.literal(source),
        load_id=ibis.literal(load_id),
        known_at=ibis.literal(known_at).cast("timestamp"),
        superseded_at=ibis.null("timestamp"),
    )


def changed_keys(new: ir.Table, old: ir.Table, *, key: str, compares_who: bool) -> ir.Table:
    """Return the keys under which rows were added, changed or taken away: one column, the key.

    Parameters
    ----------
    new
        Rows of the file.
    old
        Rows that held before, same columns.
    key
        Both have it; a key that the file does not name is left alone.
    compares_who
        Account and person count too; not in a dry run, which gives nobody an id.
    """
    columns = [name for name in old.columns if compares_who or name == key or name not in _WHO]
    mine, theirs = (_comparable(rows, columns) for rows in (new, old.semi_join(new, key)))
    return ibis.union(mine.difference(theirs).select(key), theirs.difference(mine).select(key)).distinct()


def completed(new: ir.Table, old: ir.Table, *, key: str, columns: Collection[str]) -> ir.Table:
    """Return the new rows; where these columns are null, they keep what the old row of the key has."""
    kept = old.select(key, *columns).rename({f"old_{name}": name for name in (key, *columns)})
    both = new.left_join(kept, new[key] == kept[f"old_{key}"])
    filled = {name: ibis.coalesce(both[name], both[f"old_{name}"]) for name in columns}
    return both.mutate(**filled).select(*new.columns)


def fates(judged: ir.Table) -> ir.Table:
    """Count rows by fate: one row with n_received, n_stored, n_duplicate, n_quarantined.

    Parameters
    ----------
    judged
        One row per input row: is_changed and is_repeat (bool), reason (null where usable).
    """
    is_held = judged.reason.notnull()
    is_stored = ~is_held & judged.is_changed & ~judged.is_repeat
    return judged.aggregate(
        n_received=judged.count(),
        n_stored=is_stored.sum().fill_null(0),
        n_duplicate=(~is_held & ~is_stored).sum().fill_null(0),
        n_quarantined=is_held.sum().fill_null(0),
    )


def _comparable(rows: ir.Table, columns: Sequence[str]) -> ir.Table:
    """Return the columns in one order and type; maps as text, because engines do not compare them."""
    return rows.select(**{name: _plain(rows[name]) for name in columns})


def _plain(value: ir.Value) -> ir.Value:
    if value.type().is_map():
        pairs: Iterable[ir.StringValue] = (value.keys().join("\x1f"), value.values().join("\x1f"))
        return ibis.array(list(pairs)).join("\x1e")
    return value
