"""Options that several families' commands have in common."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from aimwell.base.words import text

__all__ = ["AsOf", "CardFile", "ModelId", "Seed"]

AsOf = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help=text("First day that counts as the future; today if not given.")),
]
Seed = Annotated[int, typer.Option(min=0, help=text("What chance starts from; equal seeds, equal models."))]
ModelId = Annotated[
    str | None, typer.Option("--model", help=text("Name of a model; the one in use if not given."))
]
CardFile = Annotated[Path | None, typer.Option(help=text("Write the card as Markdown to this file."))]
