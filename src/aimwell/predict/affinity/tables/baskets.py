"""What people bought, basket by basket, and what that says of each product."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.people.model import Facts
from aimwell.portraits.tables.moments import at, before
from aimwell.portraits.tables.state import shelves, sold, stock_units
from aimwell.predict.affinity.histories import CODE_STEP, DAY_STEP, MAX_TURNS

__all__ = [
    "RECENT_DAYS",
    "coded",
    "counts_of_products",
    "described_products",
    "packed",
    "purchases",
    "turns",
    "turns_around",
]

RECENT_DAYS = 35
_YEAR_DAYS = 365


def purchases(facts: Facts, *, end: datetime) -> ir.Table:
    """Return what known people bought before a moment; a basket is an order. Fees and cancelled orders are left out.

    Returns
    -------
    Table
        One row per person, basket and product: person_id, basket (a name), product_id, ordered_at.
    """
    orders = before(facts.orders, "ordered_at", end)
    lines = sold(before(facts.order_lines, "ordered_at", end), orders)
    named = lines.filter(lines.product_id.notnull()).mutate(basket=lines.source + "\n" + lines.order_id)
    return named.group_by("person_id", "basket", "product_id").agg(ordered_at=named.ordered_at.max())


def turns(bought: ir.Table, *, as_of: datetime) -> ir.Table:
    """Return the lines of everybody's newest baskets.

    Parameters
    ----------
    bought
        Result of `purchases`.
    as_of
        Days are counted back from here.

    Returns
    -------
    Table
        One row per line: person_id, product_id, turn (0: the newest basket), days (before `as_of`).
    """
    baskets = _baskets(bought)
    newest = ibis.window(group_by="person_id", order_by=[ibis.desc("basket_at"), ibis.desc("basket")])
    return _lines(bought, baskets.mutate(turn=ibis.row_number().over(newest)), as_of=as_of)


def turns_around(bought: ir.Table, *, cut: datetime, until: datetime) -> ir.Table:
    """Return lines as `turns` does, as of a moment, and as turn 0 the first basket in [cut, until), if there was one."""
    baskets = _baskets(bought)
    past = baskets.filter(baskets.basket_at < at(cut))
    newest = ibis.window(group_by="person_id", order_by=[ibis.desc("basket_at"), ibis.desc("basket")])
    past = past.mutate(turn=ibis.row_number().over(newest) + 1)
    after = baskets.filter(baskets.basket_at >= at(cut), baskets.basket_at < at(until))
    oldest = ibis.window(group_by="person_id", order_by=["basket_at", "basket"])
    after = after.mutate(turn=ibis.row_number().over(oldest)).filter(lambda t: t.turn == 0)
    return _lines(bought, past.union(after), as_of=cut)


def counts_of_products(lines: ir.Table) -> ir.Table:
    """Return how often each product was bought.

    Parameters
    ----------
    lines
        Result of `turns`, all or the older ones.

    Returns
    -------
    Table
        One row per product: product_id, n_buyers, n_baskets, n_recent (baskets of the last 35 days), n_season (of the 35 days that
        begin a year before).
    """
    a_year_ago = (lines.days > _YEAR_DAYS - RECENT_DAYS) & (lines.days <= _YEAR_DAYS)
    return lines.group_by("product_id").agg(
        n_buyers=lines.person_id.nunique(),
        n_baskets=lines.count(),
        n_recent=lines.count(where=lines.days <= RECENT_DAYS),
        n_season=lines.count(where=a_year_ago),
    )


def described_products(
    counts: ir.Table, products: ir.Table, *, depth: int, n_bought: int, n_new: int
) -> ir.Table:
    """Return the catalogue: the products most people bought, and the newest of those that nobody bought.

    Parameters
    ----------
    counts
        Result of `counts_of_products`.
    products
        Columns of `aimwell.intake.facts.PRODUCTS`.
    depth
        Steps of a category's path that count.
    n_bought, n_new
        How many of each, at most.

    Returns
    -------
    Table
        product_id, n_buyers, n_baskets, n_recent, n_season, category (null: unknown), margin_rate (null: unknown), stock (null: unknown).
    """
    shelf = shelves(products, category_depth=depth).select("product_id", "category")
    told = products.select(
        "product_id",
        "known_at",
        margin_rate=(products.price_minor - products.cost_minor) / products.price_minor.nullif(0),
        stock=stock_units(products),
    ).inner_join(shelf, "product_id")
    bought = counts.order_by(ibis.desc("n_buyers"), "product_id").limit(n_bought)
    bought = bought.left_join(told, "product_id").drop("product_id_right", "known_at")
    unsold = told.anti_join(counts, "product_id")
    new = unsold.order_by(ibis.desc("known_at"), "product_id").limit(n_new).drop("known_at")
    zero = {name: ibis.literal(0, "int64") for name in ("n_buyers", "n_baskets", "n_recent", "n_season")}
    new = new.mutate(**zero).select(*bought.columns)
    return ibis.union(bought, new).order_by(ibis.desc("n_buyers"), "product_id")


def coded(lines: ir.Table, codes: ir.Table) -> ir.Table:
    """Return the lines of products of a catalogue (product_id, code), with `code` in place of product_id."""
    return lines.inner_join(codes, "product_id").select("person_id", "code", "turn", "days")


def packed(coded_lines: ir.Table) -> ir.Table:
    """Return everybody's history as one list of whole numbers: person_id, lines.

    Each number is a line: its product's code, days and turn (see `aimwell.predict.affinity.histories`).
    """
    kept = coded_lines.filter(coded_lines.turn < MAX_TURNS)
    days = ibis.least(kept.days.cast("int64"), CODE_STEP // DAY_STEP - 1)
    line = kept.code.cast("int64") * CODE_STEP + days * DAY_STEP + kept.turn.cast("int64")
    named = kept.select("person_id", line=line)
    return named.group_by("person_id").agg(lines=named.line.collect())


def _baskets(bought: ir.Table) -> ir.Table:
    return bought.group_by("person_id", "basket").agg(basket_at=bought.ordered_at.max())


def _lines(bought: ir.Table, baskets: ir.Table, *, as_of: datetime) -> ir.Table:
    recent = baskets.filter(baskets.turn <= MAX_TURNS)
    both = bought.inner_join(recent, ["person_id", "basket"])
    days = at(as_of).cast("date").delta(both.basket_at.cast("date"), unit="day").cast("int64")
    days = ibis.greatest(days, 0)  # the basket to be foretold comes after the cut
    return both.select("person_id", "product_id", turn=both.turn.cast("int64"), days=days)
