"""Look-alike audiences from any group of people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import ibis.expr.types as ir

from aimwell.people.objections import objectors_table
from aimwell.people.service import read_facts
from aimwell.portraits.service.state import CATEGORY_DEPTH
from aimwell.portraits.tables.state import shelves
from aimwell.predict.affinity.service.gather import Source
from aimwell.predict.affinity.tables.lookalikes import alike, profiles
from aimwell.storage.lake.lake import Lake

__all__ = ["lookalikes"]


@contextmanager
def lookalikes(
    members: ir.Table,
    *,
    lake: Lake,
    k: int,
    as_of: datetime,
    objectors: frozenset[int] = frozenset(),
    known_at: datetime | None = None,
) -> Iterator[ir.Table]:
    """Hold the `k` people most like the members of a group who are not in it, by the categories they bought from.

    Parameters
    ----------
    members
        The group: person_id, such as the result of `aimwell.portraits.service.segment_members`.
    lake
        The shop's facts.
    k
        How many people, at most.
    as_of
        Purchases before this moment count; naive UTC.
    objectors
        People who are compared with nobody, as of `aimwell.people.objections.objectors`.
    known_at
        What Aimwell knew at this moment; None: now.

    Yields
    ------
    Table
        person_id, score, because_categories; the most alike first.
    """
    source = Source(facts=read_facts(lake=lake, known_at=known_at), engine=lake.engine)
    shelf = shelves(source.facts.products, category_depth=CATEGORY_DEPTH).select("product_id", "category")
    with source.lines(as_of) as lines, lake.engine.stage(profiles(lines, shelf)) as bought:
        refusing = objectors_table(objectors)
        able = bought.anti_join(refusing, "person_id")
        yield alike(able, members.select("person_id"), k=k)
