"""Many rows at once: one statement whatever their number, the same call on both databases."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

__all__ = ["insert_rows", "listed"]


def listed(connection: sa.Connection, values: Collection[str] | Collection[int]) -> sa.TableValuedAlias:
    """Return values as a table of one column, `value`, to join with: faster than a long IN, and without its limit.

    Parameters
    ----------
    connection
        Where the query will run.
    values
        Texts or whole numbers.
    """
    ordered = sorted(values)  # neighbours lie on the same page of an index
    if connection.dialect.name == "sqlite":
        return sa.func.json_each(json.dumps(ordered)).table_valued("value")
    kind = sa.Text() if ordered and isinstance(ordered[0], str) else sa.BigInteger()
    return sa.func.unnest(sa.literal(ordered, ARRAY(kind))).table_valued(sa.column("value", kind))


def insert_rows(
    connection: sa.Connection, table: sa.Table, rows: Iterable[tuple[Any, ...]], *, columns: Sequence[str]
) -> None:
    """Insert rows in the given order; each is a tuple of these columns' values, as the driver takes them.

    Parameters
    ----------
    connection
        An open transaction.
    table
        Where they go.
    rows
        Any number, none too.
    columns
        Names of the tuple's places.
    """
    ordered = list(rows)
    if not ordered:
        return
    if connection.dialect.name == "sqlite":
        statement = sa.insert(table).compile(dialect=connection.dialect, column_keys=list(columns))
        places = [columns.index(name) for name in statement.positiontup or columns]
        connection.exec_driver_sql(str(statement), [tuple(row[i] for i in places) for row in ordered])
        return
    arrays = [
        sa.literal(list(values), ARRAY(table.c[name].type))
        for name, values in zip(columns, zip(*ordered, strict=True), strict=True)
    ]
    unnested = sa.func.unnest(*arrays).table_valued(*columns)
    connection.execute(sa.insert(table).from_select(list(columns), sa.select(*unnested.c)))
