"""Reads cells by mapping rules: text, numbers and moments of a raw table as expressions, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from aimwell.intake.mapping.model import Cell, Condition, Rule
from aimwell.intake.tables.moments import DateShapes, moment, typed_moment
from aimwell.intake.tables.numbers import NUMBER, DecimalMark, number, typed_number

__all__ = ["Fault", "Notes", "Reader", "cleaned", "is_wrapped", "unwrapped", "whole_id"]

ToUtc = Callable[[ir.TimestampValue, str], ir.TimestampValue]


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What was seen of a file's columns: the shapes of dates, and per number column its decimal mark (None: plain)."""

    dates: Mapping[str, DateShapes] = field(default_factory=dict)
    numbers: Mapping[str, DecimalMark | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A reason why a row cannot be used: where it holds, a stable code, and the column at fault."""

    holds: ir.BooleanValue
    reason: str
    column: str = ""


def cleaned(cell: ir.Value) -> ir.StringValue:
    """Return a cell as text without spaces around it; null where empty."""
    return cell.strip().nullif("") if cell.type().is_string() else cell.cast("string")


def is_wrapped(cell: ir.StringValue) -> ir.BooleanScalar:
    """Say whether any cell of a column is written like `="123"` or `'123`, as spreadsheets keep numbers as text."""
    return (cell.startswith('="') | cell.startswith("'")).any()


def unwrapped(raw: ir.Table, columns: Iterable[str]) -> ir.Table:
    """Return the table with `="123"` and `'123` as `123` in these columns."""

    def bare(cell: ir.StringValue) -> ir.StringValue:
        text = cell.strip()
        quoted = text.substr(2, text.length() - 3)
        return ibis.cases((text.startswith('="'), quoted), (text.startswith("'"), text.substr(1)), else_=text)

    return raw.mutate(**{name: bare(raw[name]) for name in columns})


def whole_id(text: ir.StringValue) -> ir.StringValue:
    """Return an id without the `.0` that a spreadsheet or data frame has put behind it."""
    bare = ibis.ifelse(text.re_search(r"^\d+\.0$"), text.substr(0, text.length() - 2), text)
    return ibis.ifelse(text.endswith(".0"), bare, text)  # the dear test only where the cheap one holds


@dataclass(frozen=True, kw_only=True)
class Reader:
    """One raw table, and how its cells are to be read.

    Attributes
    ----------
    raw
        Cells beside `line_no`.
    notes
        What was seen of its columns.
    zone
        The wall clock of its times without an offset.
    to_utc
        Turns wall-clock time of a zone into UTC.
    vocabulary
        Bundled vocabularies by name.
    """

    raw: ir.Table
    notes: Notes
    zone: str
    to_utc: ToUtc
    vocabulary: Mapping[str, Mapping[str, str]]

    def text(self, cell: Cell | None) -> ir.StringValue:
        """Return the text a rule gives; null where nothing does."""
        if cell is None:
            return ibis.null("string")
        if cell.join:
            parts = [cleaned(self.raw[name]) for name in cell.join]
            found = ibis.array(parts).filter(lambda part: part.notnull()).join(cell.by).nullif("")
        else:
            found = _first([cleaned(self.raw[name]) for name in cell.columns])
        if cell.strip:
            found = ibis.ifelse(found.startswith(cell.strip), found.substr(len(cell.strip)), found)
        if cell.words is not None:
            found = self._meaning(found, cell.words)
        return found if cell.value is None else found.fill_null(cell.value)

    def number(self, cell: Cell | None) -> ir.DecimalValue:
        """Return the number a rule gives; null where nothing does, or where it is no number."""
        if cell is None:
            return ibis.null(NUMBER)
        if cell.times:
            first, second = (self._number(name) for name in cell.times)
            return (first * second).try_cast(NUMBER)
        if cell.sum:
            return _summed(
                [
                    (-1 if name.startswith("-") else 1, self._number(name.removeprefix("-")))
                    for name in cell.sum
                ]
            )
        found = _first([self._number(name) for name in cell.columns], of=NUMBER)
        return (
            found
            if cell.value is None
            else found.fill_null(ibis.literal(cell.value).cast(NUMBER)).cast(NUMBER)
        )

    def moment(self, cell: Cell | None) -> ir.TimestampValue:
        """Return the moment a rule gives, UTC; null where nothing does, or where it is no date."""
        if cell is None:
            return ibis.null("timestamp")
        return _first([self._moment(name) for name in cell.columns], of="timestamp")

    def holds(self, rule: Rule) -> ir.BooleanValue:
        """Say whether any condition of a rule holds; a rule without conditions never does."""
        result: ir.BooleanValue = ibis.literal(value=False)
        for condition in rule:
            result = result | self._holds(condition)
        return result

    def number_faults(self, cell: Cell | None) -> list[Fault]:
        """Return what is wrong with the number columns of a rule: cells that say something, but no number."""
        plain = {name for name, mark in self.notes.numbers.items() if mark is None}  # numbers throughout
        return [
            Fault(holds=self._says(n) & self._number(n).isnull(), reason="bad_number", column=n)
            for n in (cell.named if cell else ())
            if self._is_text(n) and n not in plain
        ]

    def date_faults(self, cell: Cell | None) -> list[Fault]:
        """Return what is wrong with the date columns of a rule: cells that say something, but no date."""
        sound = {name for name, shapes in self.notes.dates.items() if shapes.is_sound}
        return [
            Fault(holds=self._says(n) & self._moment(n).isnull(), reason="bad_date", column=n)
            for n in (cell.named if cell else ())
            if self._is_text(n) and n not in sound
        ]

    def _says(self, name: str) -> ir.BooleanValue:
        return cleaned(self.raw[name]).notnull()

    def _is_text(self, name: str) -> bool:
        return bool(self.raw[name].type().is_string())

    def _number(self, name: str) -> ir.DecimalValue:
        cell = self.raw[name]
        if not cell.type().is_string():
            return typed_number(cell)
        return number(cleaned(cell), mark=self.notes.numbers.get(name, "."))

    def _moment(self, name: str) -> ir.TimestampValue:
        cell = self.raw[name]
        is_typed = cell.type().is_timestamp() or cell.type().is_date()
        found = (
            typed_moment(cell)
            if is_typed
            else moment(cleaned(cell), self.notes.dates.get(name, DateShapes()))
        )
        if self.zone == "UTC":
            return found.at
        return ibis.ifelse(found.is_utc, found.at, self.to_utc(found.at, self.zone))

    def _meaning(self, found: ir.StringValue, words: Mapping[str, str] | str) -> ir.StringValue:
        known = (
            self.vocabulary[words] if isinstance(words, str) else {k.casefold(): v for k, v in words.items()}
        )
        others = ibis.literal(known["*"]) if "*" in known else found
        named = {word: meaning for word, meaning in known.items() if word != "*"}
        return ibis.ifelse(found.isnull(), ibis.null("string"), found.lower().substitute(named, else_=others))

    def _holds(self, condition: Condition) -> ir.BooleanValue:
        text = _first([cleaned(self.raw[name]) for name in condition.columns])
        tests: list[ir.BooleanValue] = []
        if condition.is_empty is not None:
            tests.append(text.isnull() if condition.is_empty else text.notnull())
        if condition.is_in:
            tests.append(text.upper().isin([word.upper() for word in condition.is_in]))
        if condition.starts_with is not None:
            tests.append(text.upper().startswith(condition.starts_with.upper()))
        if condition.contains is not None:
            tests.append(text.lower().contains(condition.contains.lower()))
        if condition.matches is not None:
            tests.append(text.re_search(condition.matches))
        if condition.below is not None or condition.above is not None:
            value = _first([self._number(name) for name in condition.columns], of=NUMBER)
            tests += [value < condition.below] if condition.below is not None else []
            tests += [value > condition.above] if condition.above is not None else []
        result: ir.BooleanValue = ibis.literal(value=True)
        for test in tests:
            result = result & ibis.coalesce(test, ibis.literal(value=False))
        return result


def _first(values: list[ir.Value], *, of: str = "string") -> ir.Value:
    if not values:
        return ibis.null(of)
    return values[0] if len(values) == 1 else ibis.coalesce(*values)


def _summed(terms: list[tuple[int, ir.DecimalValue]]) -> ir.DecimalValue:
    """Add signed numbers, empty ones as nothing; null where all are empty."""
    zero = ibis.literal(0).cast(NUMBER)
    total = zero
    for sign, value in terms:
        total = total + value.fill_null(zero) if sign > 0 else total - value.fill_null(zero)
    is_any = ibis.coalesce(*(value for _, value in terms)).notnull()
    return ibis.ifelse(is_any, total.cast(NUMBER), ibis.null(NUMBER))
