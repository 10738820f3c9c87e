"""`aimwell predict fit | backtest | score | card price`."""

from __future__ import annotations

from dataclasses import asdict

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.moments import day_began, today_began
from aimwell.cli.predict import Verb, add_family
from aimwell.cli.predict.options import AsOf, ModelId
from aimwell.cli.predict.screen import card_command, decline, warn
from aimwell.predict.model import Abstention
from aimwell.predict.price.card_text import card_markdown
from aimwell.predict.price.model import FORECAST_NAMES, Backtest
from aimwell.predict.price.service import backtest_price, fit_price, read_card, score_price

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the family's commands."""
    add_family(
        app,
        "price",
        fit=Verb(
            fit, text("How sales of each product answer to price and promotion, from past price moves.")
        ),
        backtest=Verb(backtest, text("How well sales of the last weeks follow from their prices.")),
        score=Verb(score, text("The response of every product, into the table price_responses.")),
        card=Verb(
            card_command(read_card, card_markdown),
            text("Data, responses, tests and warnings of the price model."),
        ),
    )


def fit(ctx: typer.Context, as_of: AsOf = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        result = fit_price(
            lake=shop.lake,
            clock=shop.clock,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            time_zone=shop.settings.time_zone,
            margin_rate=shop.settings.margin_rate,
            progress=progress,
        )
    if isinstance(result, Abstention):
        decline(result, face)
    face.say(text("Kept the model {model_id}."), model_id=result.model_id)
    warn(result.notes(), face)
    _show(result.backtest, face)


def backtest(ctx: typer.Context, as_of: AsOf = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, face.progress() as progress:
        result = backtest_price(
            lake=shop.lake,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            time_zone=shop.settings.time_zone,
            progress=progress,
        )
    if isinstance(result, Abstention):
        decline(result, face)
    _show(result, face)


def score(ctx: typer.Context, model_id: ModelId = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        result = score_price(lake=shop.lake, model_id=model_id, progress=progress)
    face.show_rows(
        [asdict(result)],
        [
            Column("model_id", text("Model")),
            Column("as_of", text("As of"), "day"),
            Column("n_products", text("Products"), "number"),
            Column("n_own", text("With enough weeks of their own"), "number"),
            Column("n_warnings", text("Products with a warning"), "number"),
            Column("mean_elasticity", text("Mean elasticity"), "decimal"),
        ],
    )


def _show(tested: Backtest | None, face: Face) -> None:
    if tested is None:
        return
    rows = [asdict(one) | {"name": face.words.say(FORECAST_NAMES[one.forecast])} for one in tested.trials]
    face.show_rows(
        rows,
        [
            Column("name" if face.output == "table" else "forecast", text("Forecast")),
            Column("rmse", text("Error in log units, all weeks"), "decimal"),
            Column("moved_rmse", text("Error in log units, moved prices"), "decimal"),
        ],
    )
