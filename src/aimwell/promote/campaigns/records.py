"""The lake's tables of campaigns: a receipt for everybody considered, whom each round would contact with what, who explored, and what was shown."""

from __future__ import annotations

import ibis

from aimwell.storage.lake.model import TableSpec

__all__ = ["CONTACTS", "DECISIONS", "EXPLORERS", "SHOWN"]

# One row per person and round, never changed: what was known when it was decided. Arrays have one element per offer of the
# round (`members`: per segment that limits count over), in the order of the round's terms; money in thousandths of a minor
# unit, null: the offer was none for this person, at any price.
DECISIONS = TableSpec(
    name="campaign_decisions",
    schema=ibis.schema(
        {
            "campaign_id": "string",
            "plan_id": "string",
            "person_id": "int64",
            "decided_at": "timestamp",
            "arm": "string",
            "propensity": "float64",
            "response_prob": "float64",
            "order_minor": "float64",
            "margin_minor": "float64",
            "value_milli": "array<int64>",
            "cost_milli": "array<int64>",
            "is_meant": "array<boolean>",  # by segment or rule
            "in_the_way": "array<string>",  # what the gate said, codes joined by commas; "" if nothing
            "members": "array<boolean>",
            "is_part": "boolean",  # some offer was possible: counts in the comparison of arms
            "others": "array<int64>",  # linked accounts
            "region": "string",
            "locale": "string",
            "birth_year": "int64",
            "time_zone": "string",
        }
    ),
    cluster_by=("campaign_id", "person_id"),
)

# One row per person and offer that a round chose; in the holdout: would have chosen, and nothing goes out. A round that is
# planned anew has newer rows: those of its `planned_at` count.
CONTACTS = TableSpec(
    name="campaign_contacts",
    schema=ibis.schema(
        {
            "campaign_id": "string",
            "decided_at": "timestamp",
            "person_id": "int64",
            "offer_id": "string",
            "channel": "string",
            "arm": "string",
            "value_milli": "int64",
            "cost_milli": "int64",
        }
    ),
    cluster_by=("campaign_id", "person_id"),
)

# One row per explorer and round, those too who drew nothing (a null offer): the chances that decided, of nothing first, then of each offer
# of the round in the order of its terms, and that of the action drawn. Belongs to the receipt in `campaign_decisions`.
EXPLORERS = TableSpec(
    name="campaign_explorers",
    schema=ibis.schema(
        {
            "campaign_id": "string",
            "decided_at": "timestamp",
            "person_id": "int64",
            "offer_id": "string",
            "propensity": "float64",
            "chances": "array<float64>",
        }
    ),
    cluster_by=("campaign_id", "person_id"),
)

# One row per contact of a round whose template shows products: ids of those that this person is shown, the first slot first.
# Chosen when the round is planned, so that a rehearsal, the message and its explanation have the same.
SHOWN = TableSpec(
    name="campaign_products",
    schema=ibis.schema(
        {
            "campaign_id": "string",
            "decided_at": "timestamp",
            "person_id": "int64",
            "offer_id": "string",
            "product_ids": "array<string>",
        }
    ),
    cluster_by=("campaign_id", "person_id"),
)
