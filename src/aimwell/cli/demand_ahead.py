"""`aimwell demand outlook | timing`: the months to come, and when to send for the weeks to come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer

from aimwell.base.clock import utc_time
from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.moments import day_began, today_began
from aimwell.cli.predict.screen import decline
from aimwell.predict.demand.model import Level
from aimwell.predict.demand.service.outlook import MonthAhead, OutlookBy, demand_outlook
from aimwell.predict.demand.service.use import forecasts
from aimwell.predict.demand.timing import send_moments
from aimwell.predict.model import Abstention
from aimwell.promote.gate.files import FILE_NAME, read_manners
from aimwell.promote.gate.hours import Place, next_open
from aimwell.shop import Shop

__all__ = ["outlook", "timing"]

_AsOf = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help=text("First day that counts as the future; today if not given.")),
]
_Level = Annotated[Level, typer.Option(help=text("total, category, product, channel or segment."))]


def outlook(
    ctx: typer.Context,
    months: Annotated[int, typer.Option(min=1, max=24, help=text("So many months ahead."))] = 12,
    by: Annotated[OutlookBy, typer.Option(help=text("total, category or channel."))] = "total",
    limit: Annotated[
        int, typer.Option(min=1, help=text("At most so many, those of most expected sales."))
    ] = 10,
    as_of: _AsOf = None,
    chart: Annotated[
        Path | None, typer.Option(help=text("Draw the forecasts into this .html, .svg or .png file."))
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        found = demand_outlook(
            lake=shop.lake,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            time_zone=shop.settings.time_zone,
            country=shop.settings.country,
            months=months,
            by=by,
        )
    if isinstance(found, Abstention):
        decline(found, face)
    shown = list(found.months[: limit * months])
    _show_months(shown, face, by=by, currency=shop.settings.currency)
    for note in found.notes:
        face.say(note.template, **note.values)
    if chart is not None:
        from aimwell.cli.demand_chart import demand_chart
        from aimwell.cli.survey_chart import write_chart

        rows = [asdict(one) | {"period_start": one.month_on} for one in shown]
        write_chart(demand_chart(rows, words=face.words), chart)
        face.say(text("Wrote {path}."), path=chart)


def _show_months(rows: Sequence[MonthAhead], face: Face, *, by: OutlookBy, currency: str) -> None:
    unnamed = face.words.say(text("Whole shop") if by == "total" else text("Other"))
    face.show_rows(
        [asdict(one) | ({"key": one.key or unnamed} if face.output == "table" else {}) for one in rows],
        [
            Column("key", text("What")),
            Column("month_on", text("Month from"), "day"),
            Column("expected_units", text("Expected units"), "decimal"),
            Column("low_units", text("At least (80%)"), "decimal"),
            Column("high_units", text("At most (80%)"), "decimal"),
            Column("expected_revenue_minor", text("Expected sales"), "money"),
            Column("low_revenue_minor", text("At least (80%)"), "money"),
            Column("high_revenue_minor", text("At most (80%)"), "money"),
        ],
        currency=currency,
    )


def timing(
    ctx: typer.Context,
    level: _Level = "total",
    key: Annotated[
        str,
        typer.Option(help=text("Which category, product, channel or group; the whole shop if not given.")),
    ] = "",
    lead_days: Annotated[
        int, typer.Option(min=0, max=28, help=text("Days from a message to the purchase."))
    ] = 2,
    channel: Annotated[str, typer.Option(help=text("Channel by whose manners is sent."))] = "email",
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        weeks = forecasts(lake=shop.lake, level=level, key=key, grain="week")
        days = forecasts(lake=shop.lake, level=level, key=key, grain="day")
        found = send_moments(weeks, days, lead_days=lead_days, may_send=_may_send(shop, channel))
    if not found and face.output == "table":
        face.say(
            text(
                "Demand is flat over the {n_weeks} weeks ahead: no week is worth waiting for. Send when it suits you."
            ),
            n_weeks=len(weeks),
        )
        return
    face.show_rows(
        [asdict(one) for one in found],
        [
            Column("week_on", text("Week from"), "day"),
            Column("expected_units", text("Expected units"), "decimal"),
            Column("above_rate", text("Above the mean week"), "percent"),
            Column("peak_on", text("Highest day"), "day"),
            Column("send_on", text("Send on"), "day"),
            *([] if face.output == "table" else [Column("is_moved", ""), Column("is_sure", "")]),
        ],
    )
    _remark([one.is_moved for one in found], [one.is_sure for one in found], face)


def _remark(moved: Sequence[bool], sure: Sequence[bool], face: Face) -> None:
    if any(moved):
        face.say(text("Days on which manners let nothing go (quiet days, holidays) were passed over."))
    if not all(sure):
        face.say(
            text("Some of these weeks may as well be usual ones: their 80% interval holds the mean week.")
        )


def _may_send(shop: Shop, channel: str) -> Callable[[date], bool]:
    """Return whether anything may go on a day of the shop, by the manners of a channel."""
    settings = shop.settings
    manners = read_manners(shop.folder / FILE_NAME, time_zone=settings.time_zone, country=settings.country)
    hours = manners.hours_for(channel, channel)
    place = Place(zone=manners.time_zone, region=manners.country, days_off=manners.days_off)

    def may(day: date) -> bool:
        begin, end = (
            utc_time(datetime.combine(one, time()), settings.time_zone)
            for one in (day, day + timedelta(days=1))
        )
        opened = next_open(begin, hours=hours, place=place)
        return opened is not None and opened < end

    return may
