"""What depends on "now" or is small: recent orders, refunds, cases, accounts and contacts, one row per person each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import ibis.expr.types as ir

from aimwell.portraits.tables.moments import at, before, within

__all__ = ["account_facts", "case_facts", "recent_orders", "refund_facts", "touch_facts"]

WINDOWS = (30, 90, 365)


def recent_orders(orders: ir.Table, *, as_of: datetime) -> ir.Table:
    """Return orders and spend of the last 30, 90 and 365 days, and spend of the 90 days before the last 90.

    Parameters
    ----------
    orders
        person_id (not null), ordered_at, items_minor; none cancelled.
    as_of
        The moment; windows are [as_of - days, as_of).

    Returns
    -------
    Table
        One row per person with an order in the last 365 days.
    """
    window = orders.filter(
        orders.ordered_at >= at(as_of - timedelta(days=max(WINDOWS))), orders.ordered_at < at(as_of)
    )
    sums: dict[str, Any] = {}
    for days in WINDOWS:
        is_in = within(window.ordered_at, days=days, as_of=as_of)
        sums[f"n_orders_{days}d"] = window.count(where=is_in)
        sums[f"spend_{days}d_minor"] = _total(window.items_minor, where=is_in)
    before_that = within(window.ordered_at, days=90, as_of=as_of - timedelta(days=90))
    return window.group_by("person_id").agg(
        **sums, spend_before_90d_minor=_total(window.items_minor, where=before_that)
    )


def refund_facts(refunds: ir.Table, *, as_of: datetime) -> ir.Table:
    """Return one row per person with a refund: n_refunds, refunded_minor, last_refunded_at."""
    past = before(refunds, "refunded_at", as_of).filter(lambda t: t.person_id.notnull())
    return past.group_by("person_id").agg(
        n_refunds=past.count(),
        refunded_minor=_total(past.amount_minor),
        last_refunded_at=past.refunded_at.max(),
    )


def case_facts(cases: ir.Table, *, as_of: datetime) -> ir.Table:
    """Return one row per person with a service case: n_cases, n_open_cases, last_case_at."""
    past = before(cases, "opened_at", as_of).filter(lambda t: t.person_id.notnull())
    is_open = past.closed_at.isnull() | (past.closed_at >= at(as_of))
    return past.group_by("person_id").agg(
        n_cases=past.count(), n_open_cases=past.count(where=is_open), last_case_at=past.opened_at.max()
    )


def account_facts(customers: ir.Table, *, as_of: datetime) -> ir.Table:
    """Return one row per person with an account made before `as_of` (or at an unknown time).

    Returns
    -------
    Table
        person_id, n_accounts, joined_at (first account; null if unknown), region (the first by name; null if unknown).
    """
    known = customers.filter(
        customers.person_id.notnull(), customers.created_at.isnull() | (customers.created_at < at(as_of))
    )
    return known.group_by("person_id").agg(
        n_accounts=known.count(), joined_at=known.created_at.min(), region=known.region.min()
    )


def touch_facts(touches: ir.Table, *, as_of: datetime) -> ir.Table:
    """Return one row per person who was contacted: n_contacts, n_contacts_30d, last_contacted_at.

    Decisions not to contact (holdout, nothing chosen) are no contacts.
    """
    past = before(touches, "decided_at", as_of).filter(
        lambda t: t.person_id.notnull() & t.offer_id.notnull() & (t.arm == "treatment")
    )
    return past.group_by("person_id").agg(
        n_contacts=past.count(),
        n_contacts_30d=past.count(where=within(past.decided_at, days=30, as_of=as_of)),
        last_contacted_at=past.decided_at.max(),
    )


def _total(values: Any, **where: Any) -> Any:
    return values.sum(**where).fill_null(0)
