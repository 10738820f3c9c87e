"""The arena: one shop, one morning, and a year for each policy from there, led by the same random numbers.

Only this file and the oracle touch the simulator's people. A policy gets a `View`: arrays of its own, made of the shop's books.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from aimwell.base.words import Sentence, text
from aimwell.learn.loop.errors import PolicyBroke
from aimwell.learn.loop.model import NOTHING, OFFERS, Books, Policy, Terms, View
from aimwell.learn.loop.oracle import Oracle
from aimwell.learn.loop.policies.aimwell import Aimwell
from aimwell.learn.loop.policies.ranked import Nobody, everybody, propensity, rfm
from aimwell.learn.simulator.ledger import Ledger, Outcome
from aimwell.learn.simulator.model import Touches
from aimwell.learn.simulator.presets import gift_shop
from aimwell.learn.simulator.state import VALID_DAYS
from aimwell.learn.simulator.world import World

__all__ = ["HISTORY_DAYS", "MONTHS", "MONTH_DAYS", "POLICIES", "Month", "Year", "played", "view_of"]

HISTORY_DAYS = 365
MONTHS, MONTH_DAYS = 12, 30
OFFER_DAYS = 1 + VALID_DAYS  # the day of the campaign, and those on which an opened contact works
_TRUTH_DAYS = 60  # beyond the year: what the oracle looks ahead
_BUDGET_MILLI = 2_000  # per person of the shop and month

POLICIES: Mapping[str, Callable[[Terms], Policy]] = {
    "Aimwell": Aimwell,
    "propensity targeting": propensity,
    "RFM targeting": rfm,
    "treat all": everybody,
    "treat none": lambda _: Nobody(),
}


@dataclass(frozen=True, kw_only=True)
class Month:
    """What a month of one policy was, the whole shop.

    Attributes
    ----------
    n_sent, n_delivered
        Contacts by offer.
    n_orders, n_unsubscribed
        Orders; addresses whose owners withdrew consent.
    margin_minor, discount_minor, refund_minor
        Margin after discounts and refunds; what these two were.
    contact_milli
        Cost of delivered contacts.
    profit_minor
        Margin less contacts.
    """

    n_sent: tuple[int, ...]
    n_delivered: tuple[int, ...]
    n_orders: int
    n_unsubscribed: int
    margin_minor: float
    discount_minor: int
    refund_minor: int
    contact_milli: int
    profit_minor: float


@dataclass(frozen=True, kw_only=True)
class Year:
    """The months of one policy with one seed."""

    policy: str
    seed: int
    people: int
    months: tuple[Month, ...]

    @property
    def profit_minor(self) -> float:
        """Profit of the year, the whole shop."""
        return sum(month.profit_minor for month in self.months)


def played(*, people: int, seed: int, heard: Callable[[], None] = lambda: None) -> tuple[Year, ...]:
    """Return the year of every policy, the oracle last, with one shop.

    Parameters
    ----------
    people
        Of the shop.
    seed
        Of the world and of all lots.
    heard
        Is called after every year.
    """
    days = HISTORY_DAYS + MONTHS * MONTH_DAYS
    spec = gift_shop(people=people, days=days, spare_days=_TRUTH_DAYS, arrival_days=days)
    morning = Ledger(World(spec, seed))
    before = _books(morning.live(HISTORY_DAYS), np.zeros(people, dtype=np.int64))
    terms = Terms(
        offers=OFFERS,
        budget_milli=people * _BUDGET_MILLI,
        month_days=MONTH_DAYS,
        valid_days=OFFER_DAYS,
        seed=seed,
    )
    years = []
    for make in (*POLICIES.values(), None):
        ledger = morning.copy()
        policy = Oracle(ledger.life, terms) if make is None else make(terms)
        years.append(_year(policy, ledger, terms, before=before))
        heard()
    return tuple(years)


def view_of(ledger: Ledger, terms: Terms, *, month: int, last: Books, valid: Books) -> View:
    """Return what the shop sees this morning, in arrays of its own."""
    features, names = ledger.seen.features(HISTORY_DAYS + month * terms.month_days)
    reached = ledger.seen.is_reached[:, terms.channels] & ledger.seen.is_known[:, None]
    return View(month=month, features=features, names=names, is_reached=reached, last=last, valid=valid)


def _year(policy: Policy, ledger: Ledger, terms: Terms, *, before: Books) -> Year:
    months, last, valid = [], before, before
    for month in range(MONTHS):
        view = view_of(ledger, terms, month=month, last=last, valid=valid)
        taken = np.asarray(policy.choose(view))
        _check(policy, taken, view, terms)
        found, last, valid = _month(ledger, taken, terms)
        months.append(found)
    return Year(policy=policy.name, seed=terms.seed, people=len(view), months=tuple(months))


def _check(policy: Policy, taken: NDArray[np.int64], view: View, terms: Terms) -> None:
    """Refuse a choice beyond the terms: the same for all policies."""
    who = np.flatnonzero(taken != NOTHING)
    n_wrong = int((~view.is_reached[who, taken[who]]).sum())
    if n_wrong:
        what = Sentence(text("{count} people are not to be contacted"), {"count": n_wrong})
        raise PolicyBroke(policy=policy.name, month=view.month, what=what)
    over = float(terms.cost_milli[taken[who]].sum()) - terms.budget_milli
    if over > 0:
        what = Sentence(text("the budget is exceeded by {over} thousandths of a minor unit"), {"over": over})
        raise PolicyBroke(policy=policy.name, month=view.month, what=what)


def _month(ledger: Ledger, taken: NDArray[np.int64], terms: Terms) -> tuple[Month, Books, Books]:
    """Live a month with these contacts on its first day; return it, its books, and those of the days on which offers hold."""
    who, seen = np.flatnonzero(taken != NOTHING), ledger.seen
    coupons, contacts, reached = (
        seen.n_coupon_orders.copy(),
        seen.n_contacts.copy(),
        int(seen.is_reached.sum()),
    )
    touches = Touches.on(ledger.life.day, who, taken[who])
    first = ledger.live(terms.valid_days, touches=touches, deals=terms.offers)
    valid = _books(first, seen.n_coupon_orders - coupons)
    rest = ledger.live(terms.month_days - terms.valid_days)
    whole = Outcome(**{f.name: getattr(first, f.name) + getattr(rest, f.name) for f in fields(Outcome)})
    there, n = who[(seen.n_contacts - contacts)[who] > 0], len(terms.offers)
    contact_milli, profit = int(whole.contact_milli.sum()), float(whole.profit_minor.sum())
    found = Month(
        n_sent=tuple(np.bincount(taken[who], minlength=n).tolist()),
        n_delivered=tuple(np.bincount(taken[there], minlength=n).tolist()),
        n_orders=int(whole.n_orders.sum()),
        n_unsubscribed=reached - int(seen.is_reached.sum()),
        margin_minor=profit + contact_milli / 1000.0,
        discount_minor=int(whole.discount_minor.sum()),
        refund_minor=int(whole.refund_minor.sum()),
        contact_milli=contact_milli,
        profit_minor=profit,
    )
    return found, _books(whole, seen.n_coupon_orders - coupons), valid


def _books(outcome: Outcome, n_coupon_orders: NDArray[np.int64]) -> Books:
    return Books(
        n_orders=outcome.n_orders,
        n_coupon_orders=n_coupon_orders,
        net_minor=outcome.net_minor,
        discount_minor=outcome.discount_minor,
        margin_minor=outcome.profit_minor + outcome.contact_milli / 1000.0,
    )
