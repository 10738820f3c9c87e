"""`aimwell predict fit | backtest | score | card demand`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from aimwell.base.money import minor_units
from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.moments import day_began, today_began
from aimwell.cli.predict import Verb, add_family
from aimwell.cli.predict.options import AsOf, ModelId, Seed
from aimwell.cli.predict.screen import card_command, decline, warn
from aimwell.predict.demand.card_text import card_markdown
from aimwell.predict.demand.model import FORECAST_NAMES, LEVEL_NAMES, Backtest
from aimwell.predict.demand.service import backtest_demand, fit_demand, read_card, score_demand
from aimwell.predict.demand.told.prices import read_prices
from aimwell.predict.demand.told.promotions import read_promotions
from aimwell.predict.demand.told.stockouts import read_stockouts
from aimwell.predict.model import Abstention
from aimwell.predict.price.service import read_responses

__all__ = ["register"]

_Horizon = Annotated[int, typer.Option(min=7, max=92, help=text("Days to look ahead."))]
_Promotions = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help=text("CSV file of past and planned promotions: product_id, start_on, end_on, kind, strength."),
    ),
]
_Stockouts = Annotated[
    Path | None,
    typer.Option(
        "--stock",
        exists=True,
        dir_okay=False,
        help=text(
            "CSV file of days without stock: product_id (*: the whole shop is closed), start_on, end_on."
        ),
    ),
]
_Prices = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help=text("CSV file of planned prices: product_id, start_on, end_on, price. Needs a price model."),
    ),
]


def register(app: typer.Typer) -> None:
    """Add the family's commands."""
    add_family(
        app,
        "demand",
        fit=Verb(fit, text("Units that will be bought: products, categories, channels, groups, total.")),
        backtest=Verb(backtest, text("How the forecasts would have done on the last horizons.")),
        score=Verb(score, text("Forecasts of all levels, into the table demand_forecasts.")),
        card=Verb(
            card_command(read_card, card_markdown),
            text("Data, weights, errors and warnings of the demand model."),
        ),
    )


def fit(
    ctx: typer.Context,
    as_of: AsOf = None,
    horizon_days: _Horizon = 28,
    promotions: _Promotions = None,
    stockouts: _Stockouts = None,
    seed: Seed = 0,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        result = fit_demand(
            lake=shop.lake,
            clock=shop.clock,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            time_zone=shop.settings.time_zone,
            country=shop.settings.country,
            horizon_days=horizon_days,
            promotions=read_promotions(promotions) if promotions else (),
            stockouts=read_stockouts(stockouts) if stockouts else (),
            seed=seed,
            progress=progress,
        )
    if isinstance(result, Abstention):
        decline(result, face)
    face.say(text("Kept the model {model_id}."), model_id=result.model_id)
    warn(result.notes(), face)
    _show(result.backtest, face)


def backtest(
    ctx: typer.Context,
    as_of: AsOf = None,
    horizon_days: _Horizon = 28,
    promotions: _Promotions = None,
    stockouts: _Stockouts = None,
    seed: Seed = 0,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, face.progress() as progress:
        result = backtest_demand(
            lake=shop.lake,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            time_zone=shop.settings.time_zone,
            country=shop.settings.country,
            horizon_days=horizon_days,
            promotions=read_promotions(promotions) if promotions else (),
            stockouts=read_stockouts(stockouts) if stockouts else (),
            seed=seed,
            progress=progress,
        )
    if isinstance(result, Abstention):
        decline(result, face)
    _show(result, face)


def score(
    ctx: typer.Context,
    as_of: AsOf = None,
    promotions: _Promotions = None,
    stockouts: _Stockouts = None,
    prices: _Prices = None,
    model_id: ModelId = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        currency = shop.settings.currency
        result = score_demand(
            lake=shop.lake,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            time_zone=shop.settings.time_zone,
            promotions=read_promotions(promotions) if promotions else (),
            stockouts=read_stockouts(stockouts) if stockouts else (),
            prices=read_prices(prices, minor_per_unit=minor_units(currency)) if prices else (),
            responses=read_responses(lake=shop.lake) if prices else None,
            model_id=model_id,
            progress=progress,
        )
    if isinstance(result, Abstention):
        decline(result, face)
    warn(result.notes, face)
    row = asdict(result)
    del row["notes"]  # said above
    face.show_rows(
        [row],
        [
            Column("model_id", text("Model")),
            Column("as_of", text("As of"), "day"),
            Column("horizon_days", text("Days ahead"), "number"),
            Column("n_products", text("Products"), "number"),
            Column("expected_units", text("Expected units"), "number"),
            Column("expected_revenue_minor", text("Expected sales"), "money"),
        ],
        currency=currency,
    )


def _show(tested: Backtest, face: Face) -> None:
    says = face.words.say
    is_table = face.output == "table"
    rows = [
        asdict(one)
        | (
            {"level": says(LEVEL_NAMES[one.level]), "forecast": says(FORECAST_NAMES[one.forecast])}
            if is_table
            else {}
        )
        for one in tested.trials
    ]
    face.show_rows(
        rows,
        [
            Column("level", text("Level")),
            Column("forecast", text("Forecast")),
            Column("n_series", text("Series"), "number"),
            Column("rmsse", text("Error (RMSSE)"), "decimal"),
            Column("weighted_rmsse", text("Error, weighted by sales"), "decimal"),
            Column("bias_rate", text("Bias"), "percent"),
        ],
    )
