"""Drift: how much a trait's distribution has moved between two snapshots, as the population stability index.

PSI = sum over bins of (p - q) ln(p / q), where q and p are the bin's shares before and after. By custom below 0.1 little
has moved, from 0.25 a lot. Half a person is added to every bin, so that an empty one does not make it infinite.

References
----------
Siddiqi, N. (2006). Credit Risk Scorecards. Wiley, ch. 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

__all__ = ["Bin", "Drift", "TraitDrift", "stability_index", "trait_drift"]


@dataclass(frozen=True, kw_only=True)
class Bin:
    """A range or value of a trait, and how many people were in it before and after."""

    label: str
    n_before: int
    n_after: int


@dataclass(frozen=True, kw_only=True)
class TraitDrift:
    """How far one trait has moved.

    Attributes
    ----------
    stability_index
        PSI over the bins, 0 or more.
    bins
        Tenths of the earlier snapshot for numbers, commonest values for others; the label "" is no value.
    mover
        The bin whose share moved most.
    """

    trait: str
    stability_index: float
    bins: tuple[Bin, ...]
    mover: str


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What has moved between two snapshots, strongest first."""

    before: datetime
    after: datetime
    traits: tuple[TraitDrift, ...]


def stability_index(before: np.ndarray, after: np.ndarray) -> float:
    """Return the PSI of two vectors of counts over the same bins.

    Examples
    --------
    >>> round(stability_index(np.array([50, 50]), np.array([60, 40])), 4)
    0.0397
    """
    q = (before + 0.5) / (before + 0.5).sum()
    p = (after + 0.5) / (after + 0.5).sum()
    return float(np.sum((p - q) * np.log(p / q)))


def trait_drift(trait: str, before: Mapping[str, int], after: Mapping[str, int]) -> TraitDrift:
    """Return the drift of one trait from its counts per bin label."""
    labels = sorted(set(before) | set(after))
    old = np.array([before.get(label, 0) for label in labels], dtype=float)
    new = np.array([after.get(label, 0) for label in labels], dtype=float)
    moved = np.abs(new / max(new.sum(), 1) - old / max(old.sum(), 1))
    return TraitDrift(
        trait=trait,
        stability_index=stability_index(old, new),
        bins=tuple(
            Bin(label=label, n_before=int(b), n_after=int(a))
            for label, b, a in zip(labels, old, new, strict=True)
        ),
        mover=labels[int(np.argmax(moved))],
    )
