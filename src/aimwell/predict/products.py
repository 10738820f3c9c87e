"""What products are called, for people who read predictions."""

from __future__ import annotations

from collections.abc import Collection

import ibis
import ibis.expr.types as ir

from aimwell.storage.engines import Engine

__all__ = ["product_names"]


def product_names(product_ids: Collection[str], *, products: ir.Table, engine: Engine) -> dict[str, str]:
    """Return the names of products by id; products that have none are left out.

    Parameters
    ----------
    product_ids
        Those that are shown: a bounded number, as they travel in the query.
    products
        Columns of `aimwell.intake.facts.PRODUCTS`.
    engine
        The engine of that table.
    """
    if not product_ids:
        return {}
    wanted = products.filter(products.product_id.isin(sorted(set(product_ids))), products.name.notnull())
    named = wanted.group_by("product_id").agg(name=ibis._.name.max())
    return {row["product_id"]: row["name"] for row in engine.rows(named)}
