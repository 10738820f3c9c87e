"""Who comes back: what was predicted of everybody, and how such predictions fared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

__all__ = ["RepeatRival", "RepeatView", "Tenth"]


@dataclass(frozen=True, kw_only=True)
class Tenth:
    """A tenth of the people by probability, the least likely first: the mean of what was said (0..1), and the share that came."""

    said: float
    came: float


@dataclass(frozen=True, kw_only=True)
class RepeatRival:
    """How one way to predict did on the past, within 30 days: None where it gives no probability, or all or none came."""

    name: str
    is_model: bool
    auc: float | None
    log_loss: float | None


@dataclass(frozen=True, kw_only=True)
class RepeatView:
    """What the repeat model says, how it fared from `origin_on` on, and what it says about itself.

    Attributes
    ----------
    n_scored, within_30, silent
        People scored; how many of them are expected to order within 30 days, and never again. None: nobody was scored yet.
    origin_on
        Day of the back-test; None: the past was too short for one, and there are no tenths and rivals.
    notes
        Sentences in the report's language.
    """

    n_scored: int
    within_30: float | None
    silent: float | None
    origin_on: date | None
    tenths: tuple[Tenth, ...]
    rivals: tuple[RepeatRival, ...]
    notes: tuple[str, ...]
