"""Contacts: whether they arrive, are opened, annoy or end in an unsubscription, and what an opened one does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.simulator.model import CHANNELS, Deal, Need
from aimwell.learn.simulator.people import Traits
from aimwell.learn.simulator.randoms import Purpose, sparse
from aimwell.learn.simulator.state import State

__all__ = ["Chances", "Contacted", "Pull", "chances", "contact", "pull"]

_TIRED_DAYS = 20.0  # mean life of tiredness
_NEWS = 0.3  # pull of a contact without a discount
_CLICK_SHARE = 0.3  # of opened contacts

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Chances:
    """Probabilities of what comes of a contact now, per person."""

    is_reached: NDArray[np.bool_]
    opens: Floats
    annoys: Floats  # turns away at once, opened or not
    unsubscribes_opened: Floats
    unsubscribes_unopened: Floats


@dataclass(frozen=True, kw_only=True)
class Pull:
    """What an opened contact adds on its first day: to the logarithm of the order rate, and extra orders per day."""

    remind: Floats
    impulse: Floats


@dataclass(frozen=True, kw_only=True)
class Contacted:
    """What came of contacts, a row each."""

    is_delivered: NDArray[np.bool_]
    is_opened: NDArray[np.bool_]
    is_clicked: NDArray[np.bool_]
    is_unsubscribed: NDArray[np.bool_]


def chances(
    people: Traits, state: State, deal: Deal, *, day: int, hour: NDArray[np.float32] | float
) -> Chances:
    """Return the chances of a contact on a day at a local hour."""
    channel = CHANNELS.index(deal.channel)
    tired = tiredness(state, day)
    off = np.abs(people.hour - np.asarray(hour, dtype=np.float32))
    timing = 1.0 - 0.4 * np.minimum(off, 24.0 - off) / 12.0
    opens = people.opens[:, channel] * timing * np.exp(-people.tiring * tired)
    unsubscribes = np.minimum(people.unsubscribe * (1.0 + tired), 0.9)
    is_there = (state.need != Need.GONE) & (state.need != Need.UNBORN)
    return Chances(
        is_reached=is_there & state.is_reached[:, channel],
        opens=opens.astype(np.float32),
        annoys=(people.annoy * (1.0 - np.exp(-(tired + 1.0) / 3.0))).astype(np.float32),
        unsubscribes_opened=unsubscribes.astype(np.float32),
        unsubscribes_unopened=(0.2 * unsubscribes).astype(np.float32),
    )


def tiredness(state: State, day: int) -> Floats:
    """Return how many contacts weigh on each person on a day; each fades."""
    return state.tired * np.exp((state.tired_day - day) / np.float32(_TIRED_DAYS)).astype(np.float32)


def pull(people: Traits, deal: Deal) -> Pull:
    """Return what the deal does to people who open it."""
    fit = np.ones(people.size, dtype=np.float32)
    if deal.category >= 0:
        fit = np.minimum(people.taste[:, deal.category] * people.taste.shape[1], np.float32(2.5))
    remind = np.where(people.remind > 0, people.remind * np.minimum(fit, np.float32(1.2)), people.remind)
    # scaled so that a person of mean response has a pull of about 1 at 10% off
    lift = (np.exp(people.price * np.float32(deal.discount_rate)) - 1.0) + np.float32(_NEWS)
    return Pull(remind=remind, impulse=people.impulse * fit * lift)


def contact(
    people: Traits,
    state: State,
    deal: Deal,
    *,
    seed: int,
    first: int,
    day: int,
    rows: NDArray[np.intp],
    hour: Floats,
) -> Contacted:
    """Make contacts in the course of a day, and change the state of those contacted. They work from the next day on.

    Parameters
    ----------
    people, state
        Of a block.
    deal
        What is offered.
    seed, first
        Of the world; number of the block's first person.
    day, rows, hour
        When, and whom: rows of the block, each once.
    """
    some, before = people.part(rows), state.part(rows)
    odds = chances(some, before, deal, day=day, hour=hour)
    nth = CHANNELS.index(deal.channel)

    def drawn(purpose: Purpose) -> NDArray[np.float64]:
        return sparse(seed, purpose, rows + first, day, nth=nth)

    is_delivered = odds.is_reached
    is_opened = is_delivered & (drawn(Purpose.OPENS) < odds.opens)
    is_annoyed = is_delivered & (drawn(Purpose.ANNOYS) < odds.annoys)
    leaves = np.where(is_opened, odds.unsubscribes_opened, odds.unsubscribes_unopened)
    is_unsubscribed = is_delivered & (drawn(Purpose.UNSUBSCRIBES) < leaves)
    state.tired[rows] = tiredness(before, day) + is_delivered
    state.tired_day[rows] = day
    state.need[rows[is_annoyed]] = Need.LAPSED
    state.is_reached[rows[is_unsubscribed], nth] = False
    _work(some, state, deal, day=day, rows=rows, is_opened=is_opened)
    is_clicked = is_opened & (drawn(Purpose.CLICKS) < _CLICK_SHARE)
    return Contacted(
        is_delivered=is_delivered, is_opened=is_opened, is_clicked=is_clicked, is_unsubscribed=is_unsubscribed
    )


def _work(
    some: Traits, state: State, deal: Deal, *, day: int, rows: NDArray[np.intp], is_opened: NDArray[np.bool_]
) -> None:
    """Put an opened contact in the place of an earlier one."""
    opened, force = rows[is_opened], pull(some, deal)
    state.active.day[opened] = day + 1
    state.active.remind[opened] = force.remind[is_opened]
    state.active.impulse[opened] = force.impulse[is_opened]
    state.active.discount[opened] = deal.discount_rate
    state.active.category[opened] = deal.category
