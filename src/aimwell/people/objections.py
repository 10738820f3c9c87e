"""Who objected to personal recommendations: people get what is popular instead, whatever was learned of them."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from aimwell.people.service import canonical_ids
from aimwell.storage.database import Database
from aimwell.storage.lake.lake import Lake
from aimwell.trust.consent import rows

__all__ = ["objectors", "objectors_table"]


def objectors(*, lake: Lake, database: Database) -> frozenset[int]:
    """Return who objects now: the person_id under which facts are kept, where the last that any linked account said is no.

    Nobody needs to agree first. Bound: as many numbers as people ever objected.

    Parameters
    ----------
    lake
        Knows which accounts are one person.
    database
        Keeps the consent ledger.
    """
    with database.read() as connection:
        ids = rows.people_who_refuse(connection, "personalisation")
    return frozenset(canonical_ids(ids, lake=lake))


def objectors_table(people: frozenset[int]) -> ir.Table:
    """Return a result of `objectors` as a table of person_id."""
    return ibis.memtable(pa.table({"person_id": pa.array(sorted(people), pa.int64())}))
