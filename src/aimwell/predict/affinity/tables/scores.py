"""Everybody's recommendations and needs, computed inside the engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from aimwell.predict.affinity.choose import Wishes
from aimwell.predict.affinity.histories import Histories, unpacked
from aimwell.predict.affinity.model import AffinityModel
from aimwell.predict.affinity.needs import category_table
from aimwell.predict.affinity.recommend import recommend_people
from aimwell.predict.functions import over_lists
from aimwell.storage.lake.model import TableSpec

__all__ = ["AFFINITY_NEEDS", "AFFINITY_SCORES", "category_codes", "needs", "recommended"]

# One row per person and place in their list: the newest recommendations. `score` is the probability that the product is in the next
# basket. `reason`: of a repeat n_bought (baskets with it) and days_ago (since the last); of a new product the one bought that speaks
# most for it, null where it is only popular.
AFFINITY_SCORES = TableSpec(
    name="affinity_scores",
    schema=ibis.schema(
        {
            "person_id": "int64",
            "rank": "int64",  # from 1
            "product_id": "string",
            "score": "float64",
            "kind": "string",  # repeat or explore
            "reason": "struct<because_product_id: string, n_bought: int64, days_ago: int64>",
            "as_of": "timestamp",
            "model_id": "string",
        }
    ),
    cluster_by=("person_id", "rank"),
)

# One row per person and category that they do not buy yet and people like them do. `score`: probability of a first purchase within the
# horizon; `support_rate`: of the buyers of this category, the share that bought `because_categories`.
AFFINITY_NEEDS = TableSpec(
    name="affinity_needs",
    schema=ibis.schema(
        {
            "person_id": "int64",
            "rank": "int64",
            "category": "string",
            "score": "float64",
            "because_categories": "array<string>",
            "support_rate": "float64",
            "as_of": "timestamp",
            "model_id": "string",
        }
    ),
    cluster_by=("person_id", "rank"),
)

_Batch = Callable[[Histories], tuple[np.ndarray, np.ndarray]]


def recommended(
    histories: ir.Table, codes: ir.Table, *, model: AffinityModel, model_id: str, wishes: Wishes
) -> ir.Table:
    """Return everybody's list.

    Parameters
    ----------
    histories
        Result of `aimwell.predict.affinity.tables.baskets.packed`, staged.
    codes
        product_id and code of the catalogue.
    model, model_id, wishes
        What ranks, its name, and what the shop wants.

    Returns
    -------
    Table
        One row per person and place: columns of `AFFINITY_SCORES` but as_of and model_id.
    """

    def listed(people: Histories) -> tuple[np.ndarray, np.ndarray]:
        found = recommend_people(people, model, wishes=wishes)
        values = (found.code, found.score, found.is_repeat, found.because, found.n_bought, found.days_ago)
        return found.person, np.column_stack([np.asarray(v, dtype=float) for v in values])

    equal = f"{model_id} {json.dumps(vars(wishes), sort_keys=True)}"
    rows = _entries(histories, _of_batch(listed, name="recommend", equal=equal), width=6, k=wishes.k)
    named = rows.select(
        "person_id",
        "rank",
        code=rows.v_0.cast("int64"),
        score=rows.v_1,
        is_repeat=rows.v_2 == 1,
        because=rows.v_3.cast("int64"),
        n_bought=rows.v_4.cast("int64"),
        days_ago=rows.v_5.cast("int64"),
    )
    speaking = codes.select(because="code", because_product_id="product_id")
    told = named.inner_join(codes, "code").left_join(speaking, "because")
    none = ibis.null("int64")
    reason = {
        "because_product_id": told.because_product_id,
        "n_bought": told.is_repeat.ifelse(told.n_bought, none),
        "days_ago": told.is_repeat.ifelse(told.days_ago, none),
    }
    return told.select(
        "person_id",
        "rank",
        "product_id",
        "score",
        kind=told.is_repeat.ifelse("repeat", "explore"),
        reason=ibis.struct(reason),
    )


def needs(
    histories: ir.Table, categories: ir.Table, *, model: AffinityModel, model_id: str, k: int
) -> ir.Table:
    """Return everybody's potential needs: columns of `AFFINITY_NEEDS` but as_of and model_id.

    Parameters
    ----------
    histories
        As for `recommended`.
    categories
        Result of `category_codes`.
    model, model_id, k
        Who tells, its name, and how many needs a person has at most.
    """

    def listed(people: Histories) -> tuple[np.ndarray, np.ndarray]:
        found = model.needs.of(category_table(people, model.world), k=k)
        person, rank = np.nonzero(found.category >= 0)
        values = (found.category, found.probability, found.first, found.second, found.support_rate)
        return person, np.column_stack([v[person, rank].astype(float) for v in values])

    rows = _entries(histories, _of_batch(listed, name="needs", equal=f"{model_id} {k}"), width=5, k=k)
    named = rows
    for column, label in (("v_0", "category"), ("v_2", "first"), ("v_3", "second")):
        names = categories.select(**{label: "category", f"{label}_code": "code"})
        named = named.inner_join(names, named[column].cast("int64") == names[f"{label}_code"])
    return named.select(
        "person_id",
        "rank",
        "category",
        score=named.v_1,
        # Not `unique`: each engine gives its result in an order of its own.
        because_categories=ibis.ifelse(
            named["first"] == named["second"],
            ibis.array([named["first"]]),
            ibis.array([named["first"], named["second"]]),
        ),
        support_rate=named.v_4,
    )


def category_codes(model: AffinityModel) -> ir.Table:
    """Return category and code of all categories of a model."""
    names = list(model.world.catalogue.categories)
    columns = {"category": pa.array(names, pa.string()), "code": pa.array(range(len(names)), pa.int64())}
    return ibis.memtable(pa.table(columns))


def _entries(histories: ir.Table, function: Callable[[ir.Value], Any], *, width: int, k: int) -> ir.Table:
    """Return the lists that a function makes of histories, one row per entry: person_id, rank (from 1), v_0, v_1, ..."""
    made = histories.select("person_id", found=function(histories.lines))
    numbered = made.mutate(place=ibis.range(0, k).unnest())
    rows = numbered.filter(numbered.found.length() > numbered.place * width)
    values = {f"v_{n}": rows.found[(rows.place * width + n).cast("int64")] for n in range(width)}
    return rows.select("person_id", rank=rows.place.cast("int64") + 1, **values)


def _of_batch(listed: _Batch, *, name: str, equal: str) -> Callable[[ir.Value], ir.ArrayValue]:
    """Return the function of an engine that turns lists of packed lines into lists of numbers."""

    def work(lines: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        person, values = listed(unpacked(lines, lengths))
        return values.ravel(), np.bincount(person, minlength=len(lengths)) * values.shape[1]

    return over_lists(work, name=name, of=dt.int64, equal=equal)
