"""What will be needed: the days to come, and how such forecasts fared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

__all__ = ["DemandDay", "DemandRival", "DemandView"]


@dataclass(frozen=True, kw_only=True)
class DemandDay:
    """Units expected of the whole shop on one day, with the 80 % interval, and their revenue in minor units."""

    on: date
    units: float
    low: float
    high: float
    revenue_minor: int


@dataclass(frozen=True, kw_only=True)
class DemandRival:
    """How far off one way to forecast was, day by day (1: as far as "tomorrow as today"): products, categories, the whole shop."""

    name: str
    is_model: bool
    product: float
    category: float
    total: float


@dataclass(frozen=True, kw_only=True)
class DemandView:
    """What the demand model says, how it fared, and what it says about itself (sentences in the report's language).

    `days` is empty where nothing was forecast yet.
    """

    n_products: int
    days: tuple[DemandDay, ...]
    rivals: tuple[DemandRival, ...]
    notes: tuple[str, ...]
