"""Typed cells to events."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from aimwell.intake.tables.orders import Terms

__all__ = ["events", "identified"]


def identified(cells: ir.Table, who: ir.Table) -> ir.Table:
    """Return usable event rows with account, person and message_id, the first of each id; the others are repeats.

    An event without an id is named by account, moment, name, product and its place among equals.
    """
    rows = cells.filter(cells.reason.isnull()).left_join(who, ["account_key", "account_key_kind"])
    rows = rows.select(*cells.columns, "account_id", "person_id")
    second = rows.occurred_at.strftime("%Y%m%d%H%M%S")
    made = ibis.array(
        [rows.account_id.fill_null("anonymous"), second, rows.event_name, rows.product_id.fill_null("")]
    )
    named = rows.mutate(made_id=made.join("-"))
    place = ibis.row_number().over(group_by=named.made_id, order_by=named.line_no)
    named = named.mutate(
        message_id=ibis.coalesce(named.message_id, named.made_id + "-" + place.cast("string"))
    )
    nth = ibis.row_number().over(group_by=named.message_id, order_by=named.line_no)
    return named.mutate(is_repeat=nth > 0)


def events(rows: ir.Table, *, terms: Terms) -> ir.Table:
    """Return the events of rows as of `identified`: columns of `facts.EVENTS` but the provenance."""
    kept = rows.filter(~rows.is_repeat)
    return kept.select(
        "message_id",
        "account_id",
        "person_id",
        name=kept.event_name,
        occurred_at=kept.occurred_at,
        local_at=terms.to_local(kept.occurred_at, terms.zone),
        session_id=kept.session_id,
        product_id=kept.product_id,
        channel=kept.channel,
        device=kept.device,
        properties=kept.properties,
    )
