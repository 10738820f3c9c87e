"""Progress of long work: services report, faces draw."""

from __future__ import annotations

from typing import Protocol

from aimwell.base.words import text

__all__ = ["ROWS", "Progress", "Silent"]

ROWS = text("rows")


class Progress(Protocol):
    """Hears how far a long piece of work has come."""

    def start(self, label: str, *, total: int | None = None, unit: str = ROWS) -> None:
        """Begin a step; `label` and `unit` are marked texts, `total` the units to come where known."""
        ...

    def advance(self, count: int) -> None:
        """Count `count` more units of the present step as done."""
        ...

    def done(self) -> None:
        """End the present step."""
        ...


class Silent:
    """Progress that nobody watches."""

    def start(self, label: str, *, total: int | None = None, unit: str = ROWS) -> None:
        """Ignore the step."""

    def advance(self, count: int) -> None:
        """Ignore the count."""

    def done(self) -> None:
        """Ignore the end."""
