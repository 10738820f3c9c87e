"""The panel: daily units and sales of a bounded number of series, as arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Panel"]

Array = npt.NDArray[np.float64]
_WEEKS_BEFORE = 4


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What was sold each day.

    Attributes
    ----------
    keys
        One per series: a product_id, or "" for the products of a category that have no series of their own.
    categories
        One per series; "" where unknown.
    units, net_minor
        (series, days): units bought, and what they brought after discounts.
    first_on
        The day of column 0.
    promotion
        (kinds, series, days, and days ahead as far as promotions are planned): strength of the promotions of each kind on each day.
    promotion_kinds
        Their names.
    buyers, first_buyers
        (series, days): known people who bought, and those of them who had not bought a product of the series before; None: not counted.
    closed
        (days, and days ahead as far as they are told): the whole shop is closed; further days are open.
    n_filled_days
        Days of products without stock, on which units are what was usual.
    """

    keys: tuple[str, ...]
    categories: tuple[str, ...]
    units: Array
    net_minor: Array
    first_on: date
    promotion: Array
    promotion_kinds: tuple[str, ...] = ()
    buyers: Array | None = None
    first_buyers: Array | None = None
    closed: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    n_filled_days: int = 0

    @property
    def n_days(self) -> int:
        """How many days."""
        return int(self.units.shape[1])

    @property
    def end_on(self) -> date:
        """The day after the last one."""
        return self.first_on + timedelta(days=self.n_days)

    @property
    def data_hash(self) -> str:
        """SHA-256 of all numbers."""
        digest = hashlib.sha256("\0".join((*self.keys, *self.categories)).encode())
        counted = [part for part in (self.buyers, self.first_buyers) if part is not None]
        if self.closed.any():
            counted.append(self.closed.astype(np.float64))
        for part in (self.units, self.net_minor, self.promotion, *counted):
            digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()

    def until(self, n_days: int) -> Panel:
        """Return the first days only; promotions and closed days stay, because they are planned ahead."""
        return replace(
            self,
            units=self.units[:, :n_days],
            net_minor=self.net_minor[:, :n_days],
            buyers=None if self.buyers is None else self.buyers[:, :n_days],
            first_buyers=None if self.first_buyers is None else self.first_buyers[:, :n_days],
        )

    def planned(self, start: int, days: int) -> Array:
        """Return (kinds, series, days): promotions from the day `start` on, 0 where none is planned."""
        found = self.promotion[:, :, start : start + days]
        return np.pad(found, ((0, 0), (0, 0), (0, days - found.shape[2])))

    def is_open(self, start: int, days: int) -> Array:
        """Return (days,): 1 on days from `start` on when the shop is open, 0 when it is closed."""
        found = self.closed[start : start + days]
        return np.asarray(1.0 - np.pad(found, (0, days - len(found))))

    def price_minor(self) -> Array:
        """Return (series,): the mean price paid per unit over the last quarter, over all days where it was not sold then."""
        recent = self.net_minor[:, -91:].sum(axis=1), self.units[:, -91:].sum(axis=1)
        ever = self.net_minor.sum(axis=1), self.units.sum(axis=1)
        net = np.where(recent[1] > 0, recent[0], ever[0])
        units = np.where(recent[1] > 0, recent[1], ever[1])
        return np.asarray(np.divide(net, units, out=np.zeros_like(net), where=units > 0))

    def uncensored(self, is_out: npt.NDArray[np.bool_]) -> Panel:
        """Fill closed days and days without stock by the mean of the same weekday in the four weeks before: no stock is not no demand.

        Parameters
        ----------
        is_out
            (series, days): there was nothing to sell. What was sold on such a day is a lower bound of demand and kept if larger.
        """
        units, net = self.units.copy(), self.net_minor.copy()
        is_filled = is_out | (self.is_open(0, self.n_days) == 0)
        for day in np.flatnonzero(is_filled.any(axis=0)):
            before = [day - 7 * week for week in range(1, _WEEKS_BEFORE + 1) if day >= 7 * week]
            if before:
                usual = units[:, before].mean(axis=1)
                is_less = is_filled[:, day] & (units[:, day] < usual)
                # Sales go with the units, or the mean price would fall.
                net[:, day] = np.where(is_less, net[:, before].mean(axis=1), net[:, day])
                units[:, day] = np.where(is_less, usual, units[:, day])
        return replace(self, units=units, net_minor=net, n_filled_days=int(is_out.sum()))
