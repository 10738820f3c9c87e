"""Keeps fitted models in the lake, finds them again, and goes back to older ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import ibis
import pyarrow as pa

from aimwell.predict.model import FittedModel, ModelMissing, ModelVersion, NoModel, NothingOlder
from aimwell.predict.tables import MODEL_CHOICES, MODELS
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import Txn

__all__ = ["keep_fit", "keep_model", "model_id_of", "read_model", "roll_back", "versions"]

_HEAD = ("model_id", "family", "form", "as_of", "fitted_at", "data_hash")


def model_id_of(family: str, *, as_of: datetime, body: Mapping[str, Any]) -> str:
    """Return the name of a model: its family, its date and the hash of its body."""
    digest = hashlib.sha256(_json(body).encode()).hexdigest()
    return f"{family}-{as_of:%Y%m%d}-{digest[:12]}"


class _AsData(Protocol):
    def as_data(self) -> Mapping[str, Any]: ...


class _Card(_AsData, Protocol):
    @property
    def model_id(self) -> str: ...
    @property
    def as_of(self) -> datetime: ...
    @property
    def data_hash(self) -> str: ...


def keep_fit(family: str, model: _AsData, card: _Card, *, form: str, lake: Lake, now: datetime) -> None:
    """Store what a family learned, with its card, and use it from now on; see `keep_model`."""
    fitted = FittedModel(
        model_id=card.model_id,
        family=family,
        form=form,
        as_of=card.as_of,
        fitted_at=now,
        data_hash=card.data_hash,
        body=model.as_data(),
        card=card.as_data(),
    )
    keep_model(fitted, lake=lake)


def keep_model(model: FittedModel, *, lake: Lake) -> None:
    """Store a model and use it from now on; one with the same name is already there and is used again."""
    row = {name: getattr(model, name) for name in _HEAD}
    row |= {"body": _json(model.body), "card": _json(model.card)}
    rows = pa.Table.from_pylist([row], schema=MODELS.schema.to_pyarrow())
    lake.append(MODELS, ibis.memtable(rows), txn=Txn(app_id=model.model_id))
    if not _is_in_use(model, lake=lake):
        _choose(model.family, model.model_id, lake=lake, now=model.fitted_at)


def read_model(family: str, *, lake: Lake, model_id: str | None = None) -> FittedModel:
    """Return the model that a family uses, or the one with this name.

    Raises
    ------
    ModelMissing
        When there is none.
    """
    kept = versions(family, lake=lake)
    if not kept and model_id is None:
        raise NoModel(family=family)
    wanted = [one for one in kept if (one.is_in_use if model_id is None else one.model_id == model_id)]
    if not wanted:
        raise ModelMissing(family=family, model_id=model_id)
    models = lake.table(MODELS.name)
    row = lake.engine.rows(models.filter(models.model_id == wanted[0].model_id))[0]
    return FittedModel(**row | {"body": json.loads(row["body"]), "card": json.loads(row["card"])})


def versions(family: str | None = None, *, lake: Lake) -> list[ModelVersion]:
    """Return the kept models of a family (None: of all), the newest fit first; a family's bodies stay where they are."""
    if not lake.has_table(MODELS.name):
        return []
    models = lake.table(MODELS.name).select(*_HEAD)
    found = lake.engine.rows(models if family is None else models.filter(models.family == family))
    since = {row["model_id"]: row["fitted_at"] for row in found}
    for choice in _choices(lake):
        if choice["model_id"] in since:
            since[choice["model_id"]] = max(since[choice["model_id"]], choice["chosen_at"])
    used = {
        name: max(
            (row for row in found if row["family"] == name),
            key=lambda r: (since[r["model_id"]], r["model_id"]),
        )
        for name in {row["family"] for row in found}
    }
    kept = [ModelVersion(**row, is_in_use=used[row["family"]] is row) for row in found]
    return sorted(kept, key=lambda one: (one.fitted_at, one.model_id), reverse=True)


def roll_back(family: str, *, lake: Lake, now: datetime, to: str | None = None) -> ModelVersion:
    """Use an older model of a family from now on, until another is fitted; nothing is deleted.

    Parameters
    ----------
    family
        Such as "value".
    lake
        The shop's models.
    now
        The present moment, naive UTC.
    to
        Name of the model; None: the one fitted last before the one in use.

    Raises
    ------
    ModelMissing
        If there is no such model.
    NothingOlder
        If none was fitted before the one in use.
    """
    kept = versions(family, lake=lake)
    if not kept:
        raise NoModel(family=family)
    used = next(one for one in kept if one.is_in_use)
    if to is None:
        older = [one for one in kept if one.fitted_at < used.fitted_at]
        if not older:
            raise NothingOlder(family=family, model_id=used.model_id)
        to = older[0].model_id
    elif to not in {one.model_id for one in kept}:
        raise ModelMissing(family=family, model_id=to)
    _choose(family, to, lake=lake, now=now)
    return next(one for one in versions(family, lake=lake) if one.model_id == to)


def _is_in_use(model: FittedModel, *, lake: Lake) -> bool:
    return any(one.is_in_use and one.model_id == model.model_id for one in versions(model.family, lake=lake))


def _choose(family: str, model_id: str, *, lake: Lake, now: datetime) -> None:
    row = {"family": family, "model_id": model_id, "chosen_at": now}
    rows = pa.Table.from_pylist([row], schema=MODEL_CHOICES.schema.to_pyarrow())
    lake.append(MODEL_CHOICES, ibis.memtable(rows))


def _choices(lake: Lake) -> list[dict[str, Any]]:
    return lake.engine.rows(lake.table(MODEL_CHOICES.name)) if lake.has_table(MODEL_CHOICES.name) else []


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
