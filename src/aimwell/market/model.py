"""Yearly series of a market: figures with their authority, and growth from year to year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Growth", "OwnYear", "Point", "Series"]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One year's figure.

    Attributes
    ----------
    year, value
        The figure, in the unit of its series.
    authority
        Who published it.
    is_derived
        Reckoned from other published figures, not published itself.
    note
        What else was published of this year, or how it was derived; may be "".
    """

    year: int
    value: float
    authority: str
    is_derived: bool = False
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Growth to a year from the last one with a figure, per year; 0.1 is 10 %.

    Attributes
    ----------
    year, rate
        To this year, per year.
    since
        The year compared with; more than one year back where figures are missing.
    is_derived
        Whether one of the two figures is derived.
    """

    year: int
    rate: float
    since: int
    is_derived: bool


@dataclass(frozen=True, kw_only=True)
class Series:
    """A yearly series; points by ascending year, each year once, all values above 0."""

    name: str
    unit: str
    points: Sequence[Point]

    def growth(self) -> list[Growth]:
        """Return growth to every year but the first: (value / earlier) ** (1 / years) - 1."""
        return [
            Growth(
                year=now.year,
                rate=(now.value / then.value) ** (1 / (now.year - then.year)) - 1,
                since=then.year,
                is_derived=now.is_derived or then.is_derived,
            )
            for then, now in zip(self.points, self.points[1:], strict=False)
        ]

    def compound_growth(self) -> float | None:
        """Return compound growth per year (CAGR) from the first figure to the last; None of a single one."""
        first, last = self.points[0], self.points[-1]
        if first.year == last.year:
            return None
        return float((last.value / first.value) ** (1 / (last.year - first.year)) - 1)


@dataclass(frozen=True, kw_only=True)
class OwnYear:
    """The shop's own sales in one local year.

    Attributes
    ----------
    year, sales_minor
        Goods after discounts, of orders that were not cancelled; minor units.
    is_complete
        Whether the shop's orders span the whole year, less a week at either end.
    growth
        Against the year before; None unless both are complete.
    """

    year: int
    sales_minor: int
    is_complete: bool
    growth: float | None
