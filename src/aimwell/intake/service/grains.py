"""What each kind of file writes, and how its rows are judged: stored, duplicate or quarantined."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

import ibis
import ibis.expr.types as ir

from aimwell.intake.facts import CUSTOMERS, EVENTS, ORDER_LINES, ORDERS, PRODUCTS, REFUNDS
from aimwell.intake.mapping.model import Mapping
from aimwell.intake.service.desk import Desk
from aimwell.intake.tables import changes, events, orders, people, products
from aimwell.intake.tables import refunds as refund_tables
from aimwell.intake.tables.orders import Terms
from aimwell.storage.lake.model import TableSpec

__all__ = ["Batch", "Outcome", "Write", "outcome_of"]


@dataclass(frozen=True, kw_only=True)
class Write:
    """Rows for a lake table; they take the place of open rows with equal key."""

    spec: TableSpec
    rows: ir.Table
    key: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a file leads to: writes, in the order in which they are made, and one judged row per input row."""

    writes: tuple[Write, ...]
    judged: ir.Table  # line_no, is_changed, is_repeat, reason, detail


@dataclass(frozen=True, kw_only=True)
class Batch:
    """One file at the desk: its cells and accounts, and which load this is."""

    desk: Desk
    stack: ExitStack  # keeps staged tables until the file is done
    mapping: Mapping
    terms: Terms
    cells: ir.Table
    who: ir.Table
    source: str
    load_id: str
    known_at: datetime
    is_trial: bool  # a dry run: nobody has an id yet

    def stage(self, rows: ir.Table) -> ir.Table:
        """Run once and keep the rows while this file is at the desk."""
        return self.stack.enter_context(self.desk.engine.stage(rows))

    def held(self, spec: TableSpec) -> ir.Table:
        """Return the source's rows that held when this load began."""
        self.desk.lake.create(spec)
        return changes.held_before(
            self.desk.lake.table(spec.name), source=self.source, load_id=self.load_id, known_at=self.known_at
        )

    def changed_keys(self, new: ir.Table, old: ir.Table, *, key: str) -> ir.Table:
        """Return the keys of the file's rows that are new or differ from what is held; one column, staged."""
        if not self.desk.engine.rows(old.limit(1).select(key)):
            return new.select(key).distinct()
        return self.stage(changes.changed_keys(new, old, key=key, compares_who=not self.is_trial))

    def upsert(self, spec: TableSpec, new: ir.Table, *, key: str) -> Write:
        """Write what is new or differs; what the file leaves empty keeps what is held."""
        old = self.held(spec)
        filled = [n for n in new.columns if n not in (key, "account_id", "person_id", "currency")]
        rows = self.stage(changes.completed(new, old, key=key, columns=filled))
        return Write(spec=spec, rows=rows.semi_join(self.changed_keys(rows, old, key=key), key), key=key)


def outcome_of(batch: Batch) -> Outcome:
    """Return what the rows of a file lead to, by the grain of its mapping."""
    makers = {
        "line": _lines,
        "order": _orders,
        "product": _products,
        "customer": _customers,
        "link": _customers,
        "event": _events,
    }
    return makers[batch.mapping.grain](batch)


def _orders(batch: Batch) -> Outcome:
    """Whole orders, or orders with their lines: who, when and what are all in the file."""
    units = orders.unit_orders(batch.cells, batch.mapping, terms=batch.terms)
    units = batch.stage(orders.named_units(units, batch.who, mapping=batch.mapping))
    old = batch.held(ORDERS)
    found = orders.orders(units, terms=batch.terms)
    empty_keeps = [
        n for n in found.columns if n not in ("order_id", "account_id", "person_id", "currency", "is_test")
    ]
    new = batch.stage(changes.completed(found, old, key="order_id", columns=empty_keeps))
    return _units_outcome(batch, units, new_orders=new, old_orders=old)


def _lines(batch: Batch) -> Outcome:
    """Lines: with their orders in the same rows, or of orders that another file has brought."""
    if batch.mapping.orders.ordered_at is not None:
        return _orders(batch)
    old = batch.held(ORDERS)
    units = orders.unit_orders(batch.cells, batch.mapping, terms=batch.terms)
    units = batch.stage(orders.known_units(units, old))
    new = batch.stage(orders.completed_orders(units, old, terms=batch.terms))
    return _units_outcome(batch, units, new_orders=new, old_orders=old)


def _units_outcome(batch: Batch, units: ir.Table, *, new_orders: ir.Table, old_orders: ir.Table) -> Outcome:
    """Compare orders, lines and refunds with what is held; an order that changed is written whole."""
    changed = [batch.changed_keys(new_orders, old_orders, key="order_id")]
    writes: list[Write] = []
    if batch.mapping.lines is not None:
        lines = batch.stage(orders.order_lines(batch.cells, units, batch.mapping, terms=batch.terms))
        changed.append(batch.changed_keys(lines, batch.held(ORDER_LINES), key="order_id"))
    changed_ids = batch.stage(ibis.union(*changed, distinct=True) if len(changed) > 1 else changed[0])
    if batch.mapping.lines is not None:
        writes.append(Write(spec=ORDER_LINES, rows=lines.semi_join(changed_ids, "order_id"), key="order_id"))
    refunds = batch.stage(refund_tables.refunds(batch.cells, units, batch.mapping, terms=batch.terms))
    given = refunds.drop("unit_id")
    changed_refunds = batch.changed_keys(given, batch.held(REFUNDS), key="refund_id")
    writes.append(Write(spec=REFUNDS, rows=given.semi_join(changed_refunds, "refund_id"), key="refund_id"))
    writes.append(Write(spec=ORDERS, rows=new_orders.semi_join(changed_ids, "order_id"), key="order_id"))
    changed_units = ibis.union(
        units.semi_join(changed_ids, "order_id").select("unit_id"),
        refunds.semi_join(changed_refunds, "refund_id").select("unit_id"),
        distinct=True,
    )
    judged = _judged_units(batch.cells, units, batch.stage(changed_units))
    return Outcome(writes=(*_side_writes(batch), *writes), judged=judged)


def _judged_units(cells: ir.Table, units: ir.Table, changed: ir.Table) -> ir.Table:
    known = units.select("unit_id", unit_reason="reason").left_join(
        changed.mutate(is_changed=ibis.literal(value=True)).rename(changed_id="unit_id"),
        [("unit_id", "changed_id")],
    )
    both = cells.left_join(known.select("unit_id", "unit_reason", "is_changed"), "unit_id")
    return both.select(
        "line_no",
        is_changed=both.is_changed.fill_null(ibis.literal(value=False)),
        is_repeat=both.is_repeat,
        reason=ibis.coalesce(both.reason, both.unit_reason),
        detail=both.detail.fill_null(""),
    )


def _side_writes(batch: Batch) -> list[Write]:
    """Return what rows of orders or events tell beside: their products, and accounts seen for the first time."""
    usable = batch.cells.filter(batch.cells.reason.isnull())
    writes: list[Write] = []
    if batch.mapping.products is not None:
        found = products.products(usable, batch.mapping, terms=batch.terms)
        writes.append(batch.upsert(PRODUCTS, found, key="product_id"))
    if batch.mapping.who.account is not None:
        accounts = people.customers(usable, batch.who, batch.mapping)
        writes.append(batch.upsert(CUSTOMERS, accounts, key="account_id"))
    return writes


def _products(batch: Batch) -> Outcome:
    usable = batch.cells.filter(batch.cells.reason.isnull())
    write = batch.upsert(
        PRODUCTS, products.products(usable, batch.mapping, terms=batch.terms), key="product_id"
    )
    judged = _judged_keys(batch.cells, write, key="product_id")
    return Outcome(writes=(write,), judged=judged)


def _customers(batch: Batch) -> Outcome:
    usable = batch.cells.filter(batch.cells.reason.isnull())
    write = batch.upsert(CUSTOMERS, people.customers(usable, batch.who, batch.mapping), key="account_id")
    named = batch.cells.left_join(
        people.seen_accounts(usable, batch.who).rename(seen_line="line_no"), [("line_no", "seen_line")]
    )
    return Outcome(writes=(write,), judged=_judged_keys(named, write, key="account_id"))


def _judged_keys(cells: ir.Table, write: Write, *, key: str) -> ir.Table:
    """Judge rows of which the last one with a key counts."""
    changed = write.rows.select(changed_key=key).distinct().mutate(is_changed=ibis.literal(value=True))
    both = cells.left_join(changed, [(key, "changed_key")])
    is_usable = both.reason.isnull()
    later = ibis.row_number().over(group_by=[both[key], is_usable], order_by=both.line_no.desc())
    return both.select(
        "line_no",
        "reason",
        is_changed=both.is_changed.fill_null(ibis.literal(value=False)),
        is_repeat=later > 0,
        detail=both.detail.fill_null(""),
    )


def _events(batch: Batch) -> Outcome:
    rows = batch.stage(events.identified(batch.cells, batch.who))
    found = events.events(rows, terms=batch.terms)
    changed = batch.changed_keys(found, batch.held(EVENTS), key="message_id")
    kept = found.semi_join(changed, "message_id")
    marked = changed.mutate(is_changed=ibis.literal(value=True)).rename(changed_id="message_id")
    usable = rows.left_join(marked, [("message_id", "changed_id")])
    usable = usable.select(good_line="line_no", is_changed="is_changed", is_repeat="is_repeat")
    both = batch.cells.left_join(usable, [("line_no", "good_line")])
    no = ibis.literal(value=False)
    judged = both.select(
        "line_no",
        "reason",
        is_changed=both.is_changed.fill_null(no),
        is_repeat=both.is_repeat.fill_null(no),
        detail=both.detail.fill_null(""),
    )
    return Outcome(
        writes=(*_side_writes(batch), Write(spec=EVENTS, rows=kept, key="message_id")), judged=judged
    )
