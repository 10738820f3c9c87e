"""Shares."""

from __future__ import annotations

__all__ = ["rate"]


def rate(part: float, whole: float) -> float | None:
    """Return part of whole; None where there is no whole."""
    return part / whole if whole else None
