"""Reading rules: from TOML or JSON to checked dataclasses, with limits on depth and size.

A rule is one of::

    {"trait": "days_since_last_order", "op": "gt", "value": 90}
    {"facts": "events", "measure": "count", "within_days": 30, "where": [...], "op": "ge", "value": 3}
    {"all": [rule, ...]}    {"any": [rule, ...]}    {"not": rule}
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.datatypes as dt

from aimwell.base.words import Sentence, text
from aimwell.portraits.errors import FileUnreadable, RuleTooLarge, RuleWrong, TraitUnknown, nearest
from aimwell.portraits.measures import parse_condition, parse_measure, result_type
from aimwell.portraits.model import TraitBook
from aimwell.portraits.segments.model import AllOf, AnyOf, FactTest, Not, Rule, Segment, TraitTest

__all__ = ["MAX_DEPTH", "MAX_PARTS", "parse_rule", "parse_segments", "read_segments", "traits_of", "walk"]

MAX_DEPTH, MAX_PARTS, MAX_SEGMENTS = 8, 200, 500


def read_segments(path: Path, *, book: TraitBook) -> tuple[Segment, ...]:
    """Read a shop's `segments.toml` (or `.json`); none if the file is not there.

    Raises
    ------
    FileUnreadable
        If it is neither TOML nor JSON.
    RuleWrong, RuleTooLarge, TraitUnknown
        If a rule in it is not usable.
    """
    if not path.exists():
        return ()
    try:
        written = path.read_text("utf-8")
        raw = json.loads(written) if path.suffix == ".json" else tomllib.loads(written)
    except (ValueError, RecursionError) as exc:  # both readers' errors, and bytes that are not UTF-8
        raise FileUnreadable(path=path, reason=exc) from exc
    return parse_segments(raw, book=book)


def parse_segments(raw: Any, *, book: TraitBook) -> tuple[Segment, ...]:
    """Read segments from their data form: a table per segment under `segments`, with `meaning` and `rule`."""
    definitions = raw.get("segments", {}) if isinstance(raw, Mapping) else None
    if not isinstance(definitions, Mapping):
        raise RuleWrong(where="segments", value=repr(definitions)[:200], allowed="[segments.NAME]")
    if len(definitions) > MAX_SEGMENTS:
        what = Sentence(text("segments"))
        raise RuleTooLarge(where="segments", what=what, value=len(definitions), limit=MAX_SEGMENTS)
    return tuple(_segment(name, one, book=book) for name, one in definitions.items())


def parse_rule(raw: Any, *, book: TraitBook, where: str) -> Rule:
    """Read one rule.

    Parameters
    ----------
    raw
        The rule as data, see the module.
    book
        The traits that it may name.
    where
        Path of the rule, for messages.

    Raises
    ------
    RuleWrong
        If a key, operator or value is not usable; says where, and what is allowed.
    RuleTooLarge
        If it is deeper than 8 levels or has more than 200 parts.
    TraitUnknown
        If it names a trait that is not in the book; says the nearest names.
    """
    columns = {one.name: ibis.dtype(one.dtype) for one in book}
    rule = _rule(raw, columns=columns, where=where, depth=1)
    n_parts = sum(1 for _ in walk(rule))
    if n_parts > MAX_PARTS:
        raise RuleTooLarge(where=where, what=Sentence(text("parts")), value=n_parts, limit=MAX_PARTS)
    return rule


def walk(rule: Rule) -> Iterator[Rule]:
    """Return the rule and all rules inside it."""
    yield rule
    inner = rule.rules if isinstance(rule, AllOf | AnyOf) else (rule.rule,) if isinstance(rule, Not) else ()
    for one in inner:
        yield from walk(one)


def traits_of(segments: Iterable[Segment]) -> set[str]:
    """Return the traits that the rules of these segments compare."""
    parts = (part for one in segments for part in walk(one.rule))
    return {part.condition.column for part in parts if isinstance(part, TraitTest)}


def _segment(name: str, raw: Any, *, book: TraitBook) -> Segment:
    where = f"segments.{name}"
    if not isinstance(raw, Mapping) or set(raw) - {"meaning", "rule"} or "rule" not in raw:
        raise RuleWrong(where=where, value=repr(raw)[:200], allowed="meaning, rule")
    meaning = raw.get("meaning", name)
    if not isinstance(meaning, str):
        sentence = Sentence(text("a sentence"))
        raise RuleWrong(where=f"{where}.meaning", value=repr(meaning)[:200], allowed=sentence)
    return Segment(name=name, meaning=meaning, rule=parse_rule(raw["rule"], book=book, where=f"{where}.rule"))


def _rule(raw: Any, *, columns: Mapping[str, dt.DataType], where: str, depth: int) -> Rule:
    if depth > MAX_DEPTH:
        raise RuleTooLarge(where=where, what=Sentence(text("levels")), value=depth, limit=MAX_DEPTH)
    if not isinstance(raw, Mapping):
        raise RuleWrong(where=where, value=repr(raw)[:200], allowed="trait, facts, all, any, not")
    kinds = [key for key in ("all", "any", "not", "trait", "facts") if key in raw]
    if len(kinds) != 1:
        raise RuleWrong(
            where=where, value=", ".join(map(repr, raw))[:200], allowed="trait, facts, all, any, not"
        )
    kind = kinds[0]
    if kind == "trait":
        return _trait_test(raw, columns=columns, where=where)
    if kind == "facts":
        return _fact_test(raw, where=where)
    if len(raw) > 1:
        raise RuleWrong(where=where, value=", ".join(map(repr, raw))[:200], allowed=kind)
    if kind == "not":
        return Not(_rule(raw["not"], columns=columns, where=f"{where}.not", depth=depth + 1))
    return _group(raw[kind], kind, columns=columns, where=where, depth=depth)


def _group(raw: Any, kind: str, *, columns: Mapping[str, dt.DataType], where: str, depth: int) -> Rule:
    if not isinstance(raw, list | tuple) or not raw:
        a_list = Sentence(text("a list of rules"))
        raise RuleWrong(where=f"{where}.{kind}", value=repr(raw)[:200], allowed=a_list)
    if len(raw) > MAX_PARTS:
        raise RuleTooLarge(where=where, what=Sentence(text("parts")), value=len(raw), limit=MAX_PARTS)
    rules = tuple(
        _rule(one, columns=columns, where=f"{where}.{kind}[{i}]", depth=depth + 1)
        for i, one in enumerate(raw)
    )
    return AllOf(rules) if kind == "all" else AnyOf(rules)


def _trait_test(raw: Mapping[str, Any], *, columns: Mapping[str, dt.DataType], where: str) -> TraitTest:
    name = raw["trait"]
    if not isinstance(name, str) or name not in columns:
        raise TraitUnknown(name=str(name)[:60], nearest=nearest(str(name)[:60], columns))
    return TraitTest(condition=parse_condition(raw, columns=columns, key="trait", where=where))


def _fact_test(raw: Mapping[str, Any], *, where: str) -> FactTest:
    measure = parse_measure(raw, where=where)
    if measure.aggregate not in ("count", "sum"):
        raise RuleWrong(where=f"{where}.measure", value=repr(measure.aggregate), allowed="count, sum")
    spare = set(raw) - {"facts", "measure", "column", "within_days", "where", "op", "value"}
    if spare:
        raise RuleWrong(
            where=where,
            value=", ".join(sorted(map(repr, spare))),
            allowed="facts, measure, column, within_days, where, op, value",
        )
    compared = {"facts": measure.facts, "op": raw.get("op"), "value": raw.get("value")}
    types: dict[str, dt.DataType] = {measure.facts: result_type(measure)}
    return FactTest(
        measure=measure, condition=parse_condition(compared, columns=types, key="facts", where=where)
    )
