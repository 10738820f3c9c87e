"""The responses of all products, as the lake keeps them."""

from __future__ import annotations

from collections.abc import Iterable

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from aimwell.predict.price.model import PriceModel
from aimwell.predict.price.response import Response
from aimwell.storage.lake.model import TableSpec

__all__ = ["PRICE_RESPONSES", "responses_of"]

# One row per product: the newest scores. Prices are means of what was paid per unit, in minor units.
PRICE_RESPONSES = TableSpec(
    name="price_responses",
    schema=ibis.schema(
        {
            "product_id": "string",
            "category": "string",
            "elasticity": "float64",
            "low": "float64",  # 80 % interval of the elasticity
            "high": "float64",
            "promotion_lift": "float64",  # change of log units if all are sold at a marked discount, at the same price
            "n_weeks": "int64",
            "n_moves": "int64",
            "shrinkage": "float64",  # 0: the product speaks for itself; 1: its category, or the shop, for it
            "has_warning": "boolean",
            "price_minor": "float64",  # null for a product that was sold in too few weeks; so are the next four
            "seen_low_minor": "float64",
            "seen_high_minor": "float64",
            "weekly_units": "float64",
            "unit_cost_minor": "float64",
            "as_of": "timestamp",
            "model_id": "string",
        }
    ),
)
_ANSWERS = ("elasticity", "low", "high", "promotion_lift", "shrinkage", "has_warning")
_SEEN = (
    "n_weeks",
    "n_moves",
    "price_minor",
    "seen_low_minor",
    "seen_high_minor",
    "weekly_units",
    "unit_cost_minor",
)


def responses_of(products: ir.Table, model: PriceModel) -> ir.Table:
    """Return the response of every product: its own, else its category's, else the shop's.

    Parameters
    ----------
    products
        Result of `shelved`: product_id, category.
    model
        The model.

    Returns
    -------
    Table
        One row per product in `products` or in the model: the columns of `PRICE_RESPONSES` but `as_of` and `model_id`.
    """
    own = _table(model.products.values(), key="product_id")
    shelf = _table(model.categories.values(), key="category")
    own = own.rename({f"own_{name}": name for name in ("product_id", "category")})
    named = products.outer_join(own, products.product_id == own.own_product_id)
    named = named.mutate(
        product_id=named.product_id.fill_null(named.own_product_id),
        category=named.category.fill_null(named.own_category),
    )
    fallback = shelf.select(key=shelf.category, **{f"shelf_{name}": shelf[name] for name in _ANSWERS})
    joined = named.left_join(fallback, named.category == fallback.key)
    shop = _row(model.shop)
    answers = {
        name: ibis.coalesce(joined[name], joined[f"shelf_{name}"], ibis.literal(shop[name]))
        for name in _ANSWERS
    }
    counts = {name: joined[name].fill_null(0) for name in _SEEN[:2]}
    return joined.select(
        "product_id", "category", **answers, **counts, **{name: joined[name] for name in _SEEN[2:]}
    )


def _table(responses: Iterable[Response], *, key: str) -> ir.Table:
    names = ("product_id", "category", *_ANSWERS, *_SEEN)
    schema = ibis.schema({name: PRICE_RESPONSES.schema[name] for name in names}).to_pyarrow()
    rows = [_row(one) for one in responses]
    return ibis.memtable(pa.Table.from_pylist(rows, schema=schema)).filter(ibis._[key] != "")


def _row(one: Response) -> dict[str, object]:
    low, high = one.interval
    return {
        "product_id": one.product_id,
        "category": one.category,
        "elasticity": one.elasticity,
        "low": low,
        "high": high,
        "promotion_lift": one.lift,
        "shrinkage": one.shrinkage,
        "has_warning": one.warning is not None,
        "n_weeks": one.n_weeks,
        "n_moves": one.n_moves,
        **{name: getattr(one, name) for name in _SEEN[2:]},
    }
