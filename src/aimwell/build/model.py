"""How steps of a build end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aimwell.base.words import Sentence

__all__ = ["DonePart", "State", "StepReport"]

State = Literal["done", "up_to_date", "declined", "failed", "waiting", "due"]


@dataclass(frozen=True, kw_only=True)
class DonePart:
    """How a step last ended: its state, and the fingerprint of what it then stood on."""

    state: State
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """What came of one step in one build: why it was due, what it brought (or why not), and how long it took."""

    name: str
    title: str
    state: State
    seconds: float
    detail: Sentence | None
