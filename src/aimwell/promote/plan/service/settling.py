"""What the last step of a plan settled: kept with the plan, and sealed by a digest in its certificate."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from aimwell.promote.plan.certificate import Certificate
from aimwell.promote.plan.model import Problem
from aimwell.promote.plan.records import SETTLED
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake

__all__ = ["digest_of", "named", "settled_for"]

_AT_ONCE = 50_000


def named(settled: ir.Table, *, problem: Problem, plan_id: str) -> ir.Table:
    """Return the result of `tables.settled` as rows of `SETTLED`."""
    cases = ((settled.offer == k, ibis.literal(offer.offer_id)) for k, offer in enumerate(problem.offers))
    return settled.select(
        plan_id=ibis.literal(plan_id),
        person_id=settled.person_id,
        offer_id=ibis.cases(*cases, else_=ibis.null("string")),
    )


def digest_of(rows: ir.Table, *, engine: Engine) -> str:
    """Return SHA-256 of rows of `SETTLED`: a line `person_id offer_id` for each, in this order, nothing for a null offer."""
    ordered = rows.select("person_id", "offer_id").order_by("person_id", "offer_id")
    return _digest(engine.batches(ordered, size=_AT_ONCE))


def settled_for(person_id: int, *, lake: Lake, certificate: Certificate) -> tuple[str, ...] | None:
    """Return the offers that the last step gave a person, sorted; None if the prices alone decided.

    Rows that are not those that the certificate seals are not believed: they count as none.
    """
    if certificate.settled is None or not lake.has_table(SETTLED.name):
        return None
    table = lake.table(SETTLED.name)
    mine = table.filter(table.plan_id == certificate.plan_id)
    if digest_of(mine, engine=lake.engine) != certificate.settled:
        return None
    rows = lake.engine.rows(mine.filter(mine.person_id == person_id))
    return tuple(sorted(row["offer_id"] for row in rows if row["offer_id"] is not None)) if rows else None


def _digest(batches: Iterable[pa.RecordBatch]) -> str:
    digest = hashlib.sha256()
    for batch in batches:
        for person_id, offer_id in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            digest.update(f"{person_id} {offer_id or ''}\n".encode())
    return digest.hexdigest()
