"""Days without stock, when what was sold is a lower bound of what was wanted; and days on which the whole shop is closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aimwell.base.errors import UserError
from aimwell.base.words import text
from aimwell.predict.demand.told.files import read_rows

__all__ = ["WHOLE_SHOP", "BadStockouts", "Stockout", "closed_days", "read_stockouts", "stockout_days"]

WHOLE_SHOP = "*"
"""Stands for all products: the shop is closed."""


class BadStockouts(UserError, ValueError):
    """A file of stock-outs cannot be read."""

    code = "bad_stockouts"
    template = text(
        "Line {line} of the stock-outs in `{path}` is not valid. Columns: product_id (* for days on which the whole shop is closed), start_on, end_on "
        "(YYYY-MM-DD, both days without stock)."
    )


@dataclass(frozen=True, kw_only=True)
class Stockout:
    """A spell without stock of a product, or of `WHOLE_SHOP`; both days included."""

    product_id: str
    start_on: date
    end_on: date


def read_stockouts(path: Path) -> list[Stockout]:
    """Read a CSV file of days on which products could not be bought.

    Raises
    ------
    BadStockouts
        With the line that is not valid.
    """
    return read_rows(path, columns=("product_id", "start_on", "end_on"), parse=_stockout, refuse=BadStockouts)


def _stockout(row: Mapping[str, str]) -> Stockout:
    start_on, end_on = date.fromisoformat(row["start_on"]), date.fromisoformat(row["end_on"])
    if end_on < start_on or not row["product_id"]:
        raise ValueError(row)
    return Stockout(product_id=row["product_id"], start_on=start_on, end_on=end_on)


def stockout_days(
    stockouts: Sequence[Stockout], *, keys: Sequence[str], first_on: date, n_days: int
) -> npt.NDArray[np.bool_]:
    """Return (keys, days): there was nothing to sell. Pools (key "") and days outside are passed over."""
    found = np.zeros((len(keys), n_days), dtype=bool)
    place = {key: number for number, key in enumerate(keys) if key}
    for one in stockouts:
        if one.product_id in place:
            found[place[one.product_id], _columns(one, first_on)] = True
    return found


def closed_days(stockouts: Sequence[Stockout], *, first_on: date, n_days: int) -> npt.NDArray[np.bool_]:
    """Return (days,): the whole shop is closed; `n_days` reach as far ahead as one forecasts."""
    found = np.zeros(n_days, dtype=bool)
    for one in stockouts:
        if one.product_id == WHOLE_SHOP:
            found[_columns(one, first_on)] = True
    return found


def _columns(one: Stockout, first_on: date) -> slice:
    begin = max(0, (one.start_on - first_on).days)
    return slice(begin, max(begin, (one.end_on - first_on).days + 1))
