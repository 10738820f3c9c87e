"""`aimwell predict fit | backtest | score | card repeat`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.moments import day_began, today_began
from aimwell.cli.predict import Verb, add_family
from aimwell.cli.predict.options import AsOf, ModelId, Seed
from aimwell.cli.predict.screen import card_command, decline, warn
from aimwell.predict.model import Abstention
from aimwell.predict.repeat.card_text import FORM_NAMES, card_markdown
from aimwell.predict.repeat.model import ASKED_DAYS, HORIZON_DAYS
from aimwell.predict.repeat.service import backtest_repeat, fit_repeat, read_card, score_repeat
from aimwell.predict.repeat.trial import FORECASTS, OriginTrial

__all__ = ["register"]

_Horizon = Annotated[int, typer.Option(min=30, help=text("The long horizon, days, beside 14 and 30."))]


def register(app: typer.Typer) -> None:
    """Add the family's commands."""
    add_family(
        app,
        "repeat",
        fit=Verb(fit, text("Who orders again, when, and who has silently stopped.")),
        backtest=Verb(backtest, text("What models of earlier days would have said of who orders again.")),
        score=Verb(score, text("Everyone's next order, into the table repeat_scores.")),
        card=Verb(
            card_command(read_card, card_markdown, has_money=True),
            text("Data, tests, calibration and warnings of the repeat model."),
        ),
    )


def fit(
    ctx: typer.Context, as_of: AsOf = None, horizon_days: _Horizon = HORIZON_DAYS, seed: Seed = 0
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        result = fit_repeat(
            lake=shop.lake,
            clock=shop.clock,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            time_zone=shop.settings.time_zone,
            horizon_days=horizon_days,
            seed=seed,
            progress=progress,
        )
    if isinstance(result, Abstention):
        decline(result, face)
    form = face.words.say(FORM_NAMES[result.form])
    face.say(text("Kept the model {model_id} ({form})."), model_id=result.model_id, form=form)
    warn(result.notes(), face)
    _show_errors(result.trials, face)


def backtest(
    ctx: typer.Context, as_of: AsOf = None, horizon_days: _Horizon = HORIZON_DAYS, seed: Seed = 0
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, face.progress() as progress:
        result = backtest_repeat(
            lake=shop.lake,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            time_zone=shop.settings.time_zone,
            horizon_days=horizon_days,
            seed=seed,
            progress=progress,
        )
    if isinstance(result, Abstention):
        decline(result, face)
    _show_errors(result, face)


def score(ctx: typer.Context, as_of: AsOf = None, model_id: ModelId = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        result = score_repeat(
            lake=shop.lake,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            time_zone=shop.settings.time_zone,
            model_id=model_id,
            progress=progress,
        )
    face.show_rows(
        [asdict(result)],
        [
            Column("model_id", text("Model")),
            Column("as_of", text("As of"), "day"),
            Column("horizon_days", text("Days ahead"), "number"),
            Column("n_people", text("Customers"), "number"),
            Column("expected_within_30", text("Expected within 30 days"), "number"),
            Column("expected_silent", text("Expected never again"), "number"),
            Column("expected_orders", text("Expected orders"), "number"),
            Column("expected_spend_minor", text("Expected spend"), "money"),
        ],
        currency=shop.settings.currency,
    )


def _show_errors(trials: Sequence[OriginTrial], face: Face) -> None:
    """Show all horizons to programs; to people those with a column of their own, and the longest."""
    rows: list[dict[str, Any]] = [
        asdict(error)
        | {"origin_on": trial.origin_on.isoformat(), "name": face.words.say(FORECASTS[error.forecast])}
        for trial in trials
        for error in trial.heads
        if face.output != "table" or error.days in (*ASKED_DAYS, trial.heads[-1].days)
    ]
    columns = [
        Column("origin_on", text("From")),
        Column("days", text("Within days"), "number"),
        Column("name" if face.output == "table" else "forecast", text("Forecast")),
        Column("said", text("Expected"), "percent"),
        Column("came", text("Came"), "percent"),
        Column("auc", text("AUC"), "decimal"),
        Column("log_loss", text("Log-loss"), "decimal"),
        Column("calibration_error", text("Calibration error"), "decimal"),
    ]
    face.show_rows(rows, columns)
