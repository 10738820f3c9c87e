"""A fitted model as data: what was learned, from what, and its card; never a pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aimwell.base.errors import NotFound
from aimwell.base.words import Words, text

__all__ = ["Abstention", "FittedModel", "ModelMissing", "Note"]


@dataclass(frozen=True, kw_only=True)
class Note:
    """A sentence that a model says about itself: a marked text and what fills its placeholders."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def said(self, words: Words) -> str:
        """Return the sentence in the language of `words`, the marked texts among its values too."""
        said = {name: words.say(v) if isinstance(v, str) else v for name, v in self.values.items()}
        return words.say(self.template, **said)


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
    reason: Note


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
    """No model of this family, or of this name, was fitted yet."""

    code = "model_missing"
    template = text("There is no {family} model {model_id}in this shop. Fit one: `aimwell {family} fit`.")
