"""The shop's own exchange rates: a dated file, so that the same order converts to the same amount for ever."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from aimwell.base.money import is_known_currency
from aimwell.intake.errors import RatesInvalid

__all__ = ["read_rates"]

_FOREVER = date(9999, 12, 31)
_SCHEMA = pa.schema(
    [
        pa.field("currency", pa.string()),
        pa.field("since_on", pa.date32()),
        pa.field("until_on", pa.date32()),
        pa.field("rate", pa.decimal128(18, 8)),
    ]
)


def read_rates(path: Path) -> ir.Table:
    """Return the rates of a CSV file with the columns date, currency and rate.

    A rate holds from its day on until the day of the currency's next one; orders before the first have none.

    Returns
    -------
    Table
        One row per currency and span: currency, since_on and until_on (half-open), rate.

    Raises
    ------
    RatesInvalid
        If a line holds no date, no known currency or no positive number; names the line.
    """
    by_currency: dict[str, dict[date, Decimal]] = defaultdict(dict)
    for currency, since_on, rate in _lines(path):
        by_currency[currency][since_on] = rate
    spans = [
        {"currency": currency, "since_on": since, "until_on": until, "rate": rates[since]}
        for currency, rates in sorted(by_currency.items())
        for since, until in pairwise([*sorted(rates), _FOREVER])
    ]
    return ibis.memtable(pa.Table.from_pylist(spans, _SCHEMA))


def _lines(path: Path) -> Iterator[tuple[str, date, Decimal]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not {"date", "currency", "rate"} <= set(rows.fieldnames or ()):
            raise RatesInvalid(path=path, line_no=1, value=",".join(rows.fieldnames or ()))
        for row in rows:
            try:
                currency, since_on, rate = (
                    row["currency"].strip().upper(),
                    date.fromisoformat(row["date"].strip()),
                    Decimal(row["rate"]),
                )
            except (ValueError, InvalidOperation, AttributeError, TypeError) as exc:
                raise RatesInvalid(path=path, line_no=rows.line_num, value=_written(row)) from exc
            if not is_known_currency(currency) or not rate.is_finite() or rate <= 0:
                raise RatesInvalid(path=path, line_no=rows.line_num, value=_written(row))
            yield currency, since_on, rate.quantize(Decimal("1E-8"))


def _written(row: dict[str, str | None]) -> str:
    return ",".join(str(value) for value in row.values())
