"""Numbers and amounts as files write them: `1,234.50`, `1.234,50`, `￥99`, `(12.00)`, `£ 5`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import ibis
import ibis.expr.types as ir

__all__ = ["NUMBER", "DecimalMark", "decimal_mark", "is_plain", "number", "typed_number"]

DecimalMark = Literal[".", ","]

NUMBER = "decimal(18, 4)"
_READ = "decimal(15, 4)"  # up to 100 billion: beyond that it is no amount, and sums of these never overflow
_NOISE = r"(?i)US\$|[\s'’¥￥£$€₽₹₩₺元]|CNY|RMB|USD|EUR|GBP|JPY|HKD"
_COMMA_DECIMAL = r"^[^.]*\d,\d{1,2}\D*$|\.\d{3},\d"
_POINT_DECIMAL = r"^[^,]*\d\.(\d{1,2}|\d{4,})\D*$|,\d{3}\.\d"
_GROUPED = {".": r"^[-+]?\d{1,3}(,\d{3})+(\.\d+)?$", ",": r"^[-+]?\d{1,3}(\.\d{3})+(,\d+)?$"}


def is_plain(cell: ir.StringValue) -> ir.BooleanScalar:
    """Say whether every cell of a column of trimmed text is a number written like `-12.5`."""
    return (cell.isnull() | cell.try_cast(_READ).notnull()).all()


def decimal_mark(looks: Iterable[str]) -> DecimalMark:
    """Return the decimal mark of number columns from how their cells look; a point where nothing tells."""
    seen = list(looks)
    n_comma = sum(bool(re.search(_COMMA_DECIMAL, look)) for look in seen)
    n_point = sum(bool(re.search(_POINT_DECIMAL, look)) for look in seen)
    return "," if n_comma > n_point else "."


def typed_number(cell: ir.Value) -> ir.DecimalValue:
    """Return a cell that already is a number; NaN and what does not fit is null."""
    return cell.try_cast(_READ).cast(NUMBER)


def number(cell: ir.StringValue, *, mark: DecimalMark | None) -> ir.DecimalValue:
    """Read a column of numbers; null where a cell is none, such as text or a formula.

    Parameters
    ----------
    cell
        Trimmed text; null where empty.
    mark
        What stands before the decimals; None: every cell is written like `-12.5`, and nothing needs to be taken away.
    """
    if mark is None:
        return cell.try_cast(_READ).cast(NUMBER)
    bare = cell.re_replace(_NOISE, "")
    is_negative = bare.re_search(r"^\(.+\)$|^[^-].*-$")
    bare = bare.translate("()", "")
    grouped = bare.re_search(_GROUPED[mark])
    ungrouped = ibis.ifelse(grouped, bare.replace("," if mark == "." else ".", ""), bare)
    pointed = ungrouped.replace(",", ".") if mark == "," else ungrouped
    value = ibis.ifelse(is_negative, pointed.replace("-", ""), pointed).try_cast(_READ).cast(NUMBER)
    return ibis.ifelse(is_negative, -value, value).cast(NUMBER)
