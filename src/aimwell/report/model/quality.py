"""What the data can bear."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Books", "Coverage", "Quality", "QuarantineReason"]


@dataclass(frozen=True, kw_only=True)
class Books:
    """The books of one source: received = stored + duplicate + quarantined."""

    source: str
    n_files: int
    n_received: int
    n_stored: int
    n_duplicate: int
    n_quarantined: int


@dataclass(frozen=True, kw_only=True)
class QuarantineReason:
    """How many rows wait in quarantine for one reason."""

    source: str
    reason: str
    detail: str
    n_rows: int


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How complete the facts are. Lines are goods of orders that were not cancelled."""

    n_orders: int
    n_anonymous_orders: int
    n_cancelled_orders: int
    n_lines: int
    n_costed_lines: int
    n_known_product_lines: int
    sales_minor: int
    costed_sales_minor: int
    n_refunds: int
    refunded_minor: int


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What the facts can bear: coverage, books of the loads, and reasons of quarantine (most frequent first)."""

    coverage: Coverage
    books: tuple[Books, ...]
    reasons: tuple[QuarantineReason, ...]
