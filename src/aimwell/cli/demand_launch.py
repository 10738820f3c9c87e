"""`aimwell demand launch`: the first days of products that were never sold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.moments import day_began, today_began
from aimwell.cli.predict.screen import decline
from aimwell.predict.demand.launch import LAUNCH_NAMES, LaunchTrial
from aimwell.predict.demand.service.launch import ProductLaunch, demand_launch
from aimwell.predict.demand.told.launches import read_launches
from aimwell.predict.model import Abstention

__all__ = ["launch"]


def launch(
    ctx: typer.Context,
    products: Annotated[
        Path,
        typer.Option(
            exists=True,
            dir_okay=False,
            help=text("CSV file of products to come: product_id, category (its whole path), price."),
        ),
    ],
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help=text("First day that counts as the future; today if not given.")
        ),
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        found = demand_launch(
            read_launches(products, currency=shop.settings.currency),
            lake=shop.lake,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            time_zone=shop.settings.time_zone,
        )
    if isinstance(found, Abstention):
        decline(found, face)
    _show([one for one in found.products if one.forecast is not None], face)
    _tell(found.trials, face)
    _tell_refusals([one for one in found.products if one.horizon_days == min(found.trials)], face)


def _show(products: Sequence[ProductLaunch], face: Face) -> None:
    face.show_rows(
        [_row(one, face) for one in products],
        [
            Column("product_id", text("Product")),
            Column("horizon_days", text("First days"), "number"),
            Column("expected_units", text("Expected units"), "decimal"),
            Column("median_units", text("As likely more as less"), "decimal"),
            Column("low_units", text("At least (80%)"), "decimal"),
            Column("high_units", text("At most (80%)"), "decimal"),
            Column("form", text("Forecast")),
            Column("level", text("Rests on")),
            Column("n_launches", text("Launches"), "number"),
        ],
    )


def _tell_refusals(products: Sequence[ProductLaunch], face: Face) -> None:
    for one in products:
        if one.refusal is not None:
            face.say(
                text("{product_id}: no forecast, {reason}."),
                product_id=one.product_id,
                reason=one.refusal.said(face.words),
            )


def _row(one: ProductLaunch, face: Face) -> dict[str, Any]:
    if one.forecast is None or one.form is None:
        raise ValueError(one)
    is_table = face.output == "table"
    said = one.forecast
    return {
        "product_id": one.product_id,
        "horizon_days": one.horizon_days,
        "expected_units": said.expected,
        "median_units": said.median,
        "low_units": said.low,
        "high_units": said.high,
        "form": face.words.say(LAUNCH_NAMES[one.form]) if is_table else one.form,
        "level": said.level or (face.words.say(text("Whole shop")) if is_table else ""),
        "n_launches": said.n_launches,
    }


def _tell(trials: Mapping[int, LaunchTrial | None], face: Face) -> None:
    """Say of each horizon how the newest launches were foretold."""
    for days, trial in trials.items():
        if trial is None:
            face.say(
                text("{days} days: too few launches to try the forecast on; treat it as a guess."), days=days
            )
            continue
        errors = ", ".join(
            f"{face.words.say(LAUNCH_NAMES[name])} {error:.2f}" for name, error in trial.errors.items()
        )
        face.say(
            text(
                "{days} days: of the {n} newest launches the mean error in units was: {errors}; {inside:.0%} lay inside the interval."
            ),
            days=days,
            n=trial.n_launches,
            errors=errors,
            inside=trial.inside_rate,
        )
