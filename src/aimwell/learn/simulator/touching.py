"""The contacts of some days, sorted into the order in which they are made."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.simulator.contacts import Contacted
from aimwell.learn.simulator.errors import TouchesUnusable
from aimwell.learn.simulator.model import Touches
from aimwell.learn.simulator.randoms import BLOCK

__all__ = ["Agenda"]


class Agenda:
    """Hands out contacts block by block and day by day, and notes what came of them.

    Parameters
    ----------
    touches
        The contacts; None: there are none.
    n_people, n_deals
        How many rows and deals there are.
    first_day, until
        Days on which contacts may be, half-open.

    Attributes
    ----------
    person, deal, hour
        Of the touches.
    contacted
        What came of them, as far as noted.

    Raises
    ------
    TouchesUnusable
        If a touch is for nobody, of no deal, or on another day.
    """

    def __init__(
        self, touches: Touches | None, *, n_people: int, n_deals: int, first_day: int, until: int
    ) -> None:
        nothing = np.empty(0, dtype=np.int64)
        given = touches or Touches(person=nothing, deal=nothing, day=nothing, hour=nothing)
        self.person, self.deal = given.person.astype(np.intp), given.deal.astype(np.intp)
        self.hour = given.hour.astype(np.float32)
        for name, values, low, high in (
            ("person", self.person, 0, n_people),
            ("deal", self.deal, 0, n_deals),
            ("day", given.day, first_day, until),
            ("hour", self.hour, 0, 24),
        ):
            wrong = values[(values < low) | (values >= high)]
            if wrong.size:
                raise TouchesUnusable(what=f"`{name}`", value=wrong[0], allowed=f"{low} … {high - 1}")
        no = np.zeros(self.person.size, dtype=np.bool_)
        self.contacted = Contacted(
            is_delivered=no, is_opened=no.copy(), is_clicked=no.copy(), is_unsubscribed=no.copy()
        )
        self._groups = self._sorted(given.day.astype(np.int64))

    def of(self, block: int, day: int) -> Iterator[NDArray[np.intp]]:
        """Yield the places of touches of a block (of this life) on a day: one deal at a time, each person once at a time."""
        yield from self._groups.get((block, day), ())

    def note(self, places: NDArray[np.intp], came: Contacted) -> None:
        """Note what came of touches."""
        for name, values in vars(self.contacted).items():
            values[places] = getattr(came, name)

    def _sorted(self, day: NDArray[np.int64]) -> dict[tuple[int, int], list[NDArray[np.intp]]]:
        if not day.size:
            return {}
        block, nth = self.person // BLOCK, _nth(self.person, day)
        order = np.lexsort((self.deal, nth, day, block))
        keys = np.stack([block, day, nth, self.deal])[:, order]
        begins = np.flatnonzero(np.append(True, (np.diff(keys) != 0).any(axis=0)))
        groups: dict[tuple[int, int], list[NDArray[np.intp]]] = {}
        for places in np.split(order, begins[1:]):
            groups.setdefault((int(block[places[0]]), int(day[places[0]])), []).append(places)
        return groups


def _nth(person: NDArray[np.intp], day: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return for each touch how many of the same person and day stand before it."""
    order = np.lexsort((np.arange(person.size), day, person))
    is_new = np.append(True, (np.diff(person[order]) != 0) | (np.diff(day[order]) != 0))
    begins = np.maximum.accumulate(np.where(is_new, np.arange(person.size), 0))
    nth = np.empty(person.size, dtype=np.intp)
    nth[order] = np.arange(person.size) - begins
    return nth
