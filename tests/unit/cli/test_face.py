"""What every command shares: the words beside a progress bar."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from aimwell.base.words import Language, Words, text
from aimwell.cli.face import Face


@pytest.mark.parametrize(
    ("language", "rows", "people"), [("en", r"rows/s", r"people/s"), ("zh", r"每秒 \S+行", r"每秒 \S+人")]
)
def test_the_speed_of_a_step_is_told_in_the_readers_language(
    language: Language, rows: str, people: str
) -> None:
    for unit, told in (({}, rows), ({"unit": text("people")}, people)):
        screen = io.StringIO()
        face = Face(
            words=Words(language), stderr=Console(file=screen, force_terminal=True, width=120, no_color=True)
        )
        with face.progress() as progress:
            progress.start(text("Reading"), **unit)
            for _ in range(3):
                progress.advance(1)
        assert re.search(told, screen.getvalue())
