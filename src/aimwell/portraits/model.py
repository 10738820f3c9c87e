"""What a portrait is made of: traits, and the book that a shop keeps of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, TypeAlias

import ibis.expr.types as ir

from aimwell.base.words import text
from aimwell.portraits.errors import TraitTwice, TraitUnknown, nearest

__all__ = [
    "GROUPS",
    "UNITS",
    "Beside",
    "Group",
    "Snapshot",
    "StateMark",
    "Trait",
    "TraitBook",
    "Unit",
    "trait",
]

Group = Literal[
    "recency",
    "frequency",
    "money",
    "tenure",
    "rhythm",
    "basket",
    "price",
    "tastes",
    "loyalty",
    "habits",
    "browsing",
    "returns",
    "service",
    "contact",
    "lifecycle",
    "predicted",
    "own",
]
Unit = Literal[
    "",
    "days",
    "orders",
    "items",
    "lines",
    "minor",
    "events",
    "rate",
    "lift",
    "ratio",
    "score",
    "date",
    "time",
]

GROUPS: dict[Group, str] = {
    "recency": text("Recency"),
    "frequency": text("Frequency"),
    "money": text("Money"),
    "tenure": text("Tenure"),
    "rhythm": text("Rhythm"),
    "basket": text("Basket"),
    "price": text("Price sensitivity"),
    "tastes": text("Tastes"),
    "loyalty": text("Loyalty and switching"),
    "habits": text("Habits"),
    "browsing": text("Browsing"),
    "returns": text("Returns"),
    "service": text("Service"),
    "contact": text("Contact"),
    "lifecycle": text("Lifecycle"),
    "predicted": text("Predicted"),
    "own": text("The shop's own"),
}
UNITS: dict[Unit, str] = {
    "": text("none"),
    "days": text("days"),
    "orders": text("orders"),
    "items": text("different things"),
    "lines": text("order lines"),
    "minor": text("minor units of the shop's currency"),
    "events": text("events"),
    "rate": text("share, 0 to 1"),
    "lift": text("times as much as everybody (1 = average)"),
    "ratio": text("ratio"),
    "score": text("score, 1 to 5"),
    "date": text("date"),
    "time": text("moment, UTC"),
}


Beside: TypeAlias = Callable[[ir.Table, datetime, Collection[str] | None], ir.Table]
"""Lays columns of other wings beside portraits: gets the portraits, their moment, and the traits wanted (None: all there are)."""


@dataclass(frozen=True, kw_only=True)
class StateMark:
    """Which facts are in a state: those before `as_of` that were known at `known_at` (both naive UTC)."""

    as_of: datetime
    known_at: datetime
    category_depth: int

    def may_become(self, other: StateMark) -> bool:
        """Say whether this state can be folded forward to the other mark."""
        return (
            self.as_of <= other.as_of
            and self.known_at <= other.known_at
            and self.category_depth == other.category_depth
        )


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Portraits of everybody as of one moment, kept in the lake under `table_name`."""

    as_of: datetime
    known_at: datetime
    built_at: datetime
    table_name: str
    n_people: int


@dataclass(frozen=True, kw_only=True)
class Trait:
    """One fact about a person as of a moment: a named, typed, documented expression.

    Attributes
    ----------
    name
        Column name in a portrait.
    group
        Chapter of the dictionary.
    dtype
        Ibis type of the column; the expression is cast to it.
    unit
        Key of `UNITS`.
    meaning
        Marked text for people; says when the trait is null.
    sources
        Fact tables that it is made from.
    of
        Makes the expression. A plain trait gets the table of a person's ingredients; a `derived` one also finds there
        every plain trait.
    derived
        Whether it is made from other traits.
    grain
        What one value belongs to; a portrait has one row per person.
    """

    name: str
    group: Group
    dtype: str
    meaning: str
    sources: tuple[str, ...]
    of: Callable[[ir.Table], Any]
    unit: Unit = ""
    derived: bool = False
    grain: str = "person"


@dataclass(frozen=True)
class TraitBook:
    """The traits of a shop in a fixed order: the built-in ones, then its own.

    Raises
    ------
    TraitTwice
        If two traits have the same name.
    """

    traits: tuple[Trait, ...]

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for one in self.traits:
            if one.name in seen:
                raise TraitTwice(name=one.name)
            seen.add(one.name)

    def __iter__(self) -> Iterator[Trait]:
        return iter(self.traits)

    def __len__(self) -> int:
        return len(self.traits)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Trait:
        if name not in self._by_name:
            raise TraitUnknown(name=name, nearest=nearest(name, self._by_name))
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Trait]:
        return {one.name: one for one in self.traits}

    def extended(self, own: Iterable[Trait]) -> TraitBook:
        """Return a book with a shop's own traits behind these."""
        return TraitBook((*self.traits, *own))


def trait(
    *,
    name: str,
    dtype: str,
    meaning: str,
    sources: tuple[str, ...],
    unit: Unit = "",
) -> Callable[[Callable[[ir.Table], Any]], Trait]:
    """Turn a function from a table of people to a column into one of the shop's own traits.

    The function finds every built-in trait, and the ingredients they are made of, as columns of its argument.

    Examples
    --------
    >>> @trait(name="is_night_owl", dtype="boolean", meaning="Orders mostly at night.", sources=("orders",))
    ... def is_night_owl(people):
    ...     return people.night_rate > 0.5
    >>> is_night_owl.group
    'own'
    """

    def made(of: Callable[[ir.Table], Any]) -> Trait:
        return Trait(
            name=name,
            group="own",
            dtype=dtype,
            meaning=meaning,
            sources=sources,
            of=of,
            unit=unit,
            derived=True,
        )

    return made
