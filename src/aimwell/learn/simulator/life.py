"""Lives: people live day by day, with the contacts that somebody decides on, and can be led twice from the same morning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from aimwell.learn.simulator.contacts import contact
from aimwell.learn.simulator.errors import PastTheEnd
from aimwell.learn.simulator.lived import NO_ORDERS, NO_VISITS, Lived, Orders, Visits, joined
from aimwell.learn.simulator.model import WHOLE_SHOP, Deal, Touches
from aimwell.learn.simulator.randoms import BLOCK
from aimwell.learn.simulator.state import VALID_DAYS, State
from aimwell.learn.simulator.steps import Day, live_day
from aimwell.learn.simulator.touching import Agenda
from aimwell.learn.simulator.world import World

__all__ = ["Life"]


class Life:
    """The people of a world, or a chunk of them, on a morning.

    Parameters
    ----------
    world
        The world.
    first, count
        Which people; `first` begins a block. All of them if not given.

    Attributes
    ----------
    day
        The day that comes next.
    people
        What is hidden in them.
    state
        How they are this morning.
    """

    def __init__(self, world: World, *, first: int = 0, count: int | None = None) -> None:
        self.world = world
        self.first = first
        self.people = world.traits(first, world.spec.people - first if count is None else count)
        self.state = State.first(self.people)
        self.day = 0

    @property
    def size(self) -> int:
        """How many people live here."""
        return self.people.size

    def copy(self) -> Life:
        """Return the same people on the same morning, to be led another way; what is hidden in them is shared."""
        twin = object.__new__(Life)
        twin.world, twin.first, twin.people = self.world, self.first, self.people
        twin.state, twin.day = self.state.copy(), self.day
        return twin

    def live(self, days: int, *, touches: Touches | None = None, deals: Sequence[Deal] = ()) -> Lived:
        """Live so many days with these contacts.

        Parameters
        ----------
        days
            How many, 0 or more.
        touches
            Contacts on these days; `person` is a row of this life. Of several of one day, the later in the list come later.
        deals
            What `touches.deal` counts through.

        Raises
        ------
        PastTheEnd
            If the world has not so many days.
        TouchesUnusable
            If a touch is for nobody here, of no deal, or on another day.
        """
        until = self.day + days
        if until > self.world.spec.last_day:
            raise PastTheEnd(last=self.world.spec.last_day, day=until - 1)
        agenda = Agenda(touches, n_people=self.size, n_deals=len(deals), first_day=self.day, until=until)
        blocks = range(-(-self.size // BLOCK))
        found = [day for block in blocks for day in self._block(block, until, agenda=agenda, deals=deals)]
        lived = Lived(
            first_day=self.day,
            until_day=until,
            orders=joined([NO_ORDERS, *(orders for orders, _ in found)]),
            visits=joined([NO_VISITS, *(visits for _, visits in found)]),
            contacted=agenda.contacted,
        )
        self.day = until
        return lived

    def _block(
        self, block: int, until: int, *, agenda: Agenda, deals: Sequence[Deal]
    ) -> Iterator[tuple[Orders, Visits]]:
        """Lead one block through all days: its arrays stay in the processor's cache.

        Contacts of a day work from the next day on. So the orders of a day are the same whether one was contacted on it, and
        it does not matter to a comparison at which hour the contacts were made.
        """
        low = block * BLOCK
        rows, first = slice(low, min(low + BLOCK, self.size)), self.first + low
        people, state = self.people.part(rows), self.state.part(rows)
        for day in range(self.day, until):
            seen = live_day(self.world, people, state, first=first, day=day)
            yield _told(seen, state, day=day, low=low)
            for places in agenda.of(block, day):
                came = contact(
                    people,
                    state,
                    deals[agenda.deal[places[0]]],
                    seed=self.world.seed,
                    first=first,
                    day=day,
                    rows=agenda.person[places] - low,
                    hour=agenda.hour[places],
                )
                agenda.note(places, came)


def _told(seen: Day, state: State, *, day: int, low: int) -> tuple[Orders, Visits]:
    """Return what happened to a block on a day, as rows of the life."""
    who = state.active.part(seen.orders)
    is_held = who.age(day) < VALID_DAYS
    orders = Orders(
        person=(seen.orders + low).astype(np.int32),
        day=np.full(seen.orders.size, day, dtype=np.int32),
        is_impulse=seen.is_impulse,
        discount=np.where(is_held, who.discount, np.float32(0.0)),
        category=np.where(is_held, who.category, np.int16(WHOLE_SHOP)),
    )
    visits = Visits(
        person=(seen.visits + low).astype(np.int32),
        day=np.full(seen.visits.size, day, dtype=np.int32),
        is_cart=seen.is_cart,
    )
    return orders, visits
