"""Planned promotions: which product is promoted how strongly on which days, past and to come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from aimwell.base.errors import UserError
from aimwell.base.words import text
from aimwell.predict.demand.panel import Array
from aimwell.predict.demand.told.files import read_rows

__all__ = ["BadPromotions", "Promotion", "promotion_days", "read_promotions"]

_COLUMNS = ("product_id", "start_on", "end_on", "kind", "strength")


class BadPromotions(UserError, ValueError):
    """A file of promotions cannot be read."""

    code = "bad_promotions"
    template = text(
        "Line {line} of the promotions in `{path}` is not valid. Columns: product_id, start_on, end_on (YYYY-MM-DD), kind, strength (a number)."
    )


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """One promotion of a product; both days included; `strength` in any unit that is the same for all of a kind."""

    product_id: str
    start_on: date
    end_on: date
    kind: str
    strength: float


def read_promotions(path: Path) -> list[Promotion]:
    """Read a CSV file of promotions, past ones and planned ones.

    Raises
    ------
    BadPromotions
        With the line that is not valid.
    """
    return read_rows(path, columns=_COLUMNS, parse=_promotion, refuse=BadPromotions)


def _promotion(row: Mapping[str, str]) -> Promotion:
    return Promotion(
        product_id=row["product_id"],
        start_on=date.fromisoformat(row["start_on"]),
        end_on=date.fromisoformat(row["end_on"]),
        kind=row["kind"],
        strength=float(row["strength"]),
    )


def promotion_days(
    promotions: Sequence[Promotion], *, keys: Sequence[str], kinds: Sequence[str], first_on: date, n_days: int
) -> Array:
    """Return (kinds, keys, days): the strength of promotions on each day; several of a kind add up."""
    found = np.zeros((len(kinds), len(keys), n_days))
    place = {key: number for number, key in enumerate(keys) if key}
    for one in promotions:
        if one.product_id in place and one.kind in kinds:
            begin = max(0, (one.start_on - first_on).days)
            end = max(begin, min(n_days, (one.end_on + timedelta(days=1) - first_on).days))
            found[kinds.index(one.kind), place[one.product_id], begin:end] += one.strength
    return found
