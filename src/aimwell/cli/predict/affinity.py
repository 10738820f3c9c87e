"""`aimwell predict fit | backtest | score | card affinity`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.moments import day_began, today_began
from aimwell.cli.predict import Verb, add_family
from aimwell.cli.predict.options import AsOf, ModelId
from aimwell.cli.predict.screen import card_command, decline, warn
from aimwell.people.objections import objectors
from aimwell.predict.affinity.card import trial_name
from aimwell.predict.affinity.card_text import card_markdown
from aimwell.predict.affinity.choose import Wishes
from aimwell.predict.affinity.model import METHOD_NAMES, Backtest
from aimwell.predict.affinity.service import backtest_affinity, fit_affinity, read_card, score_affinity
from aimwell.predict.model import Abstention

__all__ = ["register"]

_Horizon = Annotated[
    int, typer.Option(min=1, help=text("Days within which a basket counts as the next one of a date."))
]
_K = Annotated[int, typer.Option("-k", min=1, max=50, help=text("Products per person."))]
_Floor = Annotated[
    float | None,
    typer.Option(min=0, max=1, help=text("Do not recommend products whose known margin rate is below this.")),
]
_Exclude = Annotated[
    list[str] | None, typer.Option(help=text("Never recommend this product; may be repeated."))
]


def register(app: typer.Typer) -> None:
    """Add the family's commands."""
    add_family(
        app,
        "affinity",
        fit=Verb(fit, text("What everyone wants next: learned from baskets, tested on later ones.")),
        backtest=Verb(
            backtest, text("How much of later baskets the lists would have named, beside simple rules.")
        ),
        score=Verb(
            score, text("Everyone's next products and needs, into affinity_scores and affinity_needs.")
        ),
        card=Verb(
            card_command(read_card, card_markdown),
            text("Data, tests, features and warnings of the affinity model."),
        ),
    )


def fit(
    ctx: typer.Context,
    as_of: AsOf = None,
    horizon_days: _Horizon = 28,
    k: _K = 10,
    margin_floor: _Floor = None,
    exclude: _Exclude = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        result = fit_affinity(
            lake=shop.lake,
            clock=shop.clock,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            horizon_days=horizon_days,
            k=k,
            margin_floor=margin_floor,
            not_shown=exclude or (),
            progress=progress,
        )
    if isinstance(result, Abstention):
        decline(result, face)
    face.say(
        text("Kept the model {model_id} ({form})."),
        model_id=result.model_id,
        form=face.words.say(METHOD_NAMES[result.form]),
    )
    warn(result.notes(), face)
    _show(result.backtest, face)


def backtest(ctx: typer.Context, as_of: AsOf = None, horizon_days: _Horizon = 28, k: _K = 10) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, face.progress() as progress:
        result = backtest_affinity(
            lake=shop.lake,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            horizon_days=horizon_days,
            k=k,
            progress=progress,
        )
    if isinstance(result, Abstention):
        decline(result, face)
    _show(result, face)


def score(
    ctx: typer.Context,
    as_of: AsOf = None,
    model_id: ModelId = None,
    k: _K = 10,
    explore_share: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help=text("Share of places for products not bought before; the most probable if not given."),
        ),
    ] = None,
    diversity: Annotated[
        float,
        typer.Option(min=0, max=1, help=text("How much each product of a category holds back further ones.")),
    ] = 0.0,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        result = score_affinity(
            lake=shop.lake,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            model_id=model_id,
            wishes=Wishes(k=k, explore_share=explore_share, diversity=diversity),
            objectors=objectors(lake=shop.lake, database=shop.database),
            progress=progress,
        )
    face.show_rows(
        [asdict(result)],
        [
            Column("model_id", text("Model")),
            Column("as_of", text("As of"), "day"),
            Column("n_people", text("Customers"), "number"),
            Column("n_rows", text("Products in lists"), "number"),
            Column("repeat_rate", text("Bought before"), "percent"),
            Column("n_needs", text("Potential needs"), "number"),
        ],
    )


def _show(tested: Backtest, face: Face) -> None:
    rows = [
        {"trial": trial_name(trial).said(face.words), "n_people": trial.n_people, "method": name}
        | {"name": face.words.say(METHOD_NAMES[name]), **score.as_data()}
        for trial in tested.trials
        for name, score in trial.scores.items()
    ]
    face.show_rows(
        rows,
        [
            Column("trial", text("Test")),
            Column("name" if face.output == "table" else "method", text("Lists")),
            Column("n_people", text("Customers"), "number"),
            Column("recall", text("Recall"), "decimal"),
            Column("ndcg", text("NDCG"), "decimal"),
            Column("repeat_recall", text("Recall of repeats"), "decimal"),
            Column("explore_recall", text("Recall of new products"), "decimal"),
            Column("coverage", text("Coverage"), "decimal"),
        ],
    )
