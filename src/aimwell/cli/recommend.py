"""`aimwell recommend PERSON`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.moments import day_began, today_began
from aimwell.cli.people import person_named
from aimwell.cli.products import named, product_columns
from aimwell.people.objections import objectors
from aimwell.predict.affinity.choose import Wishes
from aimwell.predict.affinity.service import Context, Need, Recommendation, needs_of, recommend_one

__all__ = ["register"]

_KINDS = {"repeat": text("again"), "explore": text("new")}
_Person = Annotated[
    str, typer.Argument(help=text("An account number of your shop, an e-mail, or a person's number."))
]
_AsOf = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help=text("First day that counts as the future; today if not given.")),
]
_ExploreShare = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        help=text("Share of places for products not bought before; the most probable if not given."),
    ),
]
_Basket = Annotated[
    list[str] | None, typer.Option(help=text("A product that is in the basket now; may be repeated."))
]


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command("recommend", help=text("Show what one customer may want next, and why."))(recommend)


def recommend(
    ctx: typer.Context,
    person: _Person,
    k: Annotated[int, typer.Option("-k", min=1, max=50, help=text("How many products."))] = 10,
    as_of: _AsOf = None,
    explore_share: _ExploreShare = None,
    basket: _Basket = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        person_id = person_named(shop, person)
        refusing = objectors(lake=shop.lake, database=shop.database)
        has_objected = person_id in refusing
        needs = [] if has_objected else needs_of(person_id, lake=shop.lake)
        found = recommend_one(
            lake=shop.lake,
            person_id=person_id,
            as_of=day_began(as_of, shop) if as_of else today_began(shop),
            k=k,
            objectors=refusing,
            context=Context(basket=basket or (), wishes=Wishes(explore_share=explore_share)),
        )
        rows = named((asdict(one) for one in found), lake=shop.lake)
    if has_objected:
        face.say(
            text(
                "This customer objected to personal recommendations: what is popular is shown, and nothing known of them was used."
            )
        )
    _show(found, rows, face)
    if needs and face.output == "table":
        _show_needs(needs, face)


def _show(found: Sequence[Recommendation], rows: Sequence[dict[str, Any]], face: Face) -> None:
    face.show_rows(
        [
            row
            | {"reason": one.reason.said(face.words)}
            | ({"kind": face.words.say(_KINDS[one.kind])} if face.output == "table" else {})
            for one, row in zip(found, rows, strict=True)
        ],
        [
            Column("rank", text("Place"), "number"),
            *product_columns(rows, face=face),
            Column("score", text("Probability"), "percent"),
            Column("kind", text("Kind")),
            Column("reason", text("Why")),
        ],
    )


def _show_needs(needs: Sequence[Need], face: Face) -> None:
    face.show_rows(
        [{**vars(one), "reason": one.reason.said(face.words)} for one in needs],
        [
            Column("category", text("Category")),
            Column("score", text("Probability"), "percent"),
            Column("reason", text("Why")),
        ],
        title=text("What this customer does not buy yet, and people like them do"),
    )
