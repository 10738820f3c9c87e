"""What a user does with people: read their facts."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.intake.facts import FACTS
from aimwell.people.model import Facts
from aimwell.people.tables import ALIASES, canonical, holding, without_tests
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import TableSpec

__all__ = ["read_facts"]


def read_facts(*, lake: Lake, known_at: datetime | None = None) -> Facts:
    """Return the shop's facts as expressions: rows that hold, aliases applied, test orders left out.

    Parameters
    ----------
    lake
        The shop's lake; tables that no load has made yet are empty.
    known_at
        What Aimwell knew at this moment (naive UTC, inclusive); None: what it knows now.
    """
    aliases = lake.table(ALIASES.name) if lake.has_table(ALIASES.name) else None

    def read(spec: TableSpec) -> ir.Table:
        rows = _rows(lake, spec)
        held = without_tests(holding(rows, known_at=known_at))
        if aliases is None or "person_id" not in spec.schema:
            return held
        return canonical(held, aliases, known_at=known_at)

    return Facts(**{name: read(spec) for name, spec in FACTS.items()})


def _rows(lake: Lake, spec: TableSpec) -> ir.Table:
    if lake.has_table(spec.name):
        return lake.table(spec.name)
    return ibis.memtable(spec.schema.to_pyarrow().empty_table())
