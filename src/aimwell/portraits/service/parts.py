"""Ranges of people: what is too much for an engine at once is done part by part, so that memory does not grow with the shop.

Facts are clustered by person, so a part reads little more than its share of the files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import ibis.expr.types as ir

from aimwell.people.model import Facts
from aimwell.storage.engines import Engine

__all__ = ["Part", "parts_of"]

_OF_PEOPLE = ("orders", "order_lines", "events", "customers", "refunds", "cases", "touches")
_ROWS_OF_PERSON = 10  # what a person's own row weighs beside rows of facts


@dataclass(frozen=True, kw_only=True)
class Part:
    """People whose ids are in [start, end); None: no end on this side."""

    start: int | None = None
    end: int | None = None

    def rows(self, table: ir.Table) -> ir.Table:
        """Return the rows of these people."""
        if self.start is not None:
            table = table.filter(table.person_id >= self.start)
        return table if self.end is None else table.filter(table.person_id < self.end)

    def facts(self, facts: Facts) -> Facts:
        """Return the facts of these people; products and costs are everybody's."""
        return replace(facts, **{name: self.rows(getattr(facts, name)) for name in _OF_PEOPLE})


def parts_of(facts: Facts, *, engine: Engine) -> tuple[Part, ...]:
    """Return as many parts as the engine likes, of about the same size: ids are random, so even ranges split people evenly."""
    if engine.rows_at_once is None:
        return (Part(),)
    n_facts = sum(
        engine.rows(table.agg(n=table.count()))[0]["n"] for table in (facts.order_lines, facts.events)
    )
    ids = facts.orders.person_id
    people = engine.rows(facts.orders.agg(n=ids.nunique(), low=ids.min(), high=ids.max()))[0]
    n_parts = -(-(n_facts + _ROWS_OF_PERSON * people["n"]) // engine.rows_at_once)
    if n_parts <= 1 or people["low"] is None:
        return (Part(),)
    step = (people["high"] - people["low"]) // n_parts + 1
    edges = [None, *[people["low"] + step * i for i in range(1, n_parts)], None]
    return tuple(Part(start=start, end=end) for start, end in pairwise(edges))
