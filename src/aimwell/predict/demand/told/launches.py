"""Products to be launched, as a shop writes them down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aimwell.base.errors import UserError
from aimwell.base.money import minor_units
from aimwell.base.words import text
from aimwell.predict.demand.told.files import read_rows

__all__ = ["Announced", "BadLaunches", "read_launches"]


class BadLaunches(UserError, ValueError):
    """A file of launches cannot be read."""

    code = "bad_launches"
    template = text(
        "Line {line} of the launches in `{path}` is not valid. Columns: product_id, category (its whole path), price (above 0; may be empty)."
    )


@dataclass(frozen=True, kw_only=True)
class Announced:
    """A product to come; price_minor None: not known yet, taken as usual in the category."""

    product_id: str
    category: str
    price_minor: float | None


def read_launches(path: Path, *, currency: str) -> list[Announced]:
    """Read a CSV file of products to come, prices in units of the currency.

    Raises
    ------
    BadLaunches
        With the line that is not valid.
    """
    parse = partial(_announced, unit=minor_units(currency))
    return read_rows(path, columns=("product_id", "category", "price"), parse=parse, refuse=BadLaunches)


def _announced(row: Mapping[str, str], *, unit: int) -> Announced:
    price = float(row["price"]) * unit if row["price"].strip() else None
    if not row["product_id"] or (price is not None and not 0 < price < float("inf")):
        raise ValueError(row)
    return Announced(product_id=row["product_id"], category=row["category"].strip(), price_minor=price)
