"""What a segment is: a name, words, and a rule made of comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from aimwell.portraits.errors import SegmentUnknown, nearest
from aimwell.portraits.measures import Condition, Measure

__all__ = ["AllOf", "AnyOf", "FactTest", "Not", "Rule", "Segment", "SegmentBook", "TraitTest"]


@dataclass(frozen=True, kw_only=True)
class TraitTest:
    """A comparison of a trait with a value; an empty trait meets only `is_null`."""

    condition: Condition


@dataclass(frozen=True, kw_only=True)
class FactTest:
    """A comparison of a measure over facts with a value; who has no such fact has 0."""

    measure: Measure
    condition: Condition


@dataclass(frozen=True)
class AllOf:
    """Every one of these rules holds."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one of these rules holds."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Not:
    """The rule does not hold."""

    rule: Rule


Rule: TypeAlias = TraitTest | FactTest | AllOf | AnyOf | Not


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A named group of people.

    Attributes
    ----------
    name
        How rules, plans and commands call it.
    meaning
        What it is, for people (a marked text for built-in ones).
    rule
        Who is in it.
    """

    name: str
    meaning: str
    rule: Rule


@dataclass(frozen=True)
class SegmentBook:
    """The segments that a shop knows; a shop's own one stands before a built-in one of the same name."""

    segments: tuple[Segment, ...]

    def __iter__(self) -> Iterator[Segment]:
        return iter({one.name: one for one in self.segments}.values())

    def __getitem__(self, name: str) -> Segment:
        known = {one.name: one for one in self.segments}
        if name not in known:
            raise SegmentUnknown(name=name, nearest=nearest(name, known))
        return known[name]

    def extended(self, own: Iterable[Segment]) -> SegmentBook:
        """Return a book with a shop's own segments in it."""
        return SegmentBook((*self.segments, *own))
