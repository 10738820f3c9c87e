"""`aimwell predict fit | backtest | score | card effect`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.moments import day_began, today_began
from aimwell.cli.predict import Verb, add_family
from aimwell.cli.predict.options import AsOf, ModelId, Seed
from aimwell.cli.predict.screen import card_command, decline, warn
from aimwell.predict.effect.card import EffectCard
from aimwell.predict.effect.card_text import card_markdown
from aimwell.predict.effect.service import backtest_effect, fit_effect, read_card, score_effect
from aimwell.predict.model import Abstention
from aimwell.promote.campaigns.service.chances import logged_chances

__all__ = ["register"]

_Portraits = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help=text("Day of the portraits; the newest if not given.")),
]
_Horizon = Annotated[
    int, typer.Option(min=1, help=text("Days after a decision in which profit counts as its outcome."))
]


def register(app: typer.Typer) -> None:
    """Add the family's commands."""
    add_family(
        app,
        "effect",
        fit=Verb(
            fit, text("What each offer changes with each person, learned from what was left to chance.")
        ),
        backtest=Verb(
            backtest, text("How well the learners order people by effect, tried on people they did not see.")
        ),
        score=Verb(score, text("What each offer would change with everyone, into the table effect_scores.")),
        card=Verb(
            card_command(read_card, card_markdown, has_money=True),
            text("Data, learners, effects and warnings of the effect model."),
        ),
    )


def fit(ctx: typer.Context, as_of: AsOf = None, horizon_days: _Horizon = 30, seed: Seed = 0) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        result = fit_effect(
            lake=shop.lake,
            clock=shop.clock,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            margin_rate=shop.settings.margin_rate,
            horizon_days=horizon_days,
            chances=logged_chances(lake=shop.lake, database=shop.database),
            seed=seed,
            progress=progress,
        )
    if isinstance(result, Abstention):
        decline(result, face)
    face.say(text("Kept the model {model_id}."), model_id=result.model_id)
    warn(result.notes(), face)
    _show(result, face, currency=shop.settings.currency)


def backtest(ctx: typer.Context, as_of: AsOf = None, horizon_days: _Horizon = 30, seed: Seed = 0) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, face.progress() as progress:
        result = backtest_effect(
            lake=shop.lake,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            margin_rate=shop.settings.margin_rate,
            horizon_days=horizon_days,
            chances=logged_chances(lake=shop.lake, database=shop.database),
            seed=seed,
            progress=progress,
        )
    if isinstance(result, Abstention):
        decline(result, face)
    _show(result, face, currency=shop.settings.currency)


def score(ctx: typer.Context, as_of: _Portraits = None, model_id: ModelId = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        found = score_effect(
            lake=shop.lake,
            as_of=day_began(as_of, shop) if as_of else None,
            model_id=model_id,
            progress=progress,
        )
    face.show_rows(
        [asdict(one) for one in found],
        [
            Column("offer_id", text("Offer")),
            Column("model_id", text("Model")),
            Column("as_of", text("As of"), "day"),
            Column("horizon_days", text("Days ahead"), "number"),
            Column("n_people", text("Customers"), "number"),
            Column("mean_effect_minor", text("Mean effect"), "money"),
            Column("positive_rate", text("Share with a positive effect"), "percent"),
        ],
        currency=shop.settings.currency,
    )


def _show(found: EffectCard, face: Face, *, currency: str) -> None:
    rows: list[dict[str, Any]] = []
    for offer in found.offers:
        low, high = offer.mean.interval()
        rows.append(
            {
                "offer_id": offer.offer_id,
                "n_treated": offer.n_treated,
                "n_control": offer.n_control,
                "mean_minor": offer.mean.value,
                "low_minor": low,
                "high_minor": high,
                "is_usable": offer.is_usable,
                "apart": face.words.say(text("yes") if offer.is_usable else text("no usable difference")),
                "top_gain_minor": offer.top_gain.value,
            }
        )
    columns = [
        Column("offer_id", text("Offer")),
        Column("n_treated", text("Got it"), "number"),
        Column("n_control", text("Held out"), "number"),
        Column("mean_minor", text("Mean effect"), "money"),
        Column("low_minor", text("At least (95%)"), "money"),
        Column("high_minor", text("At most (95%)"), "money"),
        Column("apart" if face.output == "table" else "is_usable", text("Can people be told apart?")),
        Column("top_gain_minor", text("Gain over chance of the top 30%, per person"), "money"),
    ]
    face.show_rows(rows, columns, currency=currency)
