"""Random numbers that know whom and when they are for, and so do not depend on what was drawn before.

Every number is a function of the seed, of the person and of the day. Hence a world is the same in whatever pieces it is
made, and what happens to somebody with a contact and without it is decided by the same draws: the difference is the contact's.

Draws for everybody on a day come from Philox [1]_, keyed by seed and block of people, its counter set by day and purpose. Draws
for single orders come from SplitMix64's finaliser [2]_ over seed, person and day.

References
----------
.. [1] Salmon, Moraes, Dror, Shaw (2011), Parallel random numbers: as easy as 1, 2, 3. SC'11.
.. [2] Steele, Lea, Flood (2014), Fast splittable pseudorandom number generators. OOPSLA'14.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCK", "Purpose", "dense", "hashed", "sparse"]

BLOCK = 8192  # people drawn together; the last block of a world is drawn whole too, so that more people change nobody

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_DAY_ZERO = 1 << 32  # days before the start count too


class Purpose(IntEnum):
    """What a number decides; numbers for different purposes are independent."""

    CATALOGUE = 1
    SHOCKS = 2
    TRAITS = 3
    DAYS = 4
    OPENS = 5
    CLICKS = 6
    UNSUBSCRIBES = 7
    ANNOYS = 8
    LINES = 9
    AMOUNTS = 10
    RETURNS = 11
    CATEGORIES = 12
    PRODUCTS = 13
    QUANTITIES = 14
    HOURS = 15
    ACCOUNTS = 16
    DEVICES = 17
    RETURN_DAYS = 18
    CASES = 19
    CASE_KINDS = 20
    CASE_DAYS = 21
    VIEWS = 22
    VIEWED = 23
    NAMES = 24
    SECOND_ACCOUNTS = 25
    DIRT = 26
    DIRT_KINDS = 27
    SEARCHES = 28


def dense(seed: int, *, block: int, day: int, purpose: Purpose) -> np.random.Generator:
    """Return the generator of a block of people on a day."""
    key = np.array([seed & _MASK, block], dtype=np.uint64)
    counter = np.array([0, 0, day + _DAY_ZERO, int(purpose)], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def sparse(
    seed: int,
    purpose: Purpose,
    person: NDArray[Any],
    day: NDArray[Any] | int = 0,
    *,
    nth: NDArray[Any] | int = 0,
) -> NDArray[np.float64]:
    """Return a number in (0, 1) for each person and day; `nth` tells several on one day apart."""
    whole = hashed(seed, purpose, person, day, nth=nth)
    return (whole >> np.uint64(11)).astype(np.float64) * 2.0**-53 + 2.0**-54


def hashed(
    seed: int,
    purpose: Purpose,
    person: NDArray[Any],
    day: NDArray[Any] | int = 0,
    *,
    nth: NDArray[Any] | int = 0,
) -> NDArray[np.uint64]:
    """Return 64 random bits for each person and day."""
    start = np.uint64(_mixed_int((seed * _GOLDEN + int(purpose)) & _MASK))
    who = _mixed(_words(person) * np.uint64(_GOLDEN) + start)
    days = _words(np.asarray(day, dtype=np.int64) + _DAY_ZERO)
    return _mixed(who ^ _mixed(days * np.uint64(_FIRST) + _words(nth) * np.uint64(_SECOND)))


def _words(numbers: NDArray[Any] | int) -> NDArray[np.uint64]:
    """Return numbers as 64-bit words in an array, never a scalar: arrays wrap around in silence."""
    return np.asarray(numbers).astype(np.uint64).reshape(-1)


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return SplitMix64's finaliser of each word; products wrap around, as they should."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(_FIRST)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(_SECOND)
    return bits ^ (bits >> np.uint64(31))


def _mixed_int(bits: int) -> int:
    bits = ((bits ^ (bits >> 30)) * _FIRST) & _MASK
    bits = ((bits ^ (bits >> 27)) * _SECOND) & _MASK
    return bits ^ (bits >> 31)
