"""What a user does with market series: list them, add some, lay the shop's own growth beside them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import resources
from pathlib import Path

from aimwell.market.errors import SeriesTaken, SeriesUnknown
from aimwell.market.files import read_series
from aimwell.market.model import OwnYear, Series
from aimwell.market.tables import sales_by_year
from aimwell.people.service import read_facts
from aimwell.storage.lake.lake import Lake

__all__ = ["BUNDLED", "FOLDER", "Sourced", "add_file", "all_series", "own_years", "series_named"]

FOLDER = "market"
"""Folder of the shop that holds the files it added; they are text, for its own version control."""

BUNDLED = "aimwell"
"""Place of the series that come with Aimwell; a shop's own series of the same name stands in their stead."""

_FILE = "china_ecommerce_2011_2018.csv"
_SLACK = timedelta(days=7)  # a shop that sells every week, but not every day, still spans the year


@dataclass(frozen=True, kw_only=True)
class Sourced:
    """A series and the name of the file it is from."""

    series: Series
    place: str


def all_series(shop_folder: Path | None) -> dict[str, Sourced]:
    """Return the bundled series and those of the shop's folder, by name; None: the bundled ones only.

    A shop's series of the name of a bundled one replaces it: so newer figures are added.

    Raises
    ------
    BadSeriesFile, SeriesTaken
        If a file of the folder cannot be used.
    """
    bundled = resources.files("aimwell.market") / "data" / _FILE
    found = {one.name: Sourced(series=one, place=BUNDLED) for one in read_series(bundled)}
    own = sorted((shop_folder / FOLDER).glob("*.csv")) if shop_folder is not None else []
    for path in own:
        _take(found, path)
    return found


def series_named(name: str, *, among: Mapping[str, Sourced]) -> Series:
    """Return the series of this name.

    Raises
    ------
    SeriesUnknown
        If there is none.
    """
    if name not in among:
        raise SeriesUnknown(series=name, known=", ".join(sorted(among)))
    return among[name].series


def add_file(path: Path, *, shop_folder: Path) -> list[Series]:
    """Check a file and copy it into the shop's folder; a file of the same name is replaced. Returns its series.

    Raises
    ------
    BadSeriesFile
        If a row cannot be used.
    SeriesTaken
        If another file of the shop holds a series of the same name.
    """
    target = shop_folder / FOLDER / path.with_suffix(".csv").name
    known = {name: one for name, one in all_series(shop_folder).items() if one.place != target.name}
    added = _take(known, path)
    target.parent.mkdir(exist_ok=True)
    if path.resolve() != target.resolve():
        shutil.copyfile(path, target)
    return added


def own_years(*, lake: Lake, as_of: datetime, known_at: datetime | None = None) -> list[OwnYear]:
    """Return the shop's own sales by year, with growth between complete years.

    Parameters
    ----------
    lake
        The shop's facts.
    as_of
        Only orders before this moment; naive UTC.
    known_at
        What Aimwell knew at this moment; None: now.
    """
    rows = lake.engine.rows(sales_by_year(read_facts(lake=lake, known_at=known_at), as_of=as_of))
    complete = {row["year"]: _is_complete(row["year"], row["first_on"], row["last_on"]) for row in rows}
    sales = {row["year"]: int(row["sales_minor"]) for row in rows}
    return [
        OwnYear(
            year=year,
            sales_minor=amount,
            is_complete=complete[year],
            growth=_growth(sales, year) if complete[year] and complete.get(year - 1) else None,
        )
        for year, amount in sales.items()
    ]


def _growth(sales: Mapping[int, int], year: int) -> float | None:
    return sales[year] / sales[year - 1] - 1 if sales[year - 1] > 0 else None


def _take(known: dict[str, Sourced], path: Path) -> list[Series]:
    found = read_series(path)
    for one in found:
        if one.name in known and known[one.name].place != BUNDLED:
            raise SeriesTaken(series=one.name, place=known[one.name].place)
        known[one.name] = Sourced(series=one, place=path.name)
    return found


def _is_complete(year: int, first_on: date, last_on: date) -> bool:
    return first_on < date(year, 1, 1) + _SLACK and last_on >= date(year + 1, 1, 1) - _SLACK
