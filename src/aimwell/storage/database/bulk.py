"""Many rows at once: one statement whatever their number, the same call on both databases."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

__all__ = ["insert_rows", "listed"]


def listed(connection: sa.Connection, *columns: Collection[str] | Collection[int]) -> sa.Select[Any]:
    """Return values as a query to be used with `in_`: one bound value, whatever their number.

    Parameters
    ----------
    connection
        Where the query will run.
    *columns
        Texts or whole numbers: one column for `column.in_`, several of one length for `tuple_(...).in_`.
    """
    if connection.dialect.name == "postgresql":
        arrays = [sa.literal(list(values), ARRAY(_kind(values))) for values in columns]
        names = [f"value_{i}" for i in range(len(columns))]
        return sa.select(*sa.func.unnest(*arrays).table_valued(*names).c)
    each = sa.func.json_each(json.dumps(list(zip(*columns, strict=True)))).table_valued("value")
    return sa.select(*(sa.func.json_extract(each.c.value, f"$[{i}]") for i in range(len(columns))))


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


def _kind(values: Collection[str] | Collection[int]) -> sa.types.TypeEngine[Any]:
    return sa.Text() if isinstance(next(iter(values), ""), str) else sa.BigInteger()
