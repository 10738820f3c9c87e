"""Lake tables that portraits keep: the state that is folded forward, and the list of snapshots.

A snapshot is a table of its own. Its columns are the trait book of that day, which a shop may change at any time; a table
per snapshot keeps every old one readable as it was, makes each one atomic commit, and lets an old one go by deleting it.
"""

from __future__ import annotations

import ibis

from aimwell.storage.lake.model import TableSpec

__all__ = ["DAYPARTS", "KINDS", "SNAPSHOTS", "STATE", "STATE_MARKS", "WEEKDAYS", "snapshot_spec"]

# Parts of the day and the hour at which each begins, on the shop's wall clock.
DAYPARTS = {"night": 0, "morning": 6, "afternoon": 12, "evening": 18}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Event names of the Segment e-commerce and e-mail specs, by the count that they feed.
KINDS = {
    "views": "Product Viewed",
    "searches": "Products Searched",
    "carts": "Product Added",
    "checkouts": "Checkout Started",
    "wishes": "Product Added to Wishlist",
    "reviews": "Product Reviewed",
    "shares": "Product Shared",
    "mail_opens": "Email Opened",
    "mail_clicks": "Email Link Clicked",
}

# One row per person with an order, an order line or an event before the moment of the state (see STATE_MARKS). Whole
# numbers, moments and small lists only, all independent of "now", so that people not seen again keep their row.
# Counts are null when the person has no row in that fact table. Lists have no order.
STATE = TableSpec(
    name="portrait_state",
    schema=ibis.schema(
        {
            "person_id": "int64",
            # from orders that were not cancelled
            "n_orders": "int64",
            "first_ordered_at": "timestamp",
            "last_ordered_at": "timestamp",
            "first_order_on": "date",  # on the shop's wall clock
            "last_order_on": "date",
            "n_order_days": "int64",
            "gap_days_squared": "int64",  # sum over the gaps between successive order days
            "n_lines_ordered": "int64",
            "items_minor": "int64",
            "max_items_minor": "int64",
            "discount_minor": "int64",
            "n_discounted_orders": "int64",
            "n_coupon_orders": "int64",
            "n_free_shipping": "int64",
            **{f"n_{part}": "int64" for part in DAYPARTS},
            **{f"n_{day}": "int64" for day in WEEKDAYS},
            **{f"n_quarter_{q}": "int64" for q in (1, 2, 3, 4)},
            "n_channels": "int64",
            "usual": "struct<n_orders: int64, channel: string, device: string>",
            # from the lines of those orders, without fees
            "n_lines": "int64",
            "milli_quantity": "int64",  # pieces times 1000
            "net_minor": "int64",
            "n_discounted_lines": "int64",
            "costed_net_minor": "int64",
            "cost_minor": "int64",
            "n_products": "int64",
            "n_categories": "int64",
            "n_known_lines": "int64",  # lines whose product has a category
            "same_category_pairs": "int64",  # sum over categories of lines squared
            "n_branded_lines": "int64",
            "n_main_brand_lines": "int64",  # lines of the commonest brand of their category
            "favourite": "struct<n_lines: int64, product_id: string>",
            "categories": "array<struct<name: string, n_lines: int64, milli_quantity: int64, net_minor: int64>>",
            "n_brands": "int64",
            "n_brand_lines": "int64",  # lines whose product has a brand
            "same_brand_pairs": "int64",
            "brands": "array<struct<name: string, n_lines: int64>>",
            # from events; a day is one of the shop's wall clock
            "n_events": "int64",
            "n_mobile_events": "int64",
            **{f"n_{kind}": "int64" for kind in KINDS},
            "first_seen_at": "timestamp",
            "last_seen_at": "timestamp",
            "last_viewed_at": "timestamp",
            "last_searched_at": "timestamp",
            "last_carted_at": "timestamp",
            "n_visit_days": "int64",
            "n_view_days": "int64",
            "n_bought_view_days": "int64",
            "n_cart_days": "int64",
            "n_abandoned_cart_days": "int64",
        }
    ),
    cluster_by=("person_id",),
)

# One row per time the state was brought forward; the newest (greatest `step`) holds.
STATE_MARKS = TableSpec(
    name="portrait_state_marks",
    schema=ibis.schema(
        {
            "step": "int64",
            "as_of": "timestamp",  # facts before this moment are in the state
            "known_at": "timestamp",  # and of them those that Aimwell knew then
            "category_depth": "int64",
            "n_people": "int64",  # whose state was computed in this step
        }
    ),
)

# One row per snapshot that was built; of several as of one moment the newest (greatest `built_at`) holds.
SNAPSHOTS = TableSpec(
    name="portrait_snapshots",
    schema=ibis.schema(
        {
            "as_of": "timestamp",
            "known_at": "timestamp",
            "built_at": "timestamp",
            "table_name": "string",
            "n_people": "int64",
        }
    ),
)


def snapshot_spec(name: str, schema: ibis.Schema) -> TableSpec:
    """Return the spec of one snapshot's table."""
    return TableSpec(name=name, schema=schema, cluster_by=("person_id",))
