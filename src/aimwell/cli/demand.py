"""`aimwell demand show | groups | stock | pace`: the forecasts, who will need what, what to have in stock, and a budget spread over days."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from aimwell.base.money import minor_units
from aimwell.base.words import text
from aimwell.cli.demand_ahead import outlook, timing
from aimwell.cli.demand_launch import launch
from aimwell.cli.face import Column, face_of
from aimwell.cli.products import named, product_columns
from aimwell.predict.demand.model import Grain, Level
from aimwell.predict.demand.service.use import budget_pace, forecasts, stock_advice
from aimwell.predict.demand.service.who import group_demand
from aimwell.predict.demand.stock import read_stock

__all__ = ["register"]

_Level = Annotated[Level, typer.Option(help=text("total, category, product, channel or segment."))]
_Key = Annotated[
    str | None, typer.Option(help=text("Which category, product, channel or group; all if not given."))
]
_Limit = Annotated[int, typer.Option(min=1, help=text("At most so many, those of most expected sales."))]

_ReviewDays = Annotated[int, typer.Option(min=0, help=text("Days from one look at the stock to the next."))]
_ServiceLevel = Annotated[float, typer.Option(min=0.5, max=0.999, help=text("Probability that stock lasts."))]
_OnHand = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help=text("CSV file of stock: product_id, units, on_order (if any); then it says how many to buy."),
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    demand = typer.Typer(
        help=text("What will be bought, what to have in stock, when to spend."), no_args_is_help=True
    )
    demand.command("show", help=text("Show the forecasts of the last `aimwell predict score demand`."))(show)
    demand.command("groups", help=text("Say which group of customers will need what."))(groups)
    demand.command("stock", help=text("Say when to reorder which product, and up to how many units."))(stock)
    demand.command("pace", help=text("Spread a budget over the days ahead as sales are expected."))(pace)
    demand.command("outlook", help=text("Foretell the months of a year ahead."))(outlook)
    demand.command("timing", help=text("Say when to send, before the weeks of most demand."))(timing)
    demand.command("launch", help=text("Foretell the first days of products that were never sold."))(launch)
    app.add_typer(demand, name="demand")


def show(
    ctx: typer.Context,
    level: _Level = "total",
    key: _Key = None,
    grain: Annotated[Grain, typer.Option(help=text("day, week or month."))] = "week",
    limit: _Limit = 10,
    chart: Annotated[
        Path | None, typer.Option(help=text("Draw the forecasts into this .html, .svg or .png file."))
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        rows = forecasts(lake=shop.lake, level=level, key=key, grain=grain, limit=limit)
        currency = shop.settings.currency
        shown = named(rows, lake=shop.lake, key="key") if level == "product" else rows
    whole = face.words.say(text("Whole shop") if level == "total" else text("Other"))
    face.show_rows(
        [row | {"key": row["key"] or whole} for row in shown] if face.output == "table" else shown,
        [
            *(
                product_columns(shown, face=face, key="key")
                if level == "product"
                else [Column("key", text("What"))]
            ),
            Column("period_start", text("From"), "day"),
            Column("expected_units", text("Expected units"), "decimal"),
            Column("low_units", text("At least (80%)"), "number"),
            Column("high_units", text("At most (80%)"), "number"),
            Column("expected_revenue_minor", text("Expected sales"), "money"),
        ],
        currency=currency,
    )
    if chart is not None:
        from aimwell.cli.demand_chart import demand_chart
        from aimwell.cli.survey_chart import write_chart

        write_chart(demand_chart(rows, words=face.words), chart)
        face.say(text("Wrote {path}."), path=chart)


def groups(
    ctx: typer.Context,
    by: Annotated[str, typer.Option(help=text("Trait whose values make the groups."))] = "rfm_segment",
    group: Annotated[str | None, typer.Option(help=text("Only this group."))] = None,
    category: Annotated[str | None, typer.Option(help=text("Only this category."))] = None,
    top: Annotated[int, typer.Option(min=1, help=text("So many categories of each group."))] = 5,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        found = group_demand(lake=shop.lake, time_zone=shop.settings.time_zone, by=by)
    wanted = [one for one in found if group in (None, one.group) and category in (None, one.category)]
    shown = [
        asdict(one)
        for _, mine in itertools.groupby(wanted, key=lambda one: one.group)
        for one in list(mine)[:top]
    ]
    other = face.words.say(text("Other"))
    face.show_rows(
        [row | {name: row[name] or other for name in ("group", "category")} for row in shown]
        if face.output == "table"
        else shown,
        [
            Column("group", text("Group")),
            Column("category", text("Category")),
            Column("expected_units", text("Expected units"), "decimal"),
            Column("expected_revenue_minor", text("Expected sales"), "money"),
            Column("category_rate", text("Share of the category"), "percent"),
            Column("times_average", text("Times the average customer"), "decimal"),
        ],
        currency=shop.settings.currency,
    )


def stock(
    ctx: typer.Context,
    lead_days: Annotated[int, typer.Option(min=1, help=text("Days from order to delivery."))],
    review_days: _ReviewDays = 7,
    service_level: _ServiceLevel = 0.95,
    on_hand: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help=text(
                "CSV file of stock: product_id, units, on_order (if any); then it says how many to buy."
            ),
        ),
    ] = None,
    limit: _Limit = 20,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        found = stock_advice(
            lake=shop.lake,
            lead_days=lead_days,
            review_days=review_days,
            service_level=service_level,
            on_hand=read_stock(on_hand) if on_hand else None,
            limit=limit,
        )
        rows = named((asdict(one) for one in found), lake=shop.lake)
    face.show_rows(
        rows,
        [
            *product_columns(rows, face=face),
            Column("lead_units", text("Expected until delivery"), "decimal"),
            Column("reorder_point", text("Reorder at"), "number"),
            Column("order_up_to", text("Order up to"), "number"),
            *([Column("purchase_units", text("Buy now"), "number")] if on_hand else []),
        ],
    )


def pace(
    ctx: typer.Context,
    budget: Annotated[float, typer.Argument(min=0, help=text("Amount of money, such as 500.00."))],
    level: _Level = "total",
    key: _Key = None,
    grain: Annotated[Grain, typer.Option(help=text("day, week or month."))] = "day",
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        currency = shop.settings.currency
        rows = forecasts(lake=shop.lake, level=level, key=key or "", grain=grain)
    spread = budget_pace(round(budget * minor_units(currency)), rows)
    face.show_rows(
        [{"period_start": day, "budget_minor": amount} for day, amount in spread.items()],
        [Column("period_start", text("From"), "day"), Column("budget_minor", text("Budget"), "money")],
        currency=currency,
    )
