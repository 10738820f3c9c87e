"""Segments as expressions: one query over portraits and the fact tables that the rule names; values stay values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import reduce
from operator import and_, or_
from typing import Any

import ibis.expr.types as ir

from aimwell.people.model import Facts
from aimwell.portraits.measures import Measure
from aimwell.portraits.segments.model import AllOf, FactTest, Not, Rule, Segment, TraitTest
from aimwell.portraits.segments.rules import walk
from aimwell.portraits.tables.measured import holds, measured

__all__ = ["members", "membership"]


def members(portraits: ir.Table, facts: Facts, rule: Rule, *, as_of: datetime) -> ir.Table:
    """Return the portraits of the people in a segment.

    Parameters
    ----------
    portraits
        One row per person: person_id and the traits that the rule names.
    facts
        Rows that hold, for rules about facts.
    rule
        The rule.
    as_of
        The moment of the portraits; windows end there.

    Returns
    -------
    Table
        One row per person for whom the rule holds, columns of `portraits`.
    """
    table, names = _with_measures(portraits, facts, (rule,), as_of=as_of)
    return table.filter(_holds(rule, table, names)).select(*portraits.columns)


def membership(
    portraits: ir.Table, facts: Facts, segments: tuple[Segment, ...], *, as_of: datetime
) -> ir.Table:
    """Return who is in which segments: one row per person, person_id and a boolean column per segment."""
    table, names = _with_measures(portraits, facts, tuple(s.rule for s in segments), as_of=as_of)
    return table.select("person_id", **{s.name: _holds(s.rule, table, names) for s in segments})


def _with_measures(
    portraits: ir.Table, facts: Facts, rules: tuple[Rule, ...], *, as_of: datetime
) -> tuple[ir.Table, dict[Measure, str]]:
    """Return the portraits with a column for each measure that the rules need, and its name."""
    needed = {part.measure: "" for rule in rules for part in walk(rule) if isinstance(part, FactTest)}
    names = {measure: f"measure_{i}" for i, measure in enumerate(needed)}
    tables = measured(facts, {name: measure for measure, name in names.items()}, as_of=as_of)
    return reduce(_beside, tables, portraits), names


def _beside(left: ir.Table, right: ir.Table) -> ir.Table:
    return left.left_join(right, "person_id").drop("person_id_right")


def _holds(rule: Rule, table: ir.Table, names: Mapping[Measure, str]) -> Any:
    if isinstance(rule, TraitTest):
        return holds(table[rule.condition.column], rule.condition)
    if isinstance(rule, FactTest):
        return holds(table[names[rule.measure]].fill_null(0), rule.condition)
    if isinstance(rule, Not):
        return ~_holds(rule.rule, table, names)
    inner = [_holds(one, table, names) for one in rule.rules]
    return reduce(and_ if isinstance(rule, AllOf) else or_, inner)
