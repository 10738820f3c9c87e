"""Browsing: what visits and opened mails leave behind, as events of the Segment specs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aimwell.learn.simulator.accounts import DEVICES, devices
from aimwell.learn.simulator.choosing import products, shelves
from aimwell.learn.simulator.contacts import Contacted
from aimwell.learn.simulator.lived import Visits
from aimwell.learn.simulator.model import Touches
from aimwell.learn.simulator.randoms import Purpose, hashed, sparse
from aimwell.learn.simulator.tables import Teller, day_seconds, moments, named

__all__ = ["mail_events", "visit_events"]

_VISITS_AT_ONCE = 100_000
_MOST_VIEWS = 8
_SEARCH_SHARE, _ANONYMOUS_SHARE = 0.3, 0.2  # of visits; those who put something into the cart are logged in
_NAMES = ("Product Viewed", "Products Searched", "Product Added", "Email Opened", "Email Link Clicked")
_VIEWED, _SEARCHED, _ADDED, _OPENED, _CLICKED = range(len(_NAMES))


def visit_events(teller: Teller, visits: Visits) -> Iterator[pa.Table]:
    """Yield the events of visits: a search, products looked at, and the last of them put into the cart.

    Columns: event_id, account (null: not logged in), name, at (UTC), session, product, device, device_id.
    """
    for low in range(0, visits.day.size, _VISITS_AT_ONCE):
        rows = slice(low, low + _VISITS_AT_ONCE)
        yield _events(teller, visits.person[rows], visits.day[rows], visits.is_cart[rows])


def mail_events(teller: Teller, touches: Touches, contacted: Contacted) -> pa.Table:
    """Return the events of contacts that were opened and clicked, in the same columns; `session` is empty."""
    opened, clicked = np.flatnonzero(contacted.is_opened), np.flatnonzero(contacted.is_clicked)
    rows = np.concatenate([opened, clicked])
    name = np.repeat([_OPENED, _CLICKED], [opened.size, clicked.size])
    second = touches.hour[rows].astype(np.int64) * 3600 + 600 + 60 * (name == _CLICKED)
    return _table(
        teller, touches.person[rows], touches.day[rows], name=name, second=second, nth=touches.deal[rows]
    )


def _events(teller: Teller, person: NDArray[Any], day: NDArray[Any], is_cart: NDArray[np.bool_]) -> pa.Table:
    life = teller.life
    who = person + life.first
    u = sparse(life.world.seed, Purpose.VIEWS, who, day)
    n_views = np.minimum(1 + np.floor(np.log(u) / np.log(0.45)).astype(np.int64), _MOST_VIEWS)
    has_search = sparse(life.world.seed, Purpose.SEARCHES, who, day) < _SEARCH_SHARE
    n_events = has_search + n_views + is_cart
    visit = np.repeat(np.arange(person.size), n_events)
    place = np.arange(visit.size) - np.repeat(np.cumsum(n_events) - n_events, n_events)
    is_search = has_search[visit] & (place == 0)
    is_add = is_cart[visit] & (place == n_events[visit] - 1)
    name = np.select([is_search, is_add], [_SEARCHED, _ADDED], _VIEWED)
    viewed = place - has_search[visit] - is_add  # what is added is what was looked at last
    began = np.minimum(day_seconds(life, person, day, purpose=Purpose.VIEWS), 84_000)
    is_anonymous = ~is_cart & (sparse(life.world.seed, Purpose.VIEWS, who, day, nth=1) < _ANONYMOUS_SHARE)
    shelf = shelves(life, person[visit], day[visit], nth=np.maximum(viewed, 0), purpose=Purpose.VIEWED)
    chosen = products(
        life, person[visit], day[visit], nth=np.maximum(viewed, 0), shelf=shelf, purpose=Purpose.VIEWED
    )
    return _table(
        teller,
        person[visit],
        day[visit],
        name=name,
        second=began[visit] + 45 * place,
        nth=place,
        product=np.where(is_search, -1, chosen),
        is_anonymous=is_anonymous[visit],
    )


def _table(
    teller: Teller,
    person: NDArray[Any],
    day: NDArray[Any],
    *,
    name: NDArray[Any],
    second: NDArray[Any],
    nth: NDArray[Any],
    product: NDArray[np.int64] | None = None,
    is_anonymous: NDArray[np.bool_] | None = None,
) -> pa.Table:
    life = teller.life
    seed, who, no = life.world.seed, person + life.first, np.zeros(name.size, dtype=np.bool_)
    account = teller.known.key.take(
        pa.array(teller.known.used(life, person, day), mask=no if is_anonymous is None else is_anonymous)
    )
    session = hashed(seed, Purpose.DEVICES, who, day)
    what = np.full(name.size, -1) if product is None else product
    ids = pa.array(life.world.catalogue.product_ids())
    device = devices(life, person, day)
    return pa.table(
        {
            "event_id": named("E", hashed(seed, Purpose.VIEWED, who, day, nth=1_000 + 10 * nth + name)),
            "account": account,
            "name": pa.DictionaryArray.from_arrays(pa.array(name.astype(np.int32)), pa.array(_NAMES)),
            "at": pa.array(moments(life.world, day, second)),
            "session": named("V", session),
            "product": pa.DictionaryArray.from_arrays(pa.array(what.astype(np.int32), mask=what < 0), ids),
            "device": pa.DictionaryArray.from_arrays(pa.array(device.astype(np.int32)), pa.array(DEVICES)),
            "device_id": named("D", hashed(seed, Purpose.DEVICES, who, nth=10 + device)),
        }
    )
