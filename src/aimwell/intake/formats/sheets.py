"""Excel workbooks: the first sheet with rows, cells as text the way the other formats write them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, ZipError

from aimwell.intake.errors import FileEmpty, NotReadableAs
from aimwell.intake.formats.careful import Read
from aimwell.intake.formats.layout import column_names
from aimwell.intake.formats.model import Broken, Plain, Wire

__all__ = ["sheet_rows", "sheet_wire"]

_EXCEL_EPOCH = datetime.fromisoformat("1899-12-30")


def sheet_wire(plain: Plain) -> Wire:
    """Return the layout of a workbook's first sheet that holds anything.

    Raises
    ------
    NotReadableAs
        If it is no workbook, is damaged or has a password.
    FileEmpty
        If no sheet holds anything.
    """
    position, header = next(_filled(_sheet(plain)), (0, []))
    if not header:
        raise FileEmpty(path=plain.name)
    return Wire(kind="xlsx", columns=column_names(header, file=plain.name), header_lines=position)


def sheet_rows(plain: Plain, wire: Wire) -> Iterator[Read]:
    """Read the rows below the header; formula cells give the value that Excel last computed."""
    width = len(wire.columns)
    for position, cells in _filled(_sheet(plain)):
        if position <= wire.header_lines:
            continue
        if any(cells[width:]):
            yield Broken(line_no=position, reason="wrong_cell_count", text="\t".join(c or "" for c in cells))
        else:
            yield position, [*cells[:width], *[None] * (width - len(cells))]


def _sheet(plain: Plain) -> CalamineSheet:
    try:
        book = CalamineWorkbook.from_path(str(plain.path))
        sheets = [book.get_sheet_by_name(name) for name in book.sheet_names]
    except (CalamineError, ZipError) as exc:
        raise NotReadableAs(path=plain.name, kind="XLSX", detail=exc) from exc
    filled = [sheet for sheet in sheets if sheet.total_height]
    if not filled:
        raise FileEmpty(path=plain.name)
    return filled[0]


def _filled(sheet: CalamineSheet) -> Iterator[tuple[int, list[str | None]]]:
    """Yield row numbers, from 1, with their cells; empty rows are left out."""
    first = sheet.start[0] if sheet.start else 0
    for position, row in enumerate(sheet.iter_rows(), start=first + 1):
        cells = _as_text(row)
        if any(cells):
            yield position, cells


def _as_text(row: Sequence[object]) -> list[str | None]:
    return [_cell(value) for value in row]


def _cell(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, (datetime, date, time)):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, timedelta):
        return (_EXCEL_EPOCH + value).isoformat(sep=" ")
    return str(value) or None
