"""Fills the product slots of a message: for each person what they are predicted to want, and the best sellers of a shelf."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.portraits.tables.state import shelves, stock_units

__all__ = ["described", "product_slots"]

_SPARE = (
    3  # times as many best sellers are looked at as there are slots, for people who have bought some of them
)
# Which come first: the person's list, the shelf's best sellers, the list where another shelf was asked for, best sellers of all.
_LISTED, _ON_SHELF, _LISTED_ELSEWHERE, _ANYWHERE = range(4)


def product_slots(
    people: ir.Table,
    *,
    lines: ir.Table,
    products: ir.Table,
    since: datetime,
    n_slots: int,
    category_depth: int,
    lists: ir.Table | None = None,
    shows_bought: bool = False,
) -> ir.Table:
    """Return the products that each person is shown.

    First what the person is predicted to want, then the best sellers of their category, then those of the whole shop, without
    what the person has bought; of equal sellers the smaller id. Where a category was asked for, products of the list that are
    not in it come after its best sellers. A product whose attribute `stock` is 0 is not shown.

    Parameters
    ----------
    people
        One row per person and category: person_id (not null), category: a path of up to `category_depth` steps, such as the
        trait top_category or that of an offer; null: the whole shop. With `lists` also is_asked: whether the category was asked
        for, as by an offer, and is not only the person's own.
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
    lists
        person_id, product_id, rank (from 1): result of `aimwell.predict.lists.product_lists`; None: there are no predictions.
    shows_bought
        Whether lists may show what the person has bought, where it is predicted to be bought again.

    Returns
    -------
    Table
        One row per person, category and filled slot: person_id, shelf (the category asked for, "": the whole shop), slot
        (from 0), id, and `described` of the product.
    """
    sold = lines.filter(~lines.is_fee.fill_null(ibis.literal(value=False)), lines.product_id.notnull())
    bought = sold.filter(sold.person_id.notnull()).select("person_id", "product_id").distinct()
    in_stock = products.filter(stock_units(products).fill_null(1.0) > 0)
    ranked = _best_sellers(sold.filter(sold.ordered_at >= since), in_stock, category_depth=category_depth)
    wanted = people.mutate(own=people.category.fill_null(""))
    both = _best_for(wanted, ranked.filter(ranked.place < n_slots * _SPARE)).anti_join(
        bought, ["person_id", "product_id"]
    )
    if lists is not None:
        listed = _listed_for(wanted, lists, _stands(in_stock, category_depth=category_depth))
        both = both.union(listed if shows_bought else listed.anti_join(bought, ["person_id", "product_id"]))
    new = both.group_by("person_id", "own", "product_id").agg(
        tier=both.tier.min(), rank=both["rank"].max(), n_orders=both.n_orders.max()
    )
    best_first = [new.tier, new["rank"], ibis.desc(new.n_orders), new.product_id]
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


_COLUMNS = ("person_id", "own", "product_id", "tier", "rank", "n_orders")


def _best_for(wanted: ir.Table, best: ir.Table) -> ir.Table:
    """Return the best sellers of each person's shelf and of the whole shop: `_COLUMNS`; rank 0: not of a list."""
    in_shelf = wanted.inner_join(best.filter(best.tier == _ON_SHELF), [wanted.own == best.shelf])
    anywhere = wanted.cross_join(best.filter(best.tier == _ANYWHERE).drop("shelf"))
    return ibis.union(
        *(rows.mutate(rank=ibis.literal(0, "int64")).select(_COLUMNS) for rows in (in_shelf, anywhere))
    )


def _listed_for(wanted: ir.Table, lists: ir.Table, stands: ir.Table) -> ir.Table:
    """Return what is in each person's list and may be shown: `_COLUMNS`."""
    named = wanted.inner_join(lists.select("person_id", "product_id", "rank"), "person_id")
    known = named.semi_join(stands, "product_id")
    shelf = stands.select("product_id", own="shelf", stands=ibis.literal(value=True))
    placed = known.left_join(shelf, ["product_id", "own"])
    is_right = placed.stands.fill_null(ibis.literal(value=False)) | ~placed.is_asked | (placed.own == "")
    return placed.mutate(
        tier=is_right.ifelse(_LISTED, _LISTED_ELSEWHERE).cast("int8"), n_orders=ibis.literal(0, "int64")
    ).select(_COLUMNS)


def _stands(products: ir.Table, *, category_depth: int) -> ir.Table:
    """Return product_id and shelf: a product stands on the shelf of each beginning of its path, so that a wide category has some too."""
    depths = [shelves(products, category_depth=depth) for depth in range(1, category_depth + 1)]
    return ibis.union(*(one.select("product_id", shelf="category") for one in depths), distinct=True)


def _best_sellers(sold: ir.Table, products: ir.Table, *, category_depth: int) -> ir.Table:
    """Return products by what sells best: shelf, product_id, n_orders, place (from 0), tier."""
    counted = sold.group_by("product_id").agg(n_orders=sold.order_id.nunique())
    stands = _stands(products, category_depth=category_depth)
    known = counted.inner_join(stands, "product_id").select("product_id", "shelf", "n_orders")
    best_first = [ibis.desc(known.n_orders), known.product_id]
    within = known.mutate(
        place=ibis.row_number().over(ibis.window(group_by="shelf", order_by=best_first)),
        tier=ibis.literal(_ON_SHELF),
    )
    once = counted.semi_join(stands, "product_id").mutate(shelf=ibis.null("string"))
    overall = once.select("product_id", "shelf", "n_orders").mutate(
        place=ibis.row_number().over(ibis.window(order_by=[ibis.desc("n_orders"), "product_id"])),
        tier=ibis.literal(_ANYWHERE),
    )
    return ibis.union(within, overall)
