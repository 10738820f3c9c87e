"""The lake's tables of plans: one row per plan, one per person whom a plan chose, and what the last step settled."""

from __future__ import annotations

import ibis

from aimwell.storage.lake.model import TableSpec

__all__ = ["ASSIGNMENTS", "PLANS", "SETTLED"]

# One row per plan. `certificate` and `curve` are JSON (docs/models/plan.md).
PLANS = TableSpec(
    name="plans",
    schema=ibis.schema(
        {
            "plan_id": "string",
            "campaign": "string",
            "currency": "string",
            "as_of": "timestamp",  # what was known of people up to then
            "made_at": "timestamp",
            "horizon_days": "int64",
            "holdout_share": "float64",
            "certificate": "string",
            "curve": "string",
        }
    ),
)

# One row per plan, person and offer. `arm` is treatment, or holdout: chosen like the others but to be left alone. Money in
# thousandths of a minor unit. The last columns say why, where effects are assumed (else null): how likely the person orders,
# and how many times the average that is, the order's margin is, and the liking for this offer is.
ASSIGNMENTS = TableSpec(
    name="plan_assignments",
    schema=ibis.schema(
        {
            "plan_id": "string",
            "person_id": "int64",
            "offer_id": "string",
            "channel": "string",
            "arm": "string",
            "value_milli": "int64",
            "cost_milli": "int64",
            "response_prob": "float64",
            "response_ratio": "float64",
            "margin_ratio": "float64",
            "liking_ratio": "float64",
        }
    ),
    cluster_by=("plan_id", "person_id"),
)

# People to whom the last step of a plan, which decides in whole people, gave something else than what the sealed prices alone would: one
# row per plan, person and offer; a null offer: nothing. Few, however many the plan is for. The certificate has a digest of the rows.
SETTLED = TableSpec(
    name="plan_settled",
    schema=ibis.schema({"plan_id": "string", "person_id": "int64", "offer_id": "string"}),
    cluster_by=("plan_id", "person_id"),
)
