"""Measures: what a rule or a shop's own trait counts or adds up in a fact table; data, checked, never code."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, get_args

import ibis.expr.datatypes as dt

from aimwell.base.words import Sentence, text
from aimwell.intake.facts import FACTS, PROVENANCE
from aimwell.portraits.errors import RuleTooLarge, RuleWrong

__all__ = [
    "FACT_NAMES",
    "Aggregate",
    "Condition",
    "FactName",
    "Measure",
    "Op",
    "columns_of",
    "parse_condition",
    "parse_measure",
    "result_type",
]

Op = Literal["eq", "ne", "lt", "le", "gt", "ge", "between", "in", "contains", "is_null"]
Aggregate = Literal["count", "sum", "mean", "min", "max", "last", "share"]
FactName = Literal["orders", "order_lines", "events", "refunds", "cases", "touches"]
FACT_NAMES: tuple[FactName, ...] = get_args(FactName)

MAX_LISTED, MAX_TEXT, MAX_CONDITIONS, MAX_DAYS = 1000, 200, 20, 36_500
_HIDDEN = {*PROVENANCE, "person_id", "account_id", "is_test"}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A comparison of a column with a value, or with two (between) or several (in)."""

    column: str
    op: Op
    value: Any


@dataclass(frozen=True, kw_only=True)
class Measure:
    """Something counted or added up per person over the rows of a fact table.

    Attributes
    ----------
    facts
        Fact table; cancelled orders and their lines are left out, as everywhere in portraits.
    aggregate
        share: of all rows in the window, the share that meets `where` (weighed by `column`, if one is given).
    column
        What is added up; None counts rows.
    within_days
        Only rows in [as_of - within_days, as_of); None: all before as_of.
    where
        Conditions that rows must meet, all of them.
    """

    facts: FactName
    aggregate: Aggregate
    column: str | None = None
    within_days: int | None = None
    where: tuple[Condition, ...] = ()


def columns_of(facts: FactName) -> dict[str, dt.DataType]:
    """Return the columns of a fact table that rules may name: no identifiers, no provenance; with the product's shelf."""
    schema = FACTS[facts].schema
    plain = {name: dtype for name, dtype in schema.items() if name not in _HIDDEN and not dtype.is_nested()}
    return plain | ({"category": dt.string, "brand": dt.string} if "product_id" in plain else {})


def result_type(measure: Measure) -> dt.DataType:
    """Return the type of a measure's value."""
    if measure.aggregate == "count":
        return dt.int64
    if measure.aggregate in ("mean", "share"):
        return dt.float64
    dtype = columns_of(measure.facts)[measure.column or ""]
    return dt.float64 if dtype.is_decimal() else dtype


def parse_measure(raw: Mapping[str, Any], *, where: str) -> Measure:
    """Read a measure from its data form.

    Parameters
    ----------
    raw
        facts, measure, and optionally column, within_days, where.
    where
        Path of `raw` in the file, for messages.

    Raises
    ------
    RuleWrong
        If a key, a column or a value is not usable; says what is.
    RuleTooLarge
        If there are too many conditions.
    """
    facts = _choice(raw.get("facts"), FACT_NAMES, where=f"{where}.facts")
    aggregate = _choice(raw.get("measure", "count"), get_args(Aggregate), where=f"{where}.measure")
    columns = columns_of(facts)
    column = raw.get("column")
    if aggregate == "count" and column is not None:
        nothing = Sentence(text("nothing; count counts rows"))
        raise RuleWrong(where=f"{where}.column", value=repr(column), allowed=nothing)
    if aggregate not in ("count", "share") or column is not None:
        fit = [c for c, dtype in columns.items() if aggregate in ("min", "max", "last") or _is_number(dtype)]
        column = _choice(column, fit, where=f"{where}.column")
    conditions = raw.get("where", [])
    if not isinstance(conditions, list | tuple):
        a_list = Sentence(text("a list of conditions"))
        raise RuleWrong(where=f"{where}.where", value=repr(conditions), allowed=a_list)
    if len(conditions) > MAX_CONDITIONS:
        what = Sentence(text("conditions"))
        raise RuleTooLarge(where=where, what=what, value=len(conditions), limit=MAX_CONDITIONS)
    return Measure(
        facts=facts,
        aggregate=aggregate,
        column=column,
        within_days=_days(raw.get("within_days"), where=f"{where}.within_days"),
        where=tuple(
            parse_condition(one, columns=columns, key="column", where=f"{where}.where[{i}]")
            for i, one in enumerate(conditions)
        ),
    )


def parse_condition(raw: Any, *, columns: Mapping[str, dt.DataType], key: str, where: str) -> Condition:
    """Read a comparison; its column stands under `key`, its value must fit the column's type."""
    if not isinstance(raw, Mapping):
        raise RuleWrong(where=where, value=repr(raw)[:MAX_TEXT], allowed=f"{key}, op, value")
    column = _choice(raw.get(key), columns, where=f"{where}.{key}")
    dtype = columns[column]
    op: Op = _choice(raw.get("op"), _ops(dtype), where=f"{where}.op")
    spare = set(raw) - {key, "op", "value"}
    if spare:
        raise RuleWrong(where=where, value=", ".join(sorted(map(repr, spare))), allowed=f"{key}, op, value")
    return Condition(
        column=column, op=op, value=_value(raw.get("value"), dtype=dtype, op=op, where=f"{where}.value")
    )


def _ops(dtype: dt.DataType) -> tuple[Op, ...]:
    if dtype.is_array():
        return ("contains", "is_null")
    if dtype.is_boolean():
        return ("eq", "ne", "is_null")
    ordered: tuple[Op, ...] = ("eq", "ne", "lt", "le", "gt", "ge", "between", "in", "is_null")
    return (*ordered, "contains") if dtype.is_string() else ordered


def _value(raw: Any, *, dtype: dt.DataType, op: Op, where: str) -> Any:
    if op == "is_null":
        if isinstance(raw, bool):
            return raw
        raise RuleWrong(where=where, value=repr(raw)[:MAX_TEXT], allowed="true, false")
    one = dtype.value_type if dtype.is_array() else dtype
    if op not in ("between", "in"):
        return _scalar(raw, dtype=one, where=where)
    if not isinstance(raw, list | tuple) or not raw or (op == "between" and len(raw) != 2):
        allowed = text("a list of two values") if op == "between" else text("a list of values")
        raise RuleWrong(where=where, value=repr(raw)[:MAX_TEXT], allowed=Sentence(allowed))
    if len(raw) > MAX_LISTED:
        raise RuleTooLarge(where=where, what=Sentence(text("values")), value=len(raw), limit=MAX_LISTED)
    return tuple(_scalar(item, dtype=one, where=where) for item in raw)


def _scalar(raw: Any, *, dtype: dt.DataType, where: str) -> Any:
    """Return a value as the column's type holds it."""
    if dtype.is_boolean() and isinstance(raw, bool):
        return raw
    if _is_number(dtype) and isinstance(raw, int | float) and not isinstance(raw, bool):
        if math.isfinite(raw) and abs(raw) < 2**63:
            return raw
    elif dtype.is_string() and isinstance(raw, str) and len(raw) <= MAX_TEXT and _is_writable(raw):
        return raw
    elif dtype.is_date() or dtype.is_timestamp():
        moment = _moment(raw)
        if moment is not None:
            return moment.date() if dtype.is_date() else moment
    raise RuleWrong(where=where, value=repr(raw)[:MAX_TEXT], allowed=_allowed(dtype))


def _is_writable(raw: str) -> bool:
    """Say whether a text is without control characters and halves of characters, which engines cannot quote."""
    return not any(unicodedata.category(c) in ("Cc", "Cs") for c in raw)


def _moment(raw: Any) -> datetime | None:
    """Return a date or moment as naive UTC; None if it is neither."""
    if isinstance(raw, str):
        try:
            raw = datetime.fromisoformat(raw)
        except ValueError:
            return None
    if isinstance(raw, datetime):
        return raw.astimezone(UTC).replace(tzinfo=None) if raw.tzinfo else raw
    return datetime(raw.year, raw.month, raw.day) if isinstance(raw, date) else None  # noqa: DTZ001  # naive UTC


def _allowed(dtype: dt.DataType) -> Sentence | str:
    if _is_number(dtype):
        return Sentence(text("a number"))
    if dtype.is_string():
        return Sentence(text("a text of at most {most} characters on one line"), {"most": MAX_TEXT})
    return "true, false" if dtype.is_boolean() else Sentence(text("a date such as 2017-10-01"))


def _is_number(dtype: dt.DataType) -> bool:
    return dtype.is_numeric() and not dtype.is_boolean()


def _days(raw: Any, *, where: str) -> int | None:
    if raw is None or (isinstance(raw, int) and not isinstance(raw, bool) and 1 <= raw <= MAX_DAYS):
        return raw
    allowed = Sentence(text("a whole number from 1 to {most}"), {"most": MAX_DAYS})
    raise RuleWrong(where=where, value=repr(raw)[:MAX_TEXT], allowed=allowed)


def _choice(raw: Any, known: Any, *, where: str) -> Any:
    names = list(known)
    if isinstance(raw, str) and raw in names:
        return raw
    raise RuleWrong(where=where, value=repr(raw)[:MAX_TEXT], allowed=", ".join(sorted(names)))
