"""Playing: the next days with the contacts that somebody decided on, and the same days without them.

Both lives begin on one morning and are led by the same random numbers, so that they differ only by what the contacts did.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from aimwell.learn.simulator.accounts import accounts, customers_table
from aimwell.learn.simulator.baskets import LAST_RETURN_DAYS, lines_of
from aimwell.learn.simulator.contacts import Contacted
from aimwell.learn.simulator.errors import TouchesUnusable
from aimwell.learn.simulator.footprints import mail_events, visit_events
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.lived import Lived, Orders, joined
from aimwell.learn.simulator.model import Deal, Touches
from aimwell.learn.simulator.randoms import Purpose, sparse
from aimwell.learn.simulator.tables import ORDERS_AT_ONCE, Teller, moments, rows_of
from aimwell.learn.simulator.truth import truth
from aimwell.learn.simulator.world import World

__all__ = ["Facts", "Plan", "Played", "play"]

_PEOPLE_AT_ONCE = 32_768
_HORIZON_DAYS = 60  # of expected effects
_OUTCOMES = tuple(field.name for field in fields(Contacted))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Contacts and the deals that they count through; people are numbers of the world."""

    touches: Touches
    deals: Sequence[Deal]

    def of(self, first: int, count: int, since: int, until: int) -> Touches:
        """Return the contacts of some people in some days, both half-open, with people as rows of their life."""
        person, day = self.touches.person, self.touches.day
        is_here = (person >= first) & (person < first + count)
        some = self.touches.rows(np.flatnonzero(is_here & (day >= since) & (day < until)))
        return replace(some, person=some.person - first)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the shop's systems export of the days: new customers, order lines (old ones again, where they came back now), events, cases."""

    customers: pa.Table
    order_lines: pa.Table
    events: pa.Table
    cases: pa.Table


@dataclass(frozen=True, kw_only=True)
class Played:
    """What became of some people.

    Attributes
    ----------
    happened, otherwise
        With the contacts, and without them.
    effects
        A row per contact: account, person, offer_id, day, is_delivered, is_opened, is_clicked, is_unsubscribed; expected_effect_minor: true
        expected profit of the 60 days from the contact on, less that without this contact, its cost taken off (fewer days, if the world ends);
        realised_effect_minor: profit of the days played, all contacts of the person together, less that without any, on the person's first row.
    """

    happened: Facts
    otherwise: Facts
    effects: pa.Table


def play(world: World, *, since: int, days: int, plan: Plan, earlier: Plan | None = None) -> Iterator[Played]:
    """Play the world on from a day, chunk by chunk of people.

    Parameters
    ----------
    world
        The world.
    since, days
        First day, and how many.
    plan
        Contacts on these days.
    earlier
        Contacts on the days before them: they have made people what they are now.

    Raises
    ------
    PastTheEnd
        If the world has not so many days.
    TouchesUnusable
        If a contact is for nobody, of no deal, or on another day.
    """
    wrong = plan.touches.day[(plan.touches.day < since) | (plan.touches.day >= since + days)]
    if wrong.size:
        raise TouchesUnusable(what="`day`", value=wrong[0], allowed=f"{since} … {since + days - 1}")
    nothing = np.empty(0, dtype=np.int64)
    before = earlier or Plan(
        touches=Touches(person=nothing, deal=nothing, day=nothing, hour=nothing), deals=()
    )
    for first, count in world.chunks(_PEOPLE_AT_ONCE):
        life = Life(world, first=first, count=count)
        past = life.live(since, touches=before.of(first, count, 0, since), deals=before.deals).orders
        recent = rows_of(past, np.flatnonzero(past.day >= since - LAST_RETURN_DAYS))
        yield _played(life, recent, days=days, plan=plan)


def _played(life: Life, recent: Orders, *, days: int, plan: Plan) -> Played:
    known, twin = accounts(life), life.copy()
    touches = plan.of(life.first, life.size, life.day, life.day + days)
    lived, expected = _led(life, days, touches, plan.deals)
    without = twin.live(days)
    cost = np.array([deal.contact_milli / 1000.0 for deal in plan.deals] or [0.0])[
        touches.deal.astype(np.intp)
    ]
    gain = _profits(life, lived.orders) - _profits(twin, without.orders)
    gain -= np.bincount(touches.person, cost * lived.contacted.is_delivered, minlength=life.size)
    repeats = np.ones(touches.day.size, dtype=np.bool_)
    repeats[np.unique(touches.person, return_index=True)[1]] = False
    effects = {
        "account": known.key.take(pa.array(known.begin[touches.person])),
        "person": touches.person + life.first,
        "offer_id": pa.array([plan.deals[deal].offer_id for deal in touches.deal], pa.string()),
        "day": touches.day,
        **vars(lived.contacted),
        "expected_effect_minor": expected,
        "realised_effect_minor": pa.array(gain[touches.person], mask=repeats),
    }
    return Played(
        happened=_facts(Teller(life=life, known=known, until=life.day), lived, recent, touches),
        otherwise=_facts(
            Teller(life=twin, known=known, until=twin.day),
            without,
            recent,
            touches.rows(np.empty(0, dtype=np.intp)),
        ),
        effects=pa.table(effects),
    )


def _led(life: Life, days: int, touches: Touches, deals: Sequence[Deal]) -> tuple[Lived, NDArray[np.float32]]:
    """Live the days; on every morning of a day with contacts ask for the truth about them first."""
    until, first = life.day + days, life.day
    expected = np.zeros(touches.day.size, dtype=np.float32)
    begins = sorted({first, *(int(day) for day in np.unique(touches.day))})
    parts = []
    for since, to in zip(begins, [*begins[1:], until], strict=True):
        places = np.flatnonzero(touches.day == since)
        some = touches.rows(places)
        horizon = min(_HORIZON_DAYS, life.world.spec.last_day - since)
        for hour in np.unique(some.hour):
            at = some.hour == hour
            effect = truth(life, deals, horizon_days=horizon, hour=int(hour)).effect
            expected[places[at]] = effect[some.person[at], some.deal[at]]
        parts.append((places, life.live(to - since, touches=some, deals=deals)))
    order = np.argsort(np.concatenate([places for places, _ in parts]), kind="stable")
    contacted = {
        name: np.concatenate([getattr(part.contacted, name) for _, part in parts])[order]
        for name in _OUTCOMES
    }
    orders, visits = joined([part.orders for _, part in parts]), joined([part.visits for _, part in parts])
    return Lived(
        first_day=first, until_day=until, orders=orders, visits=visits, contacted=Contacted(**contacted)
    ), expected


def _profits(life: Life, orders: Orders) -> NDArray[np.float64]:
    """Return what the orders of each person brought, by their lines; whatever comes back later too is taken off."""
    total = np.zeros(life.size)
    nature, unit = life.world.spec.nature, life.world.spec.unit_minor
    for low in range(0, orders.day.size, ORDERS_AT_ONCE):
        some = rows_of(orders, slice(low, low + ORDERS_AT_ONCE))
        lines = lines_of(life, some)
        kept = lines.net - lines.cost
        lost = kept + (1.0 - nature.resale_rate) * lines.cost + nature.return_cost * unit
        profit = kept - np.where(lines.back_day >= 0, lost, 0.0)
        total += np.bincount(some.person[lines.order], profit, minlength=life.size)
    is_case = (
        sparse(life.world.seed, Purpose.CASES, orders.person + life.first, orders.day)
        < life.people.cases[orders.person]
    )
    fixed = unit * (nature.order_cost + nature.case_cost * is_case)
    return total - np.bincount(orders.person, fixed, minlength=life.size)


def _facts(teller: Teller, lived: Lived, recent: Orders, touches: Touches) -> Facts:
    """Return what the systems tell: an earlier order again, if one of its lines came back in these days."""
    since = moments(teller.life.world, np.array([lived.first_day]), np.array([0]))[0]
    old, new = list(teller.order_lines(recent)), list(teller.order_lines(lived.orders))
    told = [
        lines.filter(
            pc.is_in(lines["order"], lines.filter(pc.greater_equal(lines["refunded_at"], since))["order"])
        )
        for lines in old
    ]
    events = [*visit_events(teller, lived.visits), mail_events(teller, touches, lived.contacted)]
    both = joined([recent, lived.orders])
    cases = teller.cases(both)
    cases = cases.filter(
        pc.or_kleene(
            pc.greater_equal(cases["opened_at"], since),
            pc.fill_null(pc.greater_equal(cases["closed_at"], since), fill_value=True),
        )
    )
    customers = customers_table(teller.life, teller.known, since=lived.first_day, until=lived.until_day)
    return Facts(customers=customers, order_lines=_stacked(told + new), events=_stacked(events), cases=cases)


def _stacked(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).unify_dictionaries()
