"""`aimwell build`: the nightly job."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from aimwell.base.words import text
from aimwell.build.model import State, StepReport
from aimwell.build.service import build, due_steps
from aimwell.build.step import Means
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.moments import day_began, today_began

__all__ = ["register"]

_STATES: dict[State, str] = {
    "done": text("done"),
    "up_to_date": text("up to date"),
    "declined": text("declined"),
    "failed": text("failed"),
    "waiting": text("waiting"),
    "due": text("due"),
}


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command(
        "build",
        help=text(
            "Do all that is due, in order: files in inbox/, portraits, models, predictions, the report. For every night."
        ),
    )(build_)


def build_(
    ctx: typer.Context,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help=text("First day that counts as the future; today if not given.")
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=text("Show what is due and why, and do nothing."))
    ] = False,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        means = Means(
            folder=shop.folder,
            settings=shop.settings,
            clock=shop.clock,
            lake=shop.lake,
            database=shop.database,
            vault=shop.vault,
            words=face.words,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            progress=progress,
        )
        reports = list(due_steps(means) if dry_run else build(means))
    _show(reports, face)
    if any(report.state == "failed" for report in reports):
        face.say(
            text(
                "What failed stays due. Mend it and run `aimwell build` again: it goes on with what is left."
            )
        )
        raise typer.Exit(1)


def _show(reports: list[StepReport], face: Face) -> None:
    face.show_rows(
        [_row(report, face) for report in reports],
        [
            Column("step", text("Step")),
            Column("state", text("What was done")),
            Column("detail", text("Detail")),
            Column("seconds", text("Seconds"), "decimal"),
        ],
    )


def _row(report: StepReport, face: Face) -> dict[str, object]:
    is_table = face.output == "table"
    return {
        "step": report.name,
        "state": face.words.say(_STATES[report.state]) if is_table else report.state,
        "detail": None if report.detail is None else report.detail.said(face.words),
        "seconds": report.seconds,
    }
