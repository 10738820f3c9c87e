"""Predictions as traits: laid beside the portraits of their moment, so that segments, plans and templates can name them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from pathlib import Path

import ibis
import ibis.expr.types as ir

from aimwell.base.errors import NotFound
from aimwell.base.words import DayTyped, text
from aimwell.people.service import read_facts
from aimwell.portraits.model import Beside, Trait, TraitBook, Unit
from aimwell.portraits.service import shop_traits
from aimwell.portraits.service.state import CATEGORY_DEPTH
from aimwell.portraits.tables.state import shelves
from aimwell.portraits.traits import BUILT_IN
from aimwell.predict.lists import predicted_at
from aimwell.storage.lake.lake import Lake

__all__ = ["PREDICTED", "PredictionMissing", "beside_portraits", "known_traits"]


class PredictionMissing(NotFound):
    """A rule compares a prediction that was not made for the moment of the portraits."""

    code = "prediction_missing"
    template = text(
        "The trait {names} is a prediction, and there is none as of {day} or before (found: {found}). "
        "Run `aimwell predict fit {family} --as-of {day}` and `aimwell predict score {family} --as-of {day}` first."
    )


@dataclass(frozen=True)
class _Source:
    """Where predictions of a family are: a lake table, and how to make one row per person of it where there are several."""

    family: str
    table: str
    columns: dict[str, str]  # trait: column
    of: Callable[[ir.Table, Lake], ir.Table] = lambda rows, _: rows


def _trait(name: str, table: str, *, dtype: str, unit: Unit, meaning: str) -> Trait:
    return Trait(
        name=name,
        group="predicted",
        dtype=dtype,
        unit=unit,
        meaning=meaning,
        sources=(table,),
        of=attrgetter(name),
        derived=True,
    )


# By name: the modules that declare these tables load learners, which takes seconds, and every list of segments comes by here.
_VALUE, _REPEAT, _AFFINITY, _NEEDS = "value_scores", "repeat_scores", "affinity_scores", "affinity_needs"
PREDICTED: tuple[Trait, ...] = (
    _trait(
        "alive_prob",
        _VALUE,
        dtype="float64",
        unit="rate",
        meaning=text("Probability of still being a customer; empty if never ordered or not predicted."),
    ),
    _trait(
        "expected_orders",
        _VALUE,
        dtype="float64",
        unit="orders",
        meaning=text("Orders expected over the value model's horizon."),
    ),
    _trait(
        "expected_margin_minor",
        _VALUE,
        dtype="int64",
        unit="minor",
        meaning=text("Net margin expected over the value model's horizon."),
    ),
    _trait(
        "p_order_14",
        _REPEAT,
        dtype="float64",
        unit="rate",
        meaning=text("Probability of ordering within 14 days."),
    ),
    _trait(
        "p_order_30",
        _REPEAT,
        dtype="float64",
        unit="rate",
        meaning=text("Probability of ordering within 30 days."),
    ),
    _trait(
        "p_silent",
        _REPEAT,
        dtype="float64",
        unit="rate",
        meaning=text("Probability of never ordering again, though nobody said so."),
    ),
    _trait(
        "next_order_on",
        _REPEAT,
        dtype="date",
        unit="date",
        meaning=text("Day before which the next order is as likely as after; empty beyond the horizon."),
    ),
    _trait(
        "next_product",
        _AFFINITY,
        dtype="string",
        unit="",
        meaning=text("Product most probable in the next basket."),
    ),
    _trait(
        "next_category",
        _AFFINITY,
        dtype="string",
        unit="",
        meaning=text("Category from which most of the recommended products are expected in the next basket."),
    ),
    _trait(
        "needed_category",
        _NEEDS,
        dtype="string",
        unit="",
        meaning=text("Category that people like this one buy, and this one does not yet; empty without one."),
    ),
    _trait(
        "needed_categories",
        _NEEDS,
        dtype="array<string>",
        unit="",
        meaning=text(
            "Up to five categories that people like this one buy and this one does not yet, the most probable first."
        ),
    ),
)
"""Every prediction that can be named like a trait."""


def _first(rows: ir.Table, _: Lake) -> ir.Table:
    return rows.filter(rows["rank"] == 1)


def _categories(rows: ir.Table, _: Lake) -> ir.Table:
    return rows.group_by("person_id").agg(categories=rows.category.collect(order_by=rows["rank"]))


def _next_category(rows: ir.Table, lake: Lake) -> ir.Table:
    """Return the category of each person with the greatest sum of probabilities; of equal ones the first by name."""
    shelf = shelves(read_facts(lake=lake).products, category_depth=CATEGORY_DEPTH)
    named = rows.inner_join(shelf.select("product_id", "category"), "product_id")
    summed = named.group_by("person_id", "category").agg(score=named.score.sum())
    best_first = ibis.window(group_by="person_id", order_by=[ibis.desc(summed.score), summed.category])
    return summed.mutate(place=ibis.row_number().over(best_first)).filter(lambda t: t.place == 0)


_SOURCES = (
    _Source("value", _VALUE, {n: n for n in ("alive_prob", "expected_orders", "expected_margin_minor")}),
    _Source("affinity", _AFFINITY, {"next_product": "product_id"}, _first),
    _Source("affinity", _AFFINITY, {"next_category": "category"}, _next_category),
    _Source("affinity", _NEEDS, {"needed_category": "category"}, _first),
    _Source("affinity", _NEEDS, {"needed_categories": "categories"}, _categories),
    _Source("repeat", _REPEAT, {n: n for n in ("p_order_14", "p_order_30", "p_silent", "next_order_on")}),
)


def known_traits(folder: Path) -> TraitBook:
    """Return the traits that a shop's rules and templates may name: built-in, predicted, and its own of `traits.toml`."""
    return BUILT_IN.extended((*PREDICTED, *shop_traits(folder=folder).traits))


def beside_portraits(lake: Lake) -> Beside:
    """Return what lays predictions beside portraits.

    Only predictions made as of the portraits' moment or before are laid there; a person without one has null. Where all are
    asked for (None), those that were not made are left out; where one is named and was not made, it raises `PredictionMissing`.
    """

    def laid(portraits: ir.Table, as_of: datetime, wanted: Collection[str] | None) -> ir.Table:
        for source in _SOURCES:
            names = [name for name in source.columns if wanted is None or name in wanted]
            if not names:
                continue
            found = predicted_at(lake, source.table)
            if found is not None and found <= as_of:
                portraits = _joined(portraits, source, names=names, lake=lake)
            elif wanted is not None:
                raise PredictionMissing(
                    names=", ".join(names),
                    family=source.family,
                    day=DayTyped(as_of),
                    found="–" if found is None else DayTyped(found),
                )
        return portraits

    return laid


def _joined(portraits: ir.Table, source: _Source, *, names: Collection[str], lake: Lake) -> ir.Table:
    rows = source.of(lake.table(source.table), lake)
    columns = {name: rows[source.columns[name]] for name in names}
    return portraits.left_join(rows.select("person_id", **columns), "person_id").drop("person_id_right")
