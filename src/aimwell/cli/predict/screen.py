"""What the commands of all models share: the card on the screen or in a file, its notes, and the words where a model abstains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol

import typer

from aimwell.base.words import Sentence, text
from aimwell.cli.face import Face, face_of
from aimwell.cli.predict.options import CardFile, ModelId
from aimwell.predict.model import Abstention

__all__ = ["card_command", "decline", "warn"]


class _Card(Protocol):
    def as_data(self) -> Mapping[str, Any]: ...


def card_command(
    read: Callable[..., _Card], markdown: Callable[..., str], *, has_money: bool = False
) -> Callable[..., None]:
    """Return the command that shows the card of a kept model.

    Parameters
    ----------
    read
        Returns a card by lake and model_id.
    markdown
        Returns a card's page by words, and by the shop's currency where the page `has_money`.
    """

    def card(ctx: typer.Context, model_id: ModelId = None, out: CardFile = None) -> None:
        face = face_of(ctx)
        with face.open_shop() as shop:
            found = read(lake=shop.lake, model_id=model_id)
            money = {"currency": shop.settings.currency} if has_money else {}
        _show_card(markdown(found, words=face.words, **money), found.as_data(), face=face, out=out)

    return card


def _show_card(page: str, data: Mapping[str, Any], *, face: Face, out: Path | None) -> None:
    """Write a card's page to a file, or show it; programs get it as data."""
    if out is not None:
        out.write_text(page, "utf-8")
        face.say(text("Wrote {path}."), path=out)
    elif face.output == "json":
        face.show_json(data)
    else:
        face.stdout.print(page, markup=False, highlight=False, soft_wrap=True)


def warn(notes: Sequence[Sentence], face: Face) -> None:
    """Say what stands against trusting a model."""
    for note in notes:
        face.say(text("Note: {note}"), note=note.said(face.words))


def decline(abstention: Abstention, face: Face) -> NoReturn:
    """Say why there is no prediction, and end with 1; JSON readers get it as data."""
    if face.output == "json":
        face.show_json({"abstained": abstention.code, "reason": abstention.reason.said(face.words)})
    else:
        face.say(text("No prediction: {reason}"), reason=abstention.reason.said(face.words))
    raise typer.Exit(1)
