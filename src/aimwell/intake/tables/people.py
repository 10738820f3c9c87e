"""Accounts on their way to the vault, and the customers that stay behind them in the lake."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from aimwell.intake.mapping.model import Mapping
from aimwell.intake.tables.cells import IDENTIFIERS
from aimwell.intake.tables.scrub import scrubbed

__all__ = ["arrivals", "customers", "linked", "seen_accounts"]


def arrivals(cells: ir.Table, mapping: Mapping, *, source: str) -> ir.Table:
    """Return every account of a file with each set of identifiers it came with, once: columns of the vault's ARRIVALS."""
    given = [kind for kind in IDENTIFIERS if getattr(mapping.who, kind) is not None]
    rows = cells.filter(cells.account_key.notnull())
    return rows.select(
        "account_key",
        "account_key_kind",
        source=ibis.literal(source),
        **{kind: rows[f"id_{kind}"] for kind in given},
    ).distinct()


def linked(cells: ir.Table, links: ir.Table) -> ir.Table:
    """Return the cells with the account that a link file says their key stands for.

    Parameters
    ----------
    cells
        With account_key.
    links
        link_key, linked_key: one row per link_key.
    """
    joined = cells.left_join(links, cells.account_key == links.link_key)
    key = ibis.coalesce(joined.linked_key, joined.account_key)
    return joined.mutate(account_key=key).select(*cells.columns)


def customers(cells: ir.Table, who: ir.Table, mapping: Mapping) -> ir.Table:
    """Return the customers of a file: columns of `facts.CUSTOMERS` but the provenance; the last row that says it counts.

    Parameters
    ----------
    cells
        Usable rows with account and traits.
    who
        account_key, account_key_kind, account_id, person_id: one row per account.
    """
    rule = mapping.customers
    traits = [f"c_attribute_{key}" for key in rule.attributes] if rule else []
    plain = ["created_at", "region", "locale"] if rule else []
    rows = cells.filter(cells.account_key.notnull())
    last = {name: rows[name].argmax(rows.line_no, where=rows[name].notnull()) for name in plain + traits}
    found = rows.group_by("account_key", "account_key_kind").agg(first_line=rows.line_no.min(), **last)
    known = found.inner_join(who, ["account_key", "account_key_kind"])
    none = ibis.null("string")
    return known.select(
        "account_id",
        "person_id",
        created_at=known.created_at if rule else ibis.null("timestamp"),
        region=scrubbed(known.region) if rule else none,
        locale=scrubbed(known.locale) if rule else none,
        attributes=attributes({key: known[f"c_attribute_{key}"] for key in rule.attributes} if rule else {}),
    )


def seen_accounts(cells: ir.Table, who: ir.Table) -> ir.Table:
    """Return which account each row names: line_no, account_id."""
    return cells.inner_join(who, ["account_key", "account_key_kind"]).select("line_no", "account_id")


def attributes(values: dict[str, ir.StringValue]) -> ir.MapValue:
    """Return texts as a map; null where there are none."""
    if not values:
        return ibis.null("map<string, string>")
    return ibis.map(ibis.array(list(values)), ibis.array([scrubbed(value) for value in values.values()]))
