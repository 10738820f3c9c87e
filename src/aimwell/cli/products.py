"""Products on the screen: the id that programs use, and the name that people know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aimwell.base.words import text
from aimwell.cli.face import Column, Face
from aimwell.people.service import read_facts
from aimwell.predict.products import product_names
from aimwell.storage.lake.lake import Lake

__all__ = ["named", "product_columns"]


def named(rows: Iterable[Mapping[str, Any]], *, lake: Lake, key: str = "product_id") -> list[dict[str, Any]]:
    """Return rows with the column `name` beside: the product's name, None where the shop gave none."""
    told = [dict(row) for row in rows]
    products = read_facts(lake=lake).products
    names = product_names({row[key] for row in told}, products=products, engine=lake.engine)
    return [row | {"name": names.get(row[key])} for row in told]


def product_columns(
    rows: Iterable[Mapping[str, Any]], *, face: Face, key: str = "product_id"
) -> list[Column]:
    """Return the columns that say which product it is; on a screen the name's only where one of the rows has a name."""
    has_names = face.output != "table" or any(row["name"] for row in rows)
    return [Column(key, text("Product")), *([Column("name", text("Name"))] if has_names else [])]
