"""People: what is hidden in each of them. Drawn once, block by block; the world's seed and the person's number decide."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimwell.learn.simulator.catalogue import TIERS
from aimwell.learn.simulator.model import CHANNELS, Nature, Need, WorldSpec
from aimwell.learn.simulator.randoms import BLOCK, Purpose, dense

__all__ = ["KINDS", "Traits", "traits"]

KINDS = (
    "ordinary",
    "sure",
    "dog",
    "hunter",
)  # `kind`: the four types of uplift modelling, but nobody is only one of them
_ORDINARY, _SURE, _DOG, _HUNTER = range(4)
_SURE_SHARE = 0.15  # of the others: buy much, and a contact changes little
_KNOWN_DAYS = 730.0  # those who knew the shop before the start have known it up to so many days

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What is hidden in people, a row per person.

    Attributes
    ----------
    born
        Day on which the person comes to know the shop; negative: before the world began.
    need
        State at the start, a `Need`.
    kind
        Place in `KINDS`.
    rate, pace, fickle
        Order rate per day, and speed of the need's moves up and down.
    lapse, keen
        Probabilities of the state after an order; `stockpile` that an order at 20% off is for stock.
    lines
        Mean lines per order.
    tier
        0 cheap, 1 middle, 2 dear.
    taste
        Share per category, adds up to 1.
    returns, cases
        Probability that a line comes back (times the shelf's factor), that an order leads to a case.
    visit
        Visits per day while open.
    price
        Response to discounts, on the logarithm of rates.
    remind, impulse
        Effect of a contact on the logarithm of the order rate; daily rate of extra orders just after it.
    annoy, unsubscribe, tiring
        Chance to turn away when contacted much; to unsubscribe; how fast a person tires of contacts.
    opens
        Per channel: probability that a contact is looked at.
    is_reached
        Per channel: whether the address is known and contact allowed, at the start.
    hour
        Local hour at which the person usually shops.
    """

    born: NDArray[np.int32]
    need: NDArray[np.int8]
    kind: NDArray[np.int8]
    rate: Floats
    pace: Floats
    fickle: Floats
    lapse: Floats
    keen: Floats
    stockpile: Floats
    lines: Floats
    tier: NDArray[np.int8]
    taste: Floats
    returns: Floats
    cases: Floats
    visit: Floats
    price: Floats
    remind: Floats
    impulse: Floats
    annoy: Floats
    unsubscribe: Floats
    tiring: Floats
    opens: Floats
    is_reached: NDArray[np.bool_]
    hour: Floats

    def part(self, rows: slice | NDArray[Any]) -> Traits:
        """Return some of the people; a slice gives views."""
        return Traits(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @property
    def size(self) -> int:
        """How many people these are."""
        return int(self.born.size)


def traits(spec: WorldSpec, *, seed: int, first: int, count: int) -> Traits:
    """Return the traits of people `first` to `first + count`, half-open; `first` begins a block.

    Parameters
    ----------
    spec
        The world.
    seed
        Its seed.
    first, count
        Which people.
    """
    blocks = range(first // BLOCK, -(-(first + count) // BLOCK))
    drawn = [_block(spec, dense(seed, block=block, day=0, purpose=Purpose.TRAITS)) for block in blocks]
    whole = {
        field.name: np.concatenate([getattr(part, field.name) for part in drawn]) for field in fields(Traits)
    }
    return Traits(**whole).part(slice(0, count))


def _block(spec: WorldSpec, random: np.random.Generator) -> Traits:
    nature, n = spec.nature, BLOCK
    kind = _kinds(nature, random, n)
    rate = _gamma(random, nature.order_rate_shape, n) * nature.order_rate
    rate *= np.select([kind == _SURE, kind == _HUNTER], [1.6, 0.3], 1.0)
    pace, fickle = _gamma(random, nature.pace_shape, n), _gamma(random, nature.fickle_shape, n)
    lapse = _beta(random, nature.lapse_after_order, nature.lapse_shapes, n)
    born, knows = _births(spec, random, n)
    shares = np.array([shelf.share for shelf in nature.shelves])
    weights = random.gamma(nature.taste_total * shares / shares.sum(), size=(n, shares.size)) + 1e-6
    contact = _contact(nature, kind, random, n)
    return Traits(
        born=born,
        need=_first_needs(nature, random, born, knows=knows, fickle=fickle, lapse=lapse),
        kind=kind,
        rate=rate.astype(np.float32),
        pace=pace,
        fickle=fickle,
        lapse=lapse,
        keen=np.minimum(_beta(random, nature.keen_after_order, 8.0, n), 1.0 - lapse),
        lines=np.exp(random.normal(0.0, nature.lines_spread, n) - nature.lines_spread**2 / 2).astype(
            np.float32
        )
        * np.float32(nature.lines - 1.01)
        + np.float32(1.01),  # above one, so that its logarithm is never that of 0
        tier=random.choice(TIERS, n, p=(0.35, 0.4, 0.25)).astype(np.int8),
        taste=(weights / weights.sum(axis=1, keepdims=True)).astype(np.float32),
        returns=np.minimum(
            _beta(random, nature.return_rate, 6.0, n), np.float32(0.45)
        ),  # times a shelf's factor below 1
        cases=_beta(random, nature.case_rate, 4.0, n),
        visit=(_gamma(random, 1.5, n) * nature.visit_rate).astype(np.float32),
        hour=(np.clip(random.normal(15.5, 4.0, n), 0.0, 23.9)).astype(np.float32),
        **contact,
    )


def _kinds(nature: Nature, random: np.random.Generator, n: int) -> NDArray[np.int8]:
    u = random.random(n)
    is_dog, is_hunter = u < nature.dogs_share, u > 1.0 - nature.hunters_share
    is_sure = random.random(n) < _SURE_SHARE
    return np.select([is_dog, is_hunter, is_sure], [_DOG, _HUNTER, _SURE], _ORDINARY).astype(np.int8)


def _contact(
    nature: Nature, kind: NDArray[np.int8], random: np.random.Generator, n: int
) -> dict[str, NDArray[Any]]:
    """Return how people take contacts and prices."""
    is_dog, is_hunter, is_sure = kind == _DOG, kind == _HUNTER, kind == _SURE
    remind = random.normal(nature.remind, nature.remind_spread, n)
    remind = np.select(
        [is_dog, is_hunter, is_sure], [-0.3 - np.abs(remind), 0.1 * remind, 0.2 * remind], remind
    )
    price = _gamma(random, nature.price_spread_people, n) * nature.price_response
    price = np.clip(np.select([is_hunter, is_sure], [price * 1.8, price * 0.3], price), 0.0, 18.0)
    impulse = _gamma(random, 1.2, n) * nature.impulse_rate
    opens = np.array([0.28, 0.6, 0.45, 0.2, 0.7])  # per channel, of those whom it reaches
    liking = np.exp(random.normal(0.0, 0.5, (n, len(CHANNELS))))
    stock = _beta(random, nature.stockpile, 3.0, n)
    return {
        "remind": remind.astype(np.float32),
        "price": price.astype(np.float32),
        "impulse": (impulse * np.select([is_dog, is_hunter, is_sure], [0.1, 1.5, 0.4], 1.0)).astype(
            np.float32
        ),
        "stockpile": np.where(is_hunter, np.maximum(stock, 0.7), stock).astype(np.float32),
        "annoy": np.where(is_dog, random.uniform(0.02, 0.12, n), random.uniform(0.0, 0.006, n)).astype(
            np.float32
        ),
        "unsubscribe": (_gamma(random, 1.0, n) * nature.unsubscribe_rate * np.where(is_dog, 4.0, 1.0)).astype(
            np.float32
        ),
        "tiring": _gamma(random, 3.0, n) * np.float32(0.18),
        "opens": np.clip(opens * liking, 0.01, 0.95).astype(np.float32),
        "is_reached": random.random((n, len(CHANNELS))) < np.array(nature.reach),
    }


def _births(
    spec: WorldSpec, random: np.random.Generator, n: int
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    knows = random.random(n) < spec.share_at_start
    before = np.floor(-1.0 - random.random(n) * _KNOWN_DAYS)
    after = np.floor(random.random(n) * (spec.arrival_days or spec.days))
    return np.where(knows, before, after).astype(np.int32), knows


def _first_needs(
    nature: Nature,
    random: np.random.Generator,
    born: NDArray[np.int32],
    *,
    knows: NDArray[np.bool_],
    fickle: Floats,
    lapse: Floats,
) -> NDArray[np.int8]:
    """Return the states on day 0: about those to which the moves lead in the long run, lapses since birth counted in."""
    days = np.where(knows, -born, 0)
    mean_gap = nature.days_sated + nature.days_open
    stays = np.exp(-days * fickle * 0.4 / nature.days_to_lapse) * (1.0 - lapse) ** (days / (2.0 * mean_gap))
    u, v = random.random(born.size), random.random(born.size)
    share_sated = nature.days_sated / mean_gap
    active = np.select([v < 0.1, v < 0.1 + 0.9 * share_sated], [Need.KEEN, Need.SATED], Need.OPEN)
    return np.where(knows, np.where(u < stays, active, Need.LAPSED), Need.UNBORN).astype(np.int8)


def _gamma(random: np.random.Generator, shape: float, n: int) -> Floats:
    """Return gamma numbers of mean 1; an infinite shape gives ones."""
    if np.isinf(shape):
        return np.ones(n, dtype=np.float32)
    return (random.gamma(shape, 1.0 / shape, n)).astype(np.float32)


def _beta(random: np.random.Generator, mean: float, total: float, n: int) -> Floats:
    if mean == 0.0:
        return np.zeros(n, dtype=np.float32)
    return random.beta(mean * total, (1.0 - mean) * total, n).astype(np.float32)
