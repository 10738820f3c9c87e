"""Fills the product slots of a message: for each person the best sellers of a shelf that they have not bought."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.portraits.tables.state import shelves

__all__ = ["described", "product_slots"]

_SPARE = (
    3  # times as many best sellers are looked at as there are slots, for people who have bought some of them
)


def product_slots(
    people: ir.Table,
    *,
    lines: ir.Table,
    products: ir.Table,
    since: datetime,
    n_slots: int,
    category_depth: int,
) -> ir.Table:
    """Return the products that each person is shown.

    First the best sellers of the person's category, then those of the whole shop, without what the person has bought; of equal
    sellers the smaller id.

    Parameters
    ----------
    people
        One row per person and category: person_id (not null), category: a path of up to `category_depth` steps, such as the
        trait top_category or that of an offer; null: the whole shop.
    lines
        Columns of `aimwell.intake.facts.ORDER_LINES`; fees are left out.
    products
        Columns of `aimwell.intake.facts.PRODUCTS`.
    since
        Orders from this moment on (naive UTC) count for what sells best; all orders count as bought.
    n_slots
        Products per person, at most.
    category_depth
        Steps of a category's path that a shelf is named by.

    Returns
    -------
    Table
        One row per person, category and filled slot: person_id, shelf (the category asked for, "": the whole shop), slot
        (from 0), id, and `described` of the product.
    """
    sold = lines.filter(~lines.is_fee.fill_null(ibis.literal(value=False)), lines.product_id.notnull())
    ranked = _best_sellers(sold.filter(sold.ordered_at >= since), products, category_depth=category_depth)
    wide = ranked.filter(ranked.place < n_slots * _SPARE)
    wanted = people.select("person_id", own=people.category.fill_null(""))
    in_shelf = wanted.inner_join(wide.filter(wide.tier == 0), [wanted.own == wide.shelf])
    anywhere = wanted.cross_join(wide.filter(wide.tier == 1).drop("shelf"))
    columns = ("person_id", "own", "product_id", "tier", "n_orders")
    both = ibis.union(in_shelf.select(columns), anywhere.select(columns))
    once = both.group_by("person_id", "own", "product_id").agg(
        tier=both.tier.min(), n_orders=both.n_orders.max()
    )
    bought = sold.filter(sold.person_id.notnull()).select("person_id", "product_id").distinct()
    new = once.anti_join(bought, ["person_id", "product_id"])
    best_first = [new.tier, ibis.desc(new.n_orders), new.product_id]
    turn = ibis.window(group_by=["person_id", "own"], order_by=best_first)
    slots = new.mutate(slot=ibis.row_number().over(turn))
    filled = slots.filter(slots.slot < n_slots)
    return filled.select("person_id", "slot", shelf="own", id="product_id").inner_join(
        described(products), "id"
    )


def described(products: ir.Table) -> ir.Table:
    """Return what templates may say of products: id, name, category, brand, price_minor, currency, url, image_url.

    url and image_url are from the product's attributes; null if it has none.
    """
    return products.select(
        "name",
        "category",
        "brand",
        "price_minor",
        "currency",
        id=products.product_id,
        url=products.attributes.get("url", None),
        image_url=products.attributes.get("image_url", None),
    )


def _best_sellers(sold: ir.Table, products: ir.Table, *, category_depth: int) -> ir.Table:
    """Return products by what sells best: shelf, product_id, n_orders, place (from 0), tier 0 within a shelf and 1 in the whole shop."""
    counted = sold.group_by("product_id").agg(n_orders=sold.order_id.nunique())
    # a product stands on the shelf of each beginning of its path, so that a wide category has best sellers too
    depths = [shelves(products, category_depth=depth) for depth in range(1, category_depth + 1)]
    stands = ibis.union(*(one.select("product_id", shelf="category") for one in depths), distinct=True)
    known = counted.inner_join(stands, "product_id").select("product_id", "shelf", "n_orders")
    best_first = [ibis.desc(known.n_orders), known.product_id]
    within = known.mutate(
        place=ibis.row_number().over(ibis.window(group_by="shelf", order_by=best_first)), tier=ibis.literal(0)
    )
    once = counted.semi_join(stands, "product_id").mutate(shelf=ibis.null("string"))
    overall = once.select("product_id", "shelf", "n_orders").mutate(
        place=ibis.row_number().over(ibis.window(order_by=[ibis.desc("n_orders"), "product_id"])),
        tier=ibis.literal(1),
    )
    return ibis.union(within, overall)
