"""Many rows at once: one statement whatever their number, the same call on both databases."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

__all__ = ["among", "insert_rows"]


def among(
    connection: sa.Connection, columns: Mapping[sa.Column[Any], Collection[str] | Collection[int]]
) -> sa.ColumnElement[bool]:
    """Return the condition that a row is one of many: one bound value, whatever their number.

    Parameters
    ----------
    connection
        Where the query will run.
    columns
        Text or whole-number columns and the values of each; with several columns, their values belong together row
        by row.
    """
    if connection.dialect.name == "postgresql":
        arrays = [sa.literal(list(values), ARRAY(column.type)) for column, values in columns.items()]
        names = [f"value_{i}" for i in range(len(columns))]
        wanted = sa.select(*sa.func.unnest(*arrays).table_valued(*names).render_derived().c)
    else:
        each = sa.func.json_each(json.dumps(list(zip(*columns.values(), strict=True)))).table_valued("value")
        wanted = sa.select(*(sa.func.json_extract(each.c.value, f"$[{i}]") for i in range(len(columns))))
    return sa.tuple_(*columns).in_(wanted) if len(columns) > 1 else next(iter(columns)).in_(wanted)


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
    unnested = sa.func.unnest(*arrays).table_valued(*columns).render_derived()
    connection.execute(sa.insert(table).from_select(list(columns), sa.select(*unnested.c)))
