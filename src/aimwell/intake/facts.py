"""The canonical tables of the lake: what a shop knows, one grain each, the same whatever file it came from.

UTC everywhere as naive timestamps (`_at`), money in whole minor units (`_minor`) of the shop's currency. Every row says
where it came from (`source`, `load_id`), since when Aimwell knew it (`known_at`) and until when it held
(`superseded_at`, null while it holds). Rows are never changed in place: a later export closes the old row and adds a new one.
"""

from __future__ import annotations

import ibis

from aimwell.storage.lake.model import TableSpec

__all__ = ["FACTS", "PROVENANCE", "fact"]

PROVENANCE = {
    "source": "string",
    "load_id": "string",
    "known_at": "timestamp",
    "superseded_at": "timestamp",
}


def fact(
    name: str, columns: dict[str, str], *, month_of: str | None = None, by_person: bool = True
) -> TableSpec:
    """Return the spec of a fact table: its columns and the provenance columns behind them."""
    cluster_by = ("person_id", month_of) if by_person and month_of else ("person_id",) if by_person else ()
    return TableSpec(
        name=name,
        schema=ibis.schema(columns | PROVENANCE),
        month_of=month_of,
        cluster_by=tuple(c for c in cluster_by if c),
    )


_WHO = {"account_id": "string", "person_id": "int64"}  # both null: an anonymous order or event
_PRICE = {"currency": "string"}

# One row per order. `items_minor` is what the goods cost after discounts, without shipping and tax;
# `total_minor` what was paid. `local_at` is `ordered_at` on the shop's wall clock. Cancelled orders stay, with their status.
ORDERS = fact(
    "orders",
    {
        "order_id": "string",
        **_WHO,
        "ordered_at": "timestamp",
        "local_at": "timestamp",
        "status": "string",  # placed, paid, shipped, completed or cancelled
        "channel": "string",
        "device": "string",
        "n_lines": "int64",
        "items_minor": "int64",
        "discount_minor": "int64",
        "shipping_minor": "int64",
        "tax_minor": "int64",
        "total_minor": "int64",
        **_PRICE,
        "coupon_code": "string",
        "seller_id": "string",
        "is_test": "boolean",
    },
    month_of="ordered_at",
)

# One row per order line. `net_minor` is what the line brought after discounts, without tax; `discount_minor` what was
# taken off. Who and when are repeated from the order, so that a portrait reads lines alone.
ORDER_LINES = fact(
    "order_lines",
    {
        "order_id": "string",
        "line_no": "int64",
        **_WHO,
        "ordered_at": "timestamp",
        "local_at": "timestamp",
        "product_id": "string",
        "quantity": "decimal(18, 3)",
        "net_minor": "int64",
        "discount_minor": "int64",
        "cost_minor": "int64",  # null where the shop does not know it
        **_PRICE,
        "coupon_code": "string",
        "is_fee": "boolean",  # postage, bank charges, samples, adjustments: money but no goods
        "is_test": "boolean",
    },
    month_of="ordered_at",
)

# One row per product. `category` is a path, outermost first, joined by " > ".
PRODUCTS = fact(
    "products",
    {
        "product_id": "string",
        "name": "string",
        "category": "string",
        "brand": "string",
        "price_minor": "int64",
        "cost_minor": "int64",
        **_PRICE,
        "attributes": "map<string, string>",
    },
    by_person=False,
)

# One row per event; names as in the Segment e-commerce spec ("Product Viewed", "Products Searched", "Product Added", ...).
EVENTS = fact(
    "events",
    {
        "message_id": "string",
        **_WHO,
        "name": "string",
        "occurred_at": "timestamp",
        "local_at": "timestamp",
        "session_id": "string",
        "product_id": "string",
        "channel": "string",
        "device": "string",
        "properties": "string",  # JSON, without identifiers
    },
    month_of="occurred_at",
)

# One row per source account.
CUSTOMERS = fact(
    "customers",
    {
        **_WHO,
        "created_at": "timestamp",
        "region": "string",
        "locale": "string",
        "attributes": "map<string, string>",  # coarse traits only: age band, household size, member level
    },
)

# One row per refund, cancellation or return; `amount_minor` is positive: what went back to the customer.
REFUNDS = fact(
    "refunds",
    {
        "refund_id": "string",
        "order_id": "string",  # null where the export does not say which order
        "line_no": "int64",
        "product_id": "string",
        **_WHO,
        "refunded_at": "timestamp",
        "quantity": "decimal(18, 3)",
        "amount_minor": "int64",
        **_PRICE,
        "reason": "string",
    },
    month_of="refunded_at",
)

# One row per service case or dispute.
CASES = fact(
    "cases",
    {
        "case_id": "string",
        "order_id": "string",
        **_WHO,
        "opened_at": "timestamp",
        "closed_at": "timestamp",
        "kind": "string",
        "status": "string",
        "outcome": "string",
    },
    month_of="opened_at",
)

# One row per day, channel and campaign of what advertising cost.
COSTS = fact(
    "costs",
    {
        "cost_id": "string",
        "spent_on": "date",
        "channel": "string",
        "campaign": "string",
        "amount_minor": "int64",
        **_PRICE,
    },
    by_person=False,
)

# One row per contact, or deliberate non-contact: who was offered what, in which arm, with which probability.
TOUCHES = fact(
    "touches",
    {
        "campaign_id": "string",
        "person_id": "int64",
        "offer_id": "string",  # null: held out or chosen for nothing
        "channel": "string",
        "arm": "string",  # treatment or holdout
        "propensity": "float64",  # probability of the arm this person got, 0..1
        "decided_at": "timestamp",
        "expected_profit_minor": "int64",
    },
    month_of="decided_at",
)

FACTS: dict[str, TableSpec] = {
    spec.name: spec
    for spec in (ORDERS, ORDER_LINES, PRODUCTS, EVENTS, CUSTOMERS, REFUNDS, CASES, COSTS, TOUCHES)
}
