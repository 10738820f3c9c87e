"""The demo's offers come from the coupons, and its files are those the plan reads."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import ibis

from aimwell.learn.demo.complete_journey import complete_journey, coupon_offers
from aimwell.learn.demo.model import DemoOffer, offers_file, plan_file
from aimwell.promote.plan.files import read_campaign, read_offers
from aimwell.storage.engines import Engine


def test_offers_are_the_best_selling_categories_with_coupons(engine: Engine) -> None:
    coupons = ibis.memtable(
        {"coupon_upc": [1, 2, 2, 3], "product_id": [10, 11, 20, 30], "campaign_id": [18, 18, 18, 9]}
    )
    products = ibis.memtable(
        {
            "product_id": [10, 11, 20, 30],
            "department": ["GROCERY"] * 4,
            "product_category": ["CHEESE", "CHEESE", "PIZZA", "MILK"],
        }
    )
    before, after = datetime(2017, 9, 1), datetime(2017, 10, 2)
    lines = ibis.memtable(
        {
            "product_id": [10, 11, 20, 20, 20, 30],
            "sales_value": [5.0, 3.0, 4.0, 2.0, 90.0, 99.0],
            "coupon_disc": [1.0, 0.0, 0.5, 1.5, 9.0, 1.0],
            "transaction_timestamp": [before, before, before, before, after, before],
        }
    )
    table = coupon_offers(coupons, products, lines, campaign_id=18, before=datetime(2017, 10, 1), limit=5)
    found = [
        (r["product_category"], r["n_coupons"], r["coupon_dollars"], r["sales_dollars"])
        for r in engine.rows(table)
    ]
    # Milk has no coupon in the campaign; the line after the day is not seen.
    assert found == [("CHEESE", 2, 1.0, 8.0), ("PIZZA", 1, 1.0, 6.0)]


def test_the_files_can_be_read_by_the_plan(tmp_path: Path) -> None:
    demo = complete_journey()
    offers = [
        DemoOffer(offer_id="a", name="A", channel="letter", contact_cost="0.25", incentive_cost="1.20"),
        DemoOffer(offer_id="b", name="B", channel="app", contact_cost="0.02", incentive_cost="0", stock=9),
    ]
    (tmp_path / "offers.toml").write_text(offers_file(offers, currency=demo.currency), "utf-8")
    (tmp_path / "plan.toml").write_text(plan_file(demo), "utf-8")
    read = read_offers(tmp_path / "offers.toml", currency=demo.currency)
    campaign = read_campaign(tmp_path / "plan.toml", offers=read, currency=demo.currency)
    assert [(o.offer_id, o.contact_milli, o.incentive_minor, o.stock) for o in read] == [
        ("a", 25_000, 120, None),
        ("b", 2_000, 0, 9),
    ]
    assert campaign.budget_minor == 60_000
