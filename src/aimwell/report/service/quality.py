"""Gathers how good the data are: coverage of the facts, books of the loads, reasons of quarantine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from aimwell.intake.rows import LoadRow, count_held, loads
from aimwell.people.model import Facts
from aimwell.report import tables
from aimwell.report.model import Books, Coverage, Quality, QuarantineReason
from aimwell.storage.database import Database
from aimwell.storage.engines import Engine

__all__ = ["gather_quality"]

_MOST_REASONS = 20


def gather_quality(facts: Facts, *, engine: Engine, database: Database, as_of: datetime) -> Quality:
    """Return what the facts before `as_of` can bear, with the books of all loads."""
    lines = tables.coverage_of_lines(
        facts.order_lines, orders=facts.orders, products=facts.products, as_of=as_of
    )
    coverage = Coverage(
        **engine.rows(tables.coverage_of_orders(facts.orders, as_of=as_of))[0],
        **engine.rows(lines)[0],
        **engine.rows(tables.refund_totals(facts.refunds, as_of=as_of))[0],
    )
    with database.begin() as connection:
        return Quality(
            coverage=coverage,
            books=_books(loads(connection)),
            reasons=_reasons(count_held(connection)),
        )


def _books(files: Iterable[LoadRow]) -> tuple[Books, ...]:
    by_source: dict[str, list[LoadRow]] = {}
    for file in files:
        by_source.setdefault(file.source, []).append(file)
    return tuple(
        Books(
            source=source,
            n_files=len(rows),
            n_received=sum(r.n_received for r in rows),
            n_stored=sum(r.n_stored for r in rows),
            n_duplicate=sum(r.n_duplicate for r in rows),
            n_quarantined=sum(r.n_quarantined for r in rows),
        )
        for source, rows in sorted(by_source.items())
    )


def _reasons(counts: Iterable[dict[str, object]]) -> tuple[QuarantineReason, ...]:
    waiting: Counter[tuple[str, str, str]] = Counter()
    for row in counts:
        waiting[str(row["source"]), str(row["reason"]), str(row["detail"])] += int(str(row["n_rows"]))
    ordered = sorted(waiting.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        QuarantineReason(source=source, reason=reason, detail=detail, n_rows=n_rows)
        for (source, reason, detail), n_rows in ordered[:_MOST_REASONS]
    )
