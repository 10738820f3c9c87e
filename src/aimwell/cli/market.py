"""`aimwell market show | add | chart`: yearly series of the market, their growth and an honest forecast, the shop's own growth beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from aimwell.base.settings import FILE_NAME
from aimwell.base.words import Words, text
from aimwell.cli.face import Column, Face, face_of
from aimwell.market.forecast import METHOD_NAMES, Forecast, forecast
from aimwell.market.model import OwnYear, Series
from aimwell.market.service import Sourced, add_file, all_series, own_years, series_named

__all__ = ["register"]

_YEARS_AHEAD = 5
_KNOWN_NAMES: Mapping[str, str] = {
    "ecommerce_transaction_volume": text("China: e-commerce transaction volume"),
    "online_retail_sales": text("China: online retail sales"),
}
_Name = Annotated[str | None, typer.Argument(help=text("Name of a series; all if not given."))]
_Until = Annotated[
    int | None,
    typer.Option(help=text("Last year of the forecast; five years after the last figure if not given.")),
]
_Own = Annotated[bool, typer.Option("--own", help=text("Lay the shop's own sales growth beside it."))]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    market = typer.Typer(
        help=text("Market background: yearly figures from statistics, growth, forecast."),
        no_args_is_help=True,
    )
    market.command("show", help=text("List the series, or show one: figures, authority, growth, forecast."))(
        show
    )
    market.command("add", help=text("Add series from a CSV file: series, year, value, unit, authority."))(add)
    market.command("chart", help=text("Draw a series with its forecast into an .html, .svg or .png file."))(
        chart
    )
    app.add_typer(market, name="market")


@dataclass(frozen=True)
class _Market:
    """The series at hand, the shop's own years where they were asked for, and its currency."""

    series: Mapping[str, Sourced]
    own: Sequence[OwnYear]
    currency: str | None


def show(ctx: typer.Context, name: _Name = None, until: _Until = None, own: _Own = False) -> None:
    face = face_of(ctx)
    market = _open(face, has_own=own)
    if name is not None:
        series = series_named(name, among=market.series)
        ahead = forecast(series, until=_last_year(series, until, market.own))
        _show_series(series, ahead, market, face)
        _say_forecast(series, ahead, face)
    elif not own:
        _show_list(market, face)
    if own and (name is None or face.output == "table"):  # programs find the growth in the series' rows
        _show_own(market, face)


def add(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help=text("CSV file, UTF-8, with a header."))
    ],
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing():
        added = add_file(file, shop_folder=shop.folder)
    for one in added:
        face.say(
            text("Added the series `{series}`: {n_years} years, {first} to {last}."),
            series=one.name,
            n_years=len(one.points),
            first=one.points[0].year,
            last=one.points[-1].year,
        )


def chart(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help=text("Name of a series."))],
    file: Annotated[Path, typer.Argument(help=text("Where to write: .html, .svg or .png."))],
    until: _Until = None,
    own: _Own = False,
) -> None:
    from aimwell.cli.market_chart import market_chart
    from aimwell.cli.survey_chart import write_chart

    face = face_of(ctx)
    market = _open(face, has_own=own)
    series = series_named(name, among=market.series)
    ahead = forecast(series, until=_last_year(series, until, market.own))
    title = _title(series, face.words)
    write_chart(market_chart(series, ahead, own=market.own, words=face.words, title=title), file)
    face.say(text("Wrote {path}."), path=file)
    _say_forecast(series, ahead, face)


def _open(face: Face, *, has_own: bool) -> _Market:
    """Return the bundled series, and in a shop its own; outside of a shop only where nothing of it was asked for."""
    if not has_own and not (face.shop_folder / FILE_NAME).exists():
        return _Market(all_series(None), (), None)
    with face.open_shop() as shop:
        own = own_years(lake=shop.lake, as_of=shop.clock.now()) if has_own else ()
        return _Market(all_series(shop.folder), own, shop.settings.currency)


def _last_year(series: Series, until: int | None, own: Sequence[OwnYear]) -> int:
    last = series.points[-1].year
    return max(last + 1, until or last + _YEARS_AHEAD, *(one.year for one in own))


def _title(series: Series, words: Words) -> str:
    return words.say(_KNOWN_NAMES[series.name]) if series.name in _KNOWN_NAMES else series.name


def _show_list(market: _Market, face: Face) -> None:
    rows = [
        {
            "series": one.series.name,
            "title": _title(one.series, face.words),
            "unit": one.series.unit,
            "first_year": str(one.series.points[0].year),
            "last_year": str(one.series.points[-1].year),
            "last_value": one.series.points[-1].value,
            "compound_growth": one.series.compound_growth(),
            "n_derived": sum(point.is_derived for point in one.series.points),
            "place": one.place,
        }
        for one in market.series.values()
    ]
    face.show_rows(
        rows,
        [
            Column("series", text("Series")),
            Column("title", text("What")),
            Column("unit", text("Unit")),
            Column("first_year", text("From")),
            Column("last_year", text("To")),
            Column("last_value", text("Last figure"), "decimal"),
            Column("compound_growth", text("Growth a year (CAGR)"), "percent"),
            Column("n_derived", text("Derived figures"), "number"),
            Column("place", text("File")),
        ],
    )


def _show_series(series: Series, ahead: Forecast | None, market: _Market, face: Face) -> None:
    """Show figures and forecast as one table; `kind` is reported, derived or forecast."""
    own = {one.year: one.growth for one in market.own}
    growth = {one.year: one for one in series.growth()}
    rows: list[dict[str, Any]] = [
        {
            "year": point.year,
            "kind": "derived" if point.is_derived else "reported",
            "value": point.value,
            "growth": growth[point.year].rate if point.year in growth else None,
            "since": growth[point.year].since if point.year in growth else None,
            "authority": point.authority,
            "note": point.note,
        }
        for point in series.points
    ]
    before = series.points[-1].value
    for year in ahead.years if ahead else ():
        rows.append(
            {"year": year.year, "kind": "forecast", "value": year.value, "low": year.low, "high": year.high}
            | {"growth": year.value / before - 1, "since": year.year - 1}
        )
        before = year.value
    for row in rows:
        row["own_growth"] = own.get(row["year"])
        if face.output == "table":
            row |= {"year": str(row["year"]), "kind": face.words.say(_KINDS[row["kind"]])}
            row["since"] = str(row["since"]) if row.get("since") else None
    columns = _columns(has_own=bool(market.own))
    face.show_rows(rows, columns, title=f"{_title(series, face.words)} ({series.unit})")


_KINDS = {"reported": text("reported"), "derived": text("derived"), "forecast": text("forecast")}


def _columns(*, has_own: bool) -> list[Column]:
    return [
        Column("year", text("Year")),
        Column("kind", text("Kind")),
        Column("value", text("Figure"), "decimal"),
        Column("low", text("At least (80%)"), "decimal"),
        Column("high", text("At most (80%)"), "decimal"),
        Column("growth", text("Growth a year"), "percent"),
        Column("since", text("Since")),
        *([Column("own_growth", text("Own growth"), "percent")] if has_own else []),
        Column("authority", text("Authority")),
        Column("note", text("Remark")),
    ]


def _say_forecast(series: Series, ahead: Forecast | None, face: Face) -> None:
    if ahead is None:
        face.say(text("No forecast: too few years to try one on."))
        return
    growth = series.compound_growth() or 0.0
    face.say(
        text(
            "From {first} to {last}: {growth} a year. The forecast takes {method}, which was closer on the {n_tested} years it could be "
            "tried on (mean error a year ahead {fading} with growth that fades, {steady} with growth that stays). So few years tell little: "
            "read the interval, not the middle."
        ),
        first=series.points[0].year,
        last=series.points[-1].year,
        growth=face.words.percent(growth, decimals=1),
        method=face.words.say(METHOD_NAMES[ahead.method]),
        n_tested=ahead.n_tested,
        fading=face.words.percent(ahead.errors["fading"], decimals=1),
        steady=face.words.percent(ahead.errors["steady"], decimals=1),
    )
    face.say(
        text(
            "The last figure is of {last}: the further ahead, the less is known. Newer figures under the same name, added with "
            "`aimwell market add FILE`, stand in its stead."
        ),
        last=series.points[-1].year,
    )


def _show_own(market: _Market, face: Face) -> None:
    rows = [
        {
            "year": str(one.year),
            "sales_minor": one.sales_minor,
            "growth": one.growth,
            "is_complete": one.is_complete
            if face.output != "table"
            else face.words.say(text("yes") if one.is_complete else text("no: part of the year only")),
        }
        for one in market.own
    ]
    columns = [
        Column("year", text("Year")),
        Column("sales_minor", text("Own sales"), "money"),
        Column("growth", text("Own growth"), "percent"),
        Column("is_complete", text("Whole year?")),
    ]
    face.show_rows(rows, columns, title=text("The shop's own sales by year"), currency=market.currency)
