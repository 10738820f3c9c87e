"""`aimwell why PERSON CAMPAIGN`."""

from __future__ import annotations

from typing import Annotated

import typer

from aimwell.base.words import text
from aimwell.cli.face import face_of
from aimwell.cli.people import person_named
from aimwell.promote.campaigns.service.asking import why

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("why", help=text("Say why a person got what they got from a campaign, or got nothing."))(show)


def show(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(help=text("Person id, account id, e-mail or phone."))],
    campaign: Annotated[str, typer.Argument(help=text("Name of the campaign, or of one of its rounds."))],
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.campaigns(sends=False) as tools:
        found = why(person_named(shop, person), campaign, tools=tools)
    if face.output == "json":
        face.show_json(
            {
                "decision": found.decision,
                "worths": found.worths,
                "products": found.products,
                "budget_price": found.certificate.budget_price,
                "receipts": found.receipts,
                "acts": found.acts,
                "replay": found.replay,
            }
        )
        return
    for sentence in found.sentences(words=face.words):
        face.stdout.print(sentence.said(face.words), markup=False, highlight=False)
