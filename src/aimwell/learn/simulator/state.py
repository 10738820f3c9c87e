"""The state of people on a day: what changes while they live, apart from what a shop can see of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.simulator.model import WHOLE_SHOP
from aimwell.learn.simulator.people import Traits

__all__ = ["FADING", "RECEPTIVE", "VALID_DAYS", "Active", "State"]

VALID_DAYS = 14  # how long an opened contact works, and how long its discount holds
FADING = np.append(np.exp(-np.arange(VALID_DAYS) / 4.0), 0.0).astype(
    np.float32
)  # by days since it began to work
RECEPTIVE = np.array([0.15, 0.05, 0.3, 1.0, 1.0, 0.0, 0.0], dtype=np.float32)  # to impulses, per `Need`
_LONG_AGO = -1_000_000

Floats = NDArray[np.float32]


@dataclass(kw_only=True)
class Active:
    """The contact that each person opened last.

    Attributes
    ----------
    day
        The first day on which it works; long ago: none was ever opened.
    remind, impulse
        What it adds to the logarithm of the order rate, and the rate of extra orders, on its first day.
    discount, category
        Of its deal.
    """

    day: NDArray[np.int32]
    remind: Floats
    impulse: Floats
    discount: Floats
    category: NDArray[np.int16]

    @classmethod
    def none(cls, n: int) -> Active:
        """Return that of people who never opened one."""
        zeros = np.zeros(n, dtype=np.float32)
        return cls(
            day=np.full(n, _LONG_AGO, dtype=np.int32),
            remind=zeros.copy(),
            impulse=zeros.copy(),
            discount=zeros.copy(),
            category=np.full(n, WHOLE_SHOP, dtype=np.int16),
        )

    def age(self, day: int) -> NDArray[np.int32]:
        """Return days since it began to work, `VALID_DAYS` when it works no more."""
        return np.minimum(day - self.day, VALID_DAYS)

    def depth(self, day: int) -> Floats:
        """Return how much of a whole order the discount takes off, about: what decides whether people buy for stock."""
        held = np.where(self.age(day) < VALID_DAYS, self.discount, np.float32(0.0))
        return np.where(self.category == WHOLE_SHOP, held, held * np.float32(0.5))

    def part(self, rows: slice | NDArray[Any]) -> Active:
        """Return that of some people; a slice gives views."""
        return Active(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(kw_only=True)
class State:
    """What changes from day to day: the need (`Need`), the contact at work, how tired people are of contacts, who is reached.

    `tired` counts recent contacts as of day `tired_day`; it fades with time.
    """

    need: NDArray[np.int8]
    active: Active
    tired: Floats
    tired_day: NDArray[np.int32]
    is_reached: NDArray[np.bool_]

    @classmethod
    def first(cls, people: Traits) -> State:
        """Return the state on day 0."""
        return cls(
            need=people.need.copy(),
            active=Active.none(people.size),
            tired=np.zeros(people.size, dtype=np.float32),
            tired_day=np.zeros(people.size, dtype=np.int32),
            is_reached=people.is_reached.copy(),
        )

    def part(self, rows: slice | NDArray[Any]) -> State:
        """Return that of some people; a slice gives views, so that changes are changes of the whole."""
        return State(
            **{
                field.name: getattr(self, field.name)[rows]
                for field in fields(self)
                if field.name != "active"
            },
            active=self.active.part(rows),
        )

    def copy(self) -> State:
        """Return a state of its own."""
        active = Active(**{field.name: getattr(self.active, field.name).copy() for field in fields(Active)})
        return State(
            **{
                field.name: getattr(self, field.name).copy()
                for field in fields(self)
                if field.name != "active"
            },
            active=active,
        )
