"""Days without stock: what was sold then is a lower bound of what was wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aimwell.base.errors import UserError
from aimwell.base.words import text
from aimwell.predict.demand.files import read_rows

__all__ = ["BadStockouts", "Stockout", "read_stockouts", "stockout_days"]


class BadStockouts(UserError, ValueError):
    """A file of stock-outs cannot be read."""

    code = "bad_stockouts"
    template = text(
        "Line {line} of the stock-outs in `{path}` is not valid. Columns: product_id, start_on, end_on (YYYY-MM-DD, both days without stock)."
    )


@dataclass(frozen=True, kw_only=True)
class Stockout:
    """A spell without stock of a product; both days included."""

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
    if end_on < start_on:
        raise ValueError(end_on)
    return Stockout(product_id=row["product_id"], start_on=start_on, end_on=end_on)


def stockout_days(
    stockouts: Sequence[Stockout], *, keys: Sequence[str], first_on: date, n_days: int
) -> npt.NDArray[np.bool_]:
    """Return (keys, days): there was nothing to sell. Pools (key "") and days outside are passed over."""
    found = np.zeros((len(keys), n_days), dtype=bool)
    place = {key: number for number, key in enumerate(keys) if key}
    for one in stockouts:
        if one.product_id in place:
            begin = max(0, (one.start_on - first_on).days)
            end = max(begin, (one.end_on - first_on).days + 1)
            found[place[one.product_id], begin:end] = True
    return found
