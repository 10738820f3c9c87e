"""Lots drawn for people: a number from a person's id and a salt, the same in every engine, in NumPy and in plain Python.

A cryptographic hash is not at hand as an expression in every engine, and their own hash functions differ. So lots are
made by multiplication modulo the Mersenne prime 2**31 - 1, which never leaves 64-bit integers. Lots need to be even and
unrelated to anything about a person, not secret: ids are random.

References
----------
J. L. Carter and M. N. Wegman (1979), "Universal classes of hash functions", Journal of Computer and System Sciences 18(2).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, overload

import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

__all__ = ["LOTS", "Lottery"]

LOTS = 2**31 - 1  # lots are whole numbers in [0, LOTS)


@dataclass(frozen=True, kw_only=True)
class Lottery:
    """The numbers that one salt stands for."""

    low_factor: int
    high_factor: int
    top_factor: int
    shift: int
    first_factor: int
    second_factor: int

    @classmethod
    def of(cls, salt: str, *, purpose: str) -> Lottery:
        """Return the lottery of a salt; different purposes draw unrelated lots."""
        digest = hashlib.sha256(f"{purpose}\n{salt}".encode()).digest()
        words = [int.from_bytes(digest[4 * k : 4 * k + 4], "big") for k in range(6)]
        low, high, top, shift, first, second = (1 + word % (2**30 - 1) for word in words)
        return cls(
            low_factor=low,
            high_factor=high,
            top_factor=top,
            shift=shift,
            first_factor=first | 1,
            second_factor=second | 1,
        )

    @overload
    def lot(self, person_id: int) -> int: ...
    @overload
    def lot(self, person_id: NDArray[np.int64]) -> NDArray[np.int64]: ...
    @overload
    def lot(self, person_id: ir.IntegerColumn) -> ir.IntegerColumn: ...
    def lot(self, person_id: Any) -> Any:
        """Return a whole number in [0, LOTS), even over people, from a signed 64-bit id: a number, an array or a column."""
        low = (person_id & LOTS) * self.low_factor
        high = ((person_id >> 31) & LOTS) * self.high_factor
        top = ((person_id >> 62) & 3) * self.top_factor
        mixed = (low + high + top + self.shift) % LOTS
        mixed = ((mixed ^ (mixed >> 16)) * self.first_factor) % LOTS
        return ((mixed ^ (mixed >> 15)) * self.second_factor) % LOTS

    def threshold(self, share: float) -> int:
        """Return the number below which a lot falls with probability `share`."""
        return round(share * LOTS)
