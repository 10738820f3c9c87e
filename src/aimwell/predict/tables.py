"""The lake tables that keep fitted models, and which of them are in use."""

from __future__ import annotations

import ibis

from aimwell.storage.lake.model import TableSpec

__all__ = ["MODELS", "MODEL_CHOICES"]

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

# One row per decision to use an older model again; the newest fit or choice of a family is the one in use.
MODEL_CHOICES = TableSpec(
    name="model_choices",
    schema=ibis.schema({"family": "string", "model_id": "string", "chosen_at": "timestamp"}),
)
