"""Planned prices: forecasts are multiplied by what the price model says of the move, where it may be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from math import inf
from pathlib import Path
from typing import Protocol

import numpy as np

from aimwell.base.errors import UserError
from aimwell.base.words import Sentence, text
from aimwell.predict.demand.panel import Array, Panel
from aimwell.predict.demand.told.files import read_rows

__all__ = ["BadPrices", "PlannedPrice", "Repriced", "Responses", "read_prices", "repriced"]


class BadPrices(UserError, ValueError):
    """A file of planned prices cannot be read."""

    code = "bad_prices"
    template = text(
        "Line {line} of the prices in `{path}` is not valid. Columns: product_id, start_on, end_on (YYYY-MM-DD), price (above 0, such as 9.90)."
    )


class _Factor(Protocol):
    @property
    def value(self) -> float: ...
    @property
    def is_inside(self) -> bool: ...


class _Response(Protocol):
    @property
    def elasticity(self) -> float: ...
    def units_factor(self, price_from: float, price_to: float) -> _Factor: ...


class Responses(Protocol):
    """What demand asks of a price model; families do not know each other."""

    def response(self, product_id: str, *, category: str = "") -> _Response:
        """Return how sales of a product answer to its price."""


@dataclass(frozen=True, kw_only=True)
class PlannedPrice:
    """The price that a product will have; both days included; minor units per unit."""

    product_id: str
    start_on: date
    end_on: date
    price_minor: float


@dataclass(frozen=True, kw_only=True)
class Repriced:
    """Forecasts at planned prices.

    Attributes
    ----------
    units, revenue_minor
        (series, days ahead).
    n_products
        Products whose forecast was moved.
    n_beyond
        Those of them with a price outside what was seen in the past.
    n_unused
        Products with a planned price whose units stay, because more would be sold at a higher price by the model: only their sales move.
    """

    units: Array
    revenue_minor: Array
    n_products: int = 0
    n_beyond: int = 0
    n_unused: int = 0

    def notes(self) -> list[Sentence]:
        """Return what a reader must know of the planned prices."""
        if not self.n_products + self.n_unused:
            return []
        moved = text(
            "Planned prices moved the forecasts of {n} products, by what past price moves did; what else was going on then is in it too."
        )
        found = [Sentence(moved, {"n": self.n_products})]
        if self.n_beyond:
            beyond = text("{n} of them have a planned price outside what was seen: that is a guess.")
            found.append(Sentence(beyond, {"n": self.n_beyond}))
        if self.n_unused:
            unused = text(
                "Of {n} products the price model says that more is sold at a higher price; their units were left as they were."
            )
            found.append(Sentence(unused, {"n": self.n_unused}))
        return found


def read_prices(path: Path, *, minor_per_unit: int) -> list[PlannedPrice]:
    """Read a CSV file of planned prices, in units of the currency of so many minor units.

    Raises
    ------
    BadPrices
        With the line that is not valid.
    """
    return read_rows(
        path,
        columns=("product_id", "start_on", "end_on", "price"),
        parse=partial(_price, minor_per_unit=minor_per_unit),
        refuse=BadPrices,
    )


def _price(row: Mapping[str, str], *, minor_per_unit: int) -> PlannedPrice:
    price, start_on, end_on = (
        float(row["price"]),
        date.fromisoformat(row["start_on"]),
        date.fromisoformat(row["end_on"]),
    )
    if not (0 < price < inf and start_on <= end_on):
        raise ValueError(row)
    return PlannedPrice(
        product_id=row["product_id"], start_on=start_on, end_on=end_on, price_minor=price * minor_per_unit
    )


def repriced(
    panel: Panel, units: Array, prices: Sequence[PlannedPrice], responses: Responses | None
) -> Repriced:
    """Return forecasts at planned prices, and at the mean price of the last quarter where none is planned.

    Parameters
    ----------
    panel
        What was sold; its mean price paid is what the planned one is compared with.
    units
        (series, days ahead): forecasts at the usual price.
    prices
        Where two plans meet, the later in the list holds. Products without a series of their own or a usual price are passed over.
    responses
        How sales answer to prices; None: units stay, only sales move.
    """
    usual, units = panel.price_minor(), units.copy()
    price = np.repeat(usual[:, None], units.shape[1], axis=1)
    place = {key: number for number, key in enumerate(panel.keys) if key and usual[number] > 0}
    for one in prices:
        begin = max(0, (one.start_on - panel.end_on).days)
        end = max(begin, (one.end_on - panel.end_on).days + 1)
        if one.product_id in place:
            price[place[one.product_id], begin:end] = one.price_minor
    if responses is None:
        return Repriced(units=units, revenue_minor=units * price)
    moved, beyond, unused = set(), set(), set()
    for row, day in np.argwhere(price != usual[:, None]):
        response = responses.response(panel.keys[row], category=panel.categories[row])
        if response.elasticity >= 0:
            unused.add(row)
            continue
        factor = response.units_factor(float(usual[row]), float(price[row, day]))
        units[row, day] *= factor.value
        moved.add(row)
        if not factor.is_inside:
            beyond.add(row)
    return Repriced(
        units=units,
        revenue_minor=units * price,
        n_products=len(moved),
        n_beyond=len(beyond),
        n_unused=len(unused),
    )
