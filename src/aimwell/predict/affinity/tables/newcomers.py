"""What to recommend to people who bought nothing yet: what sells best where they live."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.portraits.tables.moments import at
from aimwell.predict.affinity.tables.baskets import RECENT_DAYS

__all__ = ["newcomers"]

_EVERYWHERE = ""
_MIN_BASKETS = 100  # of a region in the last weeks; with fewer, the whole shop's best sellers are surer


def newcomers(
    customers: ir.Table,
    lines: ir.Table,
    histories: ir.Table,
    shown: ir.Table,
    refusing: ir.Table,
    *,
    as_of: datetime,
    k: int,
) -> ir.Table:
    """Return lists for people with an account and no purchase, and for those who want none made for them.

    Parameters
    ----------
    customers
        Accounts: person_id, created_at (null: unknown, counts as before), region (null: unknown).
    lines
        Result of `turns`.
    histories
        People who have a list of their own: person_id.
    shown
        product_id of what may be recommended.
    refusing
        person_id of people whose region does not count either.
    as_of, k
        Accounts from this moment on are left out; products per person.

    Returns
    -------
    Table
        One row per person and place: person_id, rank, product_id, score (share of the region's recent baskets with the product), kind
        "explore", reason (all null).
    """
    known = customers.filter(customers.person_id.notnull())
    is_before = known.created_at.isnull() | (known.created_at < at(as_of))
    homes = (
        known.filter(is_before).group_by("person_id").agg(region=known.region.min().fill_null(_EVERYWHERE))
    )
    somewhere = homes.anti_join(refusing, "person_id")
    nowhere = homes.semi_join(refusing, "person_id").mutate(region=ibis.literal(_EVERYWHERE))
    homes = somewhere.union(nowhere)
    recent = lines.filter(lines.days <= RECENT_DAYS)
    best = _best_sellers(recent, homes, shown, k=k)
    regions = best.select("region", known_region="region").distinct()
    new = homes.anti_join(histories, "person_id").left_join(regions, "region")
    new = new.select("person_id", "known_region")
    placed = new.mutate(region=new.known_region.fill_null(_EVERYWHERE))
    nothing = {
        "because_product_id": ibis.null("string"),
        "n_bought": ibis.null("int64"),
        "days_ago": ibis.null("int64"),
    }
    return placed.inner_join(best, "region").select(
        "person_id", "rank", "product_id", "score", kind=ibis.literal("explore"), reason=ibis.struct(nothing)
    )


def _best_sellers(recent: ir.Table, homes: ir.Table, shown: ir.Table, *, k: int) -> ir.Table:
    """Return region ("": everywhere), rank, product_id and score; regions with enough baskets only."""
    here = recent.inner_join(homes, "person_id").select("person_id", "turn", "product_id", "region")
    here = here.filter(here.region != _EVERYWHERE)
    everywhere = recent.select("person_id", "turn", "product_id", region=ibis.literal(_EVERYWHERE))
    sold = here.union(everywhere)
    baskets = sold.select("region", "person_id", "turn").distinct()
    sizes = baskets.group_by("region").agg(n_all=baskets.count())
    sizes = sizes.filter((sizes.n_all >= _MIN_BASKETS) | (sizes.region == _EVERYWHERE))
    counted = sold.semi_join(shown, "product_id").group_by("region", "product_id").agg(n=lambda t: t.count())
    shares = counted.inner_join(sizes, "region")
    best_first = ibis.window(group_by="region", order_by=[ibis.desc("n"), "product_id"])
    ranked = shares.mutate(rank=ibis.row_number().over(best_first) + 1)
    return ranked.filter(ranked["rank"] <= k).select(
        "region", "product_id", rank=ranked["rank"].cast("int64"), score=ranked.n / ranked.n_all
    )
