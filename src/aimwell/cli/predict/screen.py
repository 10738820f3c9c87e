"""What the commands of all models share: the card on the screen or in a file, its notes, and the words where a model abstains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import typer

from aimwell.base.words import Sentence, text
from aimwell.cli.face import Face
from aimwell.predict.model import Abstention

__all__ = ["decline", "show_card", "warn"]


def show_card(page: str, data: Mapping[str, Any], *, face: Face, out: Path | None) -> None:
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
