"""Progress of long work: services report, faces draw."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "Silent"]


class Progress(Protocol):
    """Hears how far a long piece of work has come."""

    def start(self, label: str, *, total: int | None = None, unit: str = "rows") -> None:
        """Begin a step; `label` is a marked text, `total` the units to come where known."""
        ...

    def advance(self, count: int) -> None:
        """Count `count` more units of the present step as done."""
        ...

    def done(self) -> None:
        """End the present step."""
        ...


class Silent:
    """Progress that nobody watches."""

    def start(self, label: str, *, total: int | None = None, unit: str = "rows") -> None:
        """Ignore the step."""

    def advance(self, count: int) -> None:
        """Ignore the count."""

    def done(self) -> None:
        """Ignore the end."""
