"""What happened while people lived: orders, visits, and what came of contacts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.simulator.contacts import Contacted

__all__ = ["NO_ORDERS", "NO_VISITS", "Lived", "Orders", "Visits", "joined"]


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Orders, a row each.

    Attributes
    ----------
    person, day
        Row of the life, and when.
    is_impulse
        Whether a contact brought it.
    discount, category
        Of the deal that held for the person.
    """

    person: NDArray[np.int32]
    day: NDArray[np.int32]
    is_impulse: NDArray[np.bool_]
    discount: NDArray[np.float32]
    category: NDArray[np.int16]


@dataclass(frozen=True, kw_only=True)
class Visits:
    """Visits, a row per person and day; something was put into the cart where marked."""

    person: NDArray[np.int32]
    day: NDArray[np.int32]
    is_cart: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Lived:
    """What happened from `first_day` to `until_day`, half-open; `contacted` has a row per touch, in the order of the touches."""

    first_day: int
    until_day: int
    orders: Orders
    visits: Visits
    contacted: Contacted


NO_ORDERS = Orders(
    person=np.empty(0, dtype=np.int32),
    day=np.empty(0, dtype=np.int32),
    is_impulse=np.empty(0, dtype=np.bool_),
    discount=np.empty(0, dtype=np.float32),
    category=np.empty(0, dtype=np.int16),
)
NO_VISITS = Visits(
    person=np.empty(0, dtype=np.int32), day=np.empty(0, dtype=np.int32), is_cart=np.empty(0, dtype=np.bool_)
)

Rows = TypeVar("Rows", Orders, Visits)


def joined(parts: Sequence[Rows]) -> Rows:
    """Return rows one below the other."""
    kind = type(parts[0])
    return kind(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(kind)})
