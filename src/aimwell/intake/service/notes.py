"""Look at the columns that a mapping names, before they are read: wrapped texts, shapes of dates, decimal marks."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace

import ibis.expr.types as ir

from aimwell.intake.errors import AmbiguousDates
from aimwell.intake.mapping.model import Condition, Mapping
from aimwell.intake.mapping.presets import vocabulary
from aimwell.intake.tables.moments import DateShapes, all_dates, date_shapes, day_places, patterns
from aimwell.intake.tables.numbers import DecimalMark, decimal_mark, is_plain
from aimwell.intake.tables.reader import Notes, Reader, cleaned, is_wrapped, unwrapped
from aimwell.storage.engines import Engine

__all__ = ["Columns", "reader_of"]

_DATES = ("orders.ordered_at", "refunds.refunded_at", "customers.created_at", "events.occurred_at")
_NUMBERS = (
    *(f"orders.{n}" for n in ("items", "discount", "shipping", "tax", "total", "n_lines")),
    *(f"lines.{n}" for n in ("quantity", "price", "net", "discount", "cost", "shipping", "tax")),
    *("refunds.amount", "products.price", "products.cost"),
)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns that a mapping names: all of them, and those read as dates and as numbers."""

    all: tuple[str, ...]
    dates: tuple[str, ...]
    numbers: tuple[str, ...]

    @classmethod
    def of(cls, mapping: Mapping) -> Columns:
        """Return the columns of a bound mapping."""
        cells = mapping.cells()
        compared = [c for rule in _rules(mapping) for c in rule if c.below is not None or c.above is not None]
        tested = [name for rule in _rules(mapping) for condition in rule for name in condition.columns]
        named = [name for cell in cells.values() for name in cell.named]
        dates = [name for place in _DATES if place in cells for name in cells[place].named]
        numbers = [name for place in _NUMBERS if place in cells for name in cells[place].named]
        numbers += [name for condition in compared for name in condition.columns]
        return cls(all=_once(named + tested), dates=_once(dates), numbers=_once(numbers))


def reader_of(
    raw: ir.Table, mapping: Mapping, *, engine: Engine, zone: str, file: str, stack: ExitStack
) -> Reader:
    """Return a reader of these rows by this mapping.

    Raises
    ------
    AmbiguousDates
        If a column's dates can be read day first or month first, and neither they nor the mapping tell.
    """
    columns = Columns.of(mapping)
    texts = {name for name in columns.all if raw[name].type().is_string()}
    wrapped = _where(raw, {name: is_wrapped(raw[name]) for name in sorted(texts)}, engine=engine)
    if wrapped:
        raw = stack.enter_context(engine.stage(unwrapped(raw, wrapped)))
    dates = {
        name: _date_shapes(raw, name, mapping, engine=engine, file=file)
        for name in columns.dates
        if name in texts
    }
    numbers = [name for name in columns.numbers if name in texts]
    return Reader(
        raw=raw,
        notes=Notes(dates=dates, numbers=_marks(raw, numbers, mapping, engine=engine)),
        zone=mapping.reading.zone or zone,
        to_utc=engine.to_utc,
        vocabulary=vocabulary(),
    )


def _rules(mapping: Mapping) -> list[tuple[Condition, ...]]:
    rules = [mapping.orders.cancelled_when, mapping.orders.test_when]
    rules += [mapping.lines.fee_when, mapping.lines.return_when] if mapping.lines else []
    return [*rules, mapping.refunds.when] if mapping.refunds else rules


def _once(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _where(raw: ir.Table, tests: dict[str, ir.BooleanScalar], *, engine: Engine) -> list[str]:
    """Return the names whose test holds over the whole column."""
    if not tests:
        return []
    places = {f"t{i}": test for i, test in enumerate(tests.values())}
    found = engine.rows(raw.aggregate(**places))[0]
    return [name for name, place in zip(tests, places, strict=True) if found[place]]


def _date_shapes(raw: ir.Table, name: str, mapping: Mapping, *, engine: Engine, file: str) -> DateShapes:
    text = cleaned(raw[name])
    looks = [row["look"] for row in engine.rows(patterns(text))]
    stated = mapping.reading.dates
    shapes = date_shapes(looks, stated=stated)
    if "parts" in shapes.shapes and stated not in ("dmy", "mdy"):
        shapes = date_shapes(looks, stated=stated, places=engine.rows(day_places(text))[0])
    if shapes.order == "unknown":
        raise AmbiguousDates(column=name, path=file, example=shapes.example)
    is_sound = shapes.is_ready and bool(_where(raw, {name: all_dates(text)}, engine=engine))
    return replace(shapes, is_sound=is_sound)


def _marks(
    raw: ir.Table, names: list[str], mapping: Mapping, *, engine: Engine
) -> dict[str, DecimalMark | None]:
    plain = set(_where(raw, {name: is_plain(cleaned(raw[name])) for name in names}, engine=engine))
    stated = mapping.reading.decimal
    if stated == "auto":
        odd = [name for name in names if name not in plain]
        mark = decimal_mark(
            [row["look"] for name in odd for row in engine.rows(patterns(cleaned(raw[name])))]
        )
    else:
        mark = stated
    return {name: None if name in plain and mark == "." else mark for name in names}
