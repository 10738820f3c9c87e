"""Dates and times as files write them: first which shapes a column holds, then one expression that reads just those.

A shape tells by itself how its parts are ordered, all but one: two small numbers before the year are day and month, or
month and day. The whole column decides, and where it cannot, nobody guesses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import ibis
import ibis.expr.types as ir

from aimwell.intake.mapping.model import DateOrder

__all__ = [
    "DateShapes",
    "Moment",
    "all_dates",
    "date_shapes",
    "day_places",
    "moment",
    "patterns",
    "typed_moment",
]

Shape = Literal["ymd", "parts", "compact", "serial", "seconds", "millis", "named"]

_TIME = r"\d{1,2}:\d{2}"
_PATTERNS: dict[Shape, str] = {
    "ymd": r"^\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}",
    "parts": r"^\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})(\D|$)",
    "compact": r"^\d{8}(\d{6})?$",
    "serial": r"^\d{5}(\.\d+)?$",
    "seconds": r"^\d{10}$",
    "millis": r"^\d{13}$",
    "named": r"(?i)(^|[^a-z])(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
}
_READY = r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?)?$"  # every engine reads it, with dashes
_OFFSET = rf"{_TIME}(:\d{{2}})?(\.\d+)?\s*(Z|UTC|GMT|[-+]\d{{2}}:?\d{{2}})$"
_ZONE = r"\s*(Z|UTC|GMT|[-+]\d{2}:?\d{2})$"
_HALF_DAY = r"(?i)(\d\s*[ap]\.?m\.?$|上午|下午)"
_AFTERNOON = r"(?i)(p\.?m\.?$|下午)"
_FIRST, _SECOND = r"^(\d{1,2})[-/.]", r"^\d{1,2}[-/.](\d{1,2})[-/.]"
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_EXCEL_EPOCH = "1899-12-30"
_UNIX_EPOCH = "1970-01-01"
# So many times more days above 12 in one place than in the other, and the few are slips, not another order.
_DECISIVE = 20
_MAX_LOOKS = 1_000


@dataclass(frozen=True, kw_only=True)
class DateShapes:
    """What a column of dates holds.

    Attributes
    ----------
    shapes
        Those that occur.
    order
        Of day and month where both come before the year.
    is_ready
        Every cell can be read as it is.
    is_sound
        Every cell was seen to be a date.
    has_offset, has_half_days
        Some cells carry their distance from UTC; some have a 12-hour clock.
    example
        A cell that can be read both ways.
    """

    shapes: frozenset[Shape] = frozenset()
    order: Literal["dmy", "mdy", "unknown"] = "dmy"
    is_ready: bool = False
    is_sound: bool = False
    has_offset: bool = False
    has_half_days: bool = False
    example: str = ""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A moment read from a cell; `is_utc` where the cell itself said so, else it is wall-clock time."""

    at: ir.TimestampValue
    is_utc: ir.BooleanValue


def patterns(cell: ir.StringValue) -> ir.Table:
    """Return how the cells of a column look, every digit a 9: one row per look, with a count.

    Parameters
    ----------
    cell
        Trimmed text; null where empty.
    """
    table = cell.name("cell").as_table().filter(lambda t: t.cell.notnull())
    looks = table.group_by(look=table.cell.translate("012345678", "9" * 9)).agg(n=table.count())
    return looks.order_by(ibis.desc("n"), "look").limit(_MAX_LOOKS)


def day_places(cell: ir.StringValue) -> ir.Table:
    """Return, over the cells with two small numbers before the year, in which place days above 12 stand: one row."""
    table = cell.name("cell").as_table()
    cells = table.filter(table.cell.re_search(_PATTERNS["parts"]))
    cells = cells.mutate(first=_small(cells.cell, _FIRST), second=_small(cells.cell, _SECOND))
    both_ways = (cells.first <= 12) & (cells.second <= 12) & (cells.first != cells.second)
    return cells.aggregate(
        first=(cells.first > 12).sum(),
        second=(cells.second > 12).sum(),
        example=cells.cell.min(where=both_ways),
    )


def date_shapes(
    looks: Iterable[str], *, stated: DateOrder, places: Mapping[str, Any] | None = None
) -> DateShapes:
    """Return what a column holds.

    Parameters
    ----------
    looks
        Of its cells, from `patterns`.
    stated
        The order of day and month, if the user says it.
    places
        The row of `day_places`; None: not counted, the order may stay unknown.
    """
    seen = list(looks)
    shapes = frozenset(s for s, p in _PATTERNS.items() if any(re.search(p, look) for look in seen))
    is_dotted = all(re.match(r"\d{1,2}\.", look) for look in seen if re.search(_PATTERNS["parts"], look))
    counted = dict(places or {})
    return DateShapes(
        shapes=shapes,
        order=_order(counted, stated=stated) if not is_dotted or stated == "mdy" else "dmy",
        is_ready=all(re.search(_READY, look) for look in seen),
        has_offset=any(re.search(_OFFSET, look) for look in seen),
        has_half_days=any(re.search(_HALF_DAY, look) for look in seen),
        example=str(counted.get("example") or ""),
    )


def _order(places: dict[str, Any], *, stated: DateOrder) -> Literal["dmy", "mdy", "unknown"]:
    if stated in ("dmy", "mdy"):
        return stated
    first, second = places.get("first") or 0, places.get("second") or 0
    if first > _DECISIVE * second:
        return "dmy"
    if second > _DECISIVE * first:
        return "mdy"
    return "unknown" if first or places.get("example") else "dmy"


def all_dates(cell: ir.StringValue) -> ir.BooleanScalar:
    """Say whether every cell of a column that can be read as it is (`is_ready`) is a date."""
    return (cell.isnull() | _iso(cell).notnull()).all()


def typed_moment(cell: ir.Value) -> Moment:
    """Return a cell that already is a date or timestamp."""
    return Moment(at=cell.cast("timestamp"), is_utc=ibis.literal(value=False))


def moment(cell: ir.StringValue, shapes: DateShapes) -> Moment:
    """Read a column of dates; null where a cell is no such date, like 31/02.

    Parameters
    ----------
    cell
        Trimmed text; null where empty.
    shapes
        What the column holds.
    """
    if shapes.is_ready:
        return Moment(at=_iso(cell), is_utc=ibis.literal(value=False))
    spoken = cell
    if shapes.has_half_days:
        spoken = cell.re_replace(r"(?i)\s*[ap]\.?m\.?$", "").re_replace(r"\s*(上午|下午)\s*", " ")
    if shapes.has_offset:
        spoken = ibis.ifelse(cell.re_search(_OFFSET), spoken.re_replace(_ZONE, ""), spoken)
    readers = {
        "ymd": _ymd(spoken),
        "parts": _parts(spoken, day_first=shapes.order == "dmy"),
        "compact": _compact(spoken),
        "serial": _serial(spoken),
        "seconds": _counted(spoken, per_second=1),
        "millis": _counted(spoken, per_second=1000),
        "named": _named(spoken),
    }
    at = ibis.null("timestamp").cast("timestamp")
    for shape in sorted(shapes.shapes):
        at = ibis.ifelse(spoken.re_search(_PATTERNS[shape]), readers[shape], at)
    if shapes.has_half_days:
        at = _half_days(at, cell)
    if shapes.has_offset:
        at = at - _offset_minutes(cell).as_interval("m")
    return Moment(at=at, is_utc=_is_utc(cell, shapes))


def _is_utc(cell: ir.StringValue, shapes: DateShapes) -> ir.BooleanValue:
    is_utc: ir.BooleanValue = ibis.literal(value=False)
    told = [_OFFSET] * shapes.has_offset + [_PATTERNS[s] for s in ("seconds", "millis") if s in shapes.shapes]
    for pattern in told:
        is_utc = is_utc | cell.re_search(pattern)
    return is_utc


def _small(cell: ir.StringValue, pattern: str) -> ir.IntegerValue:
    return cell.re_extract(pattern, 1).try_cast("int64")


def _iso(text: ir.StringValue) -> ir.TimestampValue:
    return text.replace("/", "-").try_cast("timestamp")


def _ymd(cell: ir.StringValue) -> ir.TimestampValue:
    """Year first: `2017/1/2 3:04`, `2017年1月2日` and ISO 8601."""
    text = cell.translate("年月", "--").re_replace(r"日\s*", " ").strip()
    return _iso(ibis.ifelse(text.re_search(r"^\d{4}\.\d"), text.replace(".", "-"), text))


def _offset_minutes(cell: ir.StringValue) -> ir.IntegerValue:
    """Return how far the cell's clock is ahead of UTC, for `+0800` and `-05:00`; 0 for `Z`, UTC and none."""
    signed = cell.re_search(_OFFSET) & cell.re_search(r"[-+]\d{2}:?\d{2}$")
    minutes = cell.re_extract(r"(\d{2}):?\d{2}$", 1).try_cast("int64") * 60 + cell.right(2).try_cast("int64")
    ahead = ibis.ifelse(cell.re_search(r"-\d{2}:?\d{2}$"), -minutes, minutes)
    return ibis.ifelse(signed, ahead, 0)


def _parts(cell: ir.StringValue, *, day_first: bool) -> ir.TimestampValue:
    text = cell.re_replace(r"\s+", " ")
    first, second = text.re_extract(_FIRST, 1), text.re_extract(_SECOND, 1)
    year = text.re_extract(r"^\d{1,2}[-/.]\d{1,2}[-/.](\d+)", 1)
    year = ibis.ifelse(year.length() == 2, ibis.literal("20") + year, year)
    month, day = (second, first) if day_first else (first, second)
    time = text.re_extract(rf"[ T]({_TIME}(:\d{{2}})?)", 1)
    return _iso(_dated(year, month, day, time))


def _named(cell: ir.StringValue) -> ir.TimestampValue:
    name = cell.re_extract(_PATTERNS["named"], 2).lower()
    month = name.substitute({m: f"{i:02d}" for i, m in enumerate(_MONTHS, start=1)}, else_="")
    day = cell.re_extract(r"(^|[^\d:])(\d{1,2})(st|nd|rd|th)?([^\d:]|$)", 2)
    year = cell.re_extract(r"((19|20)\d{2})", 1)
    return _iso(_dated(year, month, day, cell.re_extract(rf"({_TIME}(:\d{{2}})?)", 1)))


def _compact(cell: ir.StringValue) -> ir.TimestampValue:
    clock = cell.substr(8, 2) + ":" + cell.substr(10, 2) + ":" + cell.substr(12, 2)
    time = ibis.ifelse(cell.length() == 14, clock, "")
    return _iso(_dated(cell.left(4), cell.substr(4, 2), cell.substr(6, 2), time))


def _dated(
    year: ir.StringValue, month: ir.StringValue, day: ir.StringValue, time: ir.StringValue
) -> ir.StringValue:
    return (year + "-" + month + "-" + day + " " + ibis.ifelse(time == "", "00:00:00", time)).strip()


def _serial(cell: ir.StringValue) -> ir.TimestampValue:
    """Excel counts days from 1899-12-30; its fraction of a day is a time, to the second."""
    seconds = (cell.try_cast("decimal(13, 8)") * 86_400).round().cast("int64")
    return ibis.timestamp(_EXCEL_EPOCH) + seconds.as_interval("s")


def _counted(cell: ir.StringValue, *, per_second: int) -> ir.TimestampValue:
    ticks = cell.try_cast("int64")
    unit: Literal["s", "ms"] = "s" if per_second == 1 else "ms"
    return ibis.timestamp(_UNIX_EPOCH) + ticks.as_interval(unit)


def _half_days(at: ir.TimestampValue, cell: ir.StringValue) -> ir.TimestampValue:
    """Move 3:04 PM to 15:04 and 12:10 AM to 0:10; leave 15:04 PM, which some programs write."""
    is_half, is_pm = cell.re_search(_HALF_DAY), cell.re_search(_AFTERNOON)
    shift = ibis.cases(
        (is_half & is_pm & (at.hour() < 12), 12), (is_half & ~is_pm & (at.hour() == 12), -12), else_=0
    )
    return at + shift.as_interval("h")
