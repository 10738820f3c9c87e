"""Arithmetic that every group of traits needs, with its null rules in one place."""

from __future__ import annotations

from typing import Any

import ibis

__all__ = ["commonest", "count", "rate"]


def count(values: Any) -> Any:
    """Return a count or sum, 0 for a person without such facts."""
    return values.fill_null(0)


def rate(part: Any, whole: Any) -> Any:
    """Return part / whole as a float; null when the whole is 0 or unknown."""
    return part.cast("float64") / whole.nullif(0)


def commonest(counts: dict[str, Any]) -> Any:
    """Return the name of the greatest count, the first of equal ones; null when all are 0 or unknown."""
    best = ibis.greatest(*[count(c) for c in counts.values()])
    found = ibis.cases(*[(count(c) == best, name) for name, c in counts.items()])
    return ibis.ifelse(best > 0, found, ibis.null("string"))
