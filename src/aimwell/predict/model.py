"""A fitted model as data: what was learned, from what, and its card; never a pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aimwell.base.errors import NotFound
from aimwell.base.words import Sentence, text

__all__ = ["Abstention", "FittedModel", "ModelMissing", "NoModel"]


@dataclass(frozen=True, kw_only=True)
class Abstention:
    """A model that declines to predict, and says why and what it would take.

    Attributes
    ----------
    code
        Stable name of the reason.
    reason
        The sentence for people.
    """

    code: str
    reason: Sentence


@dataclass(frozen=True, kw_only=True)
class FittedModel:
    """One fitted model of any family.

    Attributes
    ----------
    model_id
        Family, date and hash of the body: equal models have equal names.
    family, form
        Such as "value" and "pareto_nbd".
    as_of
        It learned from what happened before this moment, naive UTC.
    fitted_at
        When it was fitted, naive UTC.
    data_hash
        SHA-256 of the summary it was fitted on.
    body, card
        What scoring needs, and the model card; JSON values only.
    """

    model_id: str
    family: str
    form: str
    as_of: datetime
    fitted_at: datetime
    data_hash: str
    body: Mapping[str, Any]
    card: Mapping[str, Any]


class ModelMissing(NotFound):
    """No model has this name."""

    code = "model_missing"
    template = text(
        "There is no {family} model `{model_id}` in this shop. Leave the name out for the newest one, or fit one: `aimwell predict fit {family}`."
    )


class NoModel(ModelMissing):
    """No model of this family was fitted yet."""

    code = "no_model"
    template = text("There is no {family} model in this shop. Fit one: `aimwell predict fit {family}`.")
