"""Keeps fitted models in the lake and finds them again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import ibis
import pyarrow as pa

from aimwell.predict.model import FittedModel, ModelMissing, NoModel
from aimwell.predict.tables import MODELS
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import Txn

__all__ = ["keep_model", "model_id_of", "read_model"]


def model_id_of(family: str, *, as_of: datetime, body: Mapping[str, Any]) -> str:
    """Return the name of a model: its family, its date and the hash of its body."""
    digest = hashlib.sha256(_json(body).encode()).hexdigest()
    return f"{family}-{as_of:%Y%m%d}-{digest[:12]}"


def keep_model(model: FittedModel, *, lake: Lake) -> None:
    """Store a model; one with the same name is already there and stays."""
    row = {
        "model_id": model.model_id,
        "family": model.family,
        "form": model.form,
        "as_of": model.as_of,
        "fitted_at": model.fitted_at,
        "data_hash": model.data_hash,
        "body": _json(model.body),
        "card": _json(model.card),
    }
    rows = pa.Table.from_pylist([row], schema=MODELS.schema.to_pyarrow())
    lake.append(MODELS, ibis.memtable(rows), txn=Txn(app_id=model.model_id))


def read_model(family: str, *, lake: Lake, model_id: str | None = None) -> FittedModel:
    """Return the newest model of a family, or the one with this name.

    Raises
    ------
    ModelMissing
        When there is none.
    """
    rows = _rows(family, lake=lake, model_id=model_id)
    if not rows and model_id is not None:
        raise ModelMissing(family=family, model_id=model_id)
    if not rows:
        raise NoModel(family=family)
    row = max(rows, key=lambda r: (r["fitted_at"], r["model_id"]))
    return FittedModel(**row | {"body": json.loads(row["body"]), "card": json.loads(row["card"])})


def _rows(family: str, *, lake: Lake, model_id: str | None) -> list[dict[str, Any]]:
    if not lake.has_table(MODELS.name):
        return []
    models = lake.table(MODELS.name)
    found = models.filter(models.family == family)
    return lake.engine.rows(found if model_id is None else found.filter(found.model_id == model_id))


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
