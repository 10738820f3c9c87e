"""A fitted model as data: what was learned, from what, and its card; never a pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aimwell.base.errors import NotFound
from aimwell.base.words import Sentence, text

__all__ = ["Abstention", "FittedModel", "ModelMissing", "ModelVersion", "NoModel", "NothingOlder"]


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


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """One kept model without its body: which it is, and whether its family uses it.

    Attributes
    ----------
    model_id, family, form, as_of, fitted_at, data_hash
        As in `FittedModel`.
    is_in_use
        Whether scoring takes this one.
    """

    model_id: str
    family: str
    form: str
    as_of: datetime
    fitted_at: datetime
    data_hash: str
    is_in_use: bool


class ModelMissing(NotFound):
    """No model has this name."""

    code = "model_missing"
    template = text(
        "There is no {family} model `{model_id}` in this shop. `aimwell predict models {family}` lists them; leave the name out for the one in use."
    )


class NoModel(ModelMissing):
    """No model of this family was fitted yet."""

    code = "no_model"
    template = text("There is no {family} model in this shop. Fit one: `aimwell predict fit {family}`.")


class NothingOlder(NotFound):
    """A family has no model older than the one in use."""

    code = "nothing_older"
    template = text(
        "There is no {family} model older than `{model_id}`, which is in use. `aimwell predict models {family}` lists all; name one with --to."
    )
