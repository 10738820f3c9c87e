"""What people bought, as flat arrays: a line is one product in one basket of one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aimwell.predict.affinity.arrays import BoolArray, IntArray

__all__ = ["CODE_STEP", "DAY_STEP", "MAX_TURNS", "Histories", "unpacked"]

MAX_TURNS = 200
"""Baskets of a person that are looked at, the newest first."""

# A line travels through the engine as one whole number: code x 2^32 + days x 2^12 + turn.
DAY_STEP = 2**12
CODE_STEP = 2**32


@dataclass(frozen=True, kw_only=True)
class Histories:
    """Lines of some people.

    Attributes
    ----------
    person
        (n,) places of the people, from 0, ascending.
    code
        (n,) products, by their place in the catalogue.
    turn
        (n,) how many later baskets the person has: 0 is the newest.
    days
        (n,) days between the basket and the moment of the model.
    n_people
        How many people, those without lines too.
    """

    person: IntArray
    code: IntArray
    turn: IntArray
    days: IntArray
    n_people: int

    def before(self, turn: int) -> Histories:
        """Return the histories as they were before the basket of this turn."""
        kept = self.turn > turn
        return Histories(
            person=self.person[kept],
            code=self.code[kept],
            turn=self.turn[kept] - turn - 1,
            days=self.days[kept],
            n_people=self.n_people,
        )

    def basket(self, turn: int) -> tuple[IntArray, IntArray]:
        """Return (person, code) of the baskets of this turn."""
        inside = self.turn == turn
        return self.person[inside], self.code[inside]

    def of(self, people: BoolArray) -> Histories:
        """Return the histories of some people, numbered anew.

        Parameters
        ----------
        people
            (n_people,) which.
        """
        kept = people[self.person]
        places = np.cumsum(people) - 1
        return Histories(
            person=places[self.person[kept]],
            code=self.code[kept],
            turn=self.turn[kept],
            days=self.days[kept],
            n_people=int(people.sum()),
        )

    def part(self, first: int, size: int) -> Histories:
        """Return the histories of `size` people from the place `first` on, fewer at the end, numbered anew."""
        n_people = min(size, self.n_people - first)
        start, end = np.searchsorted(self.person, [first, first + n_people])
        return Histories(
            person=self.person[start:end] - first,
            code=self.code[start:end],
            turn=self.turn[start:end],
            days=self.days[start:end],
            n_people=n_people,
        )


def unpacked(lines: IntArray, lengths: Sequence[int] | IntArray) -> Histories:
    """Return histories from packed lines.

    Parameters
    ----------
    lines
        All lines, person after person, each packed into one whole number.
    lengths
        How many lines each person has.
    """
    counts = np.asarray(lengths, dtype=np.int64)
    return Histories(
        person=np.repeat(np.arange(len(counts)), counts),
        code=lines // CODE_STEP,
        turn=lines % DAY_STEP,
        days=lines % CODE_STEP // DAY_STEP,
        n_people=len(counts),
    )
