"""The forecasts, as the lake keeps them."""

from __future__ import annotations

import ibis

from aimwell.storage.lake.model import TableSpec

__all__ = ["DEMAND_FORECASTS"]

# One row per (level, key, grain, period_start): the newest scores. The key of level "total" is "". Weeks begin on Mondays; only
# whole weeks and months inside the horizon are there. low and high are an 80 % interval.
DEMAND_FORECASTS = TableSpec(
    name="demand_forecasts",
    schema=ibis.schema(
        {
            "level": "string",
            "key": "string",
            "period_start": "date",
            "grain": "string",
            "expected_units": "float64",
            "low_units": "float64",
            "high_units": "float64",
            "expected_revenue_minor": "int64",
            "as_of": "timestamp",
            "model_id": "string",
        }
    ),
)
