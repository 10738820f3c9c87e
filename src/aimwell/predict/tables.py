"""The lake table that keeps fitted models."""

from __future__ import annotations

import ibis

from aimwell.storage.lake.model import TableSpec

__all__ = ["MODELS"]

# One row per fitted model; `body` and `card` are JSON objects.
MODELS = TableSpec(
    name="models",
    schema=ibis.schema(
        {
            "model_id": "string",
            "family": "string",
            "form": "string",
            "as_of": "timestamp",
            "fitted_at": "timestamp",
            "data_hash": "string",
            "body": "string",
            "card": "string",
        }
    ),
)
