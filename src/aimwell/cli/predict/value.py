"""`aimwell predict fit | backtest | score | card value`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Literal

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.moments import day_began, today_began
from aimwell.cli.predict import Verb, add_family
from aimwell.cli.predict.options import AsOf, ModelId
from aimwell.cli.predict.screen import card_command, decline, warn
from aimwell.predict.model import Abstention
from aimwell.predict.value.card_text import card_markdown
from aimwell.predict.value.model import FORECAST_NAMES, Backtest
from aimwell.predict.value.service import backtest_value, fit_value, read_card, score_value

__all__ = ["register"]

_Horizon = Annotated[int, typer.Option(min=7, help=text("Days to look ahead."))]
_TITLES = {
    "orders": text("Orders foretold, and orders that came"),
    "margin": text("Margin foretold, and margin that came"),
}


def register(app: typer.Typer) -> None:
    """Add the family's commands."""
    add_family(
        app,
        "value",
        fit=Verb(fit, text("What customers will be worth: probability alive, orders and margin to come.")),
        backtest=Verb(backtest, text("How the value models would have done one horizon ago.")),
        score=Verb(score, text("Everyone's worth, into the table value_scores.")),
        card=Verb(
            card_command(read_card, card_markdown, has_money=True),
            text("Data, parameters, errors and warnings of the value model."),
        ),
    )


def fit(ctx: typer.Context, as_of: AsOf = None, horizon_days: _Horizon = 91) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        result = fit_value(
            lake=shop.lake,
            clock=shop.clock,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            time_zone=shop.settings.time_zone,
            margin_rate=shop.settings.margin_rate,
            horizon_days=horizon_days,
            progress=progress,
        )
    if isinstance(result, Abstention):
        decline(result, face)
    face.say(
        text("Kept the model {model_id} ({form})."), model_id=result.model_id, form=_form(result.form, face)
    )
    warn(result.notes(), face)
    _show_errors(result.backtest, face, shop.settings.currency)


def backtest(ctx: typer.Context, as_of: AsOf = None, horizon_days: _Horizon = 91) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, face.progress() as progress:
        result = backtest_value(
            lake=shop.lake,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            time_zone=shop.settings.time_zone,
            margin_rate=shop.settings.margin_rate,
            horizon_days=horizon_days,
            progress=progress,
        )
    if isinstance(result, Abstention):
        decline(result, face)
    _show_errors(result, face, shop.settings.currency)


def score(
    ctx: typer.Context,
    as_of: AsOf = None,
    model_id: ModelId = None,
    horizon_days: Annotated[
        int | None, typer.Option(min=1, help=text("Days to look ahead; the model's own if not given."))
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        result = score_value(
            lake=shop.lake,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            time_zone=shop.settings.time_zone,
            model_id=model_id,
            horizon_days=horizon_days,
            progress=progress,
        )
    face.show_rows(
        [asdict(result)],
        [
            Column("model_id", text("Model")),
            Column("as_of", text("As of"), "day"),
            Column("horizon_days", text("Days ahead"), "number"),
            Column("n_people", text("Customers"), "number"),
            Column("expected_orders", text("Expected orders"), "number"),
            Column("expected_margin_minor", text("Expected margin"), "money"),
        ],
        currency=shop.settings.currency,
    )


def _form(form: str, face: Face) -> str:
    return face.words.say(FORECAST_NAMES[form])


def _show_errors(tested: Backtest | None, face: Face, currency: str) -> None:
    """Show orders and margins as two tables to people, as one list to programs."""
    if tested is None:
        return
    rows = [asdict(error) | {"name": _form(error.forecast, face)} for error in tested.errors]
    if face.output != "table":
        face.show_rows(
            rows,
            [Column("measure", text("Measure")), Column("forecast", text("Forecast")), *_figures("decimal")],
        )
        return
    for measure, title in _TITLES.items():
        face.show_rows(
            [row for row in rows if row["measure"] == measure],
            [Column("name", text("Forecast")), *_figures("money" if measure == "margin" else "decimal")],
            title=title,
            currency=currency,
        )


def _figures(amount: Literal["money", "decimal"]) -> Sequence[Column]:
    return [
        Column("predicted", text("Predicted"), amount),
        Column("actual", text("Came"), amount),
        Column("bias_rate", text("Bias"), "percent"),
        Column("mae", text("Mean absolute error"), amount),
        Column("rmse", text("Root mean square error"), amount),
        Column("correlation", text("Correlation"), "decimal"),
    ]
