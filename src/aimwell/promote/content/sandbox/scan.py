"""A first look at a template's source, in one pass: what the parser would take long over is refused before it sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aimwell.base.words import Sentence, text

__all__ = ["LARGEST_SOURCE", "SourceWrong", "line_of", "scan"]

LARGEST_SOURCE = 262_144  # characters
MOST_TAGS = 2_000
_LONGEST_TAG = 2_000  # characters
_LONGEST_BLANK = 200
_OPENING = re.compile(r"\{\{|\{%")
_BLANK = re.compile(rf"\s{{{_LONGEST_BLANK + 1}}}")
_ENDINGS = {name: re.compile(r"\{%-?\s{0,200}end" + name + r"\s{0,200}-?%\}") for name in ("raw", "doc")}
_VERBATIM = re.compile(r"\{%-?\s{0,200}(raw|doc)\s{0,200}-?%\}")


@dataclass
class SourceWrong(Exception):
    """A source that is not parsed; where, and why."""

    line: int
    problem: Sentence


def line_of(source: str, at: int) -> int:
    """Return the line of a place in a text, the first being 1."""
    return source.count("\n", 0, at) + 1


def scan(source: str) -> list[tuple[int, int]]:
    """Return where tags begin and end, in order; what stands in `raw` is no tag.

    Raises
    ------
    SourceWrong
        If the source is too large, or a tag is too long or never closed.
    """
    if len(source) > LARGEST_SOURCE:
        raise SourceWrong(1, Sentence(text("it has more than {limit} characters"), {"limit": LARGEST_SOURCE}))
    tags: list[tuple[int, int]] = []
    at = 0
    while found := _OPENING.search(source, at):
        start, closing = found.start(), "}}" if found[0] == "{{" else "%}"
        end = source.find(closing, start + 2, start + _LONGEST_TAG)
        if end < 0:
            said = text("`{opening}` is not closed by `{closing}` within {limit} characters")
            values = {"opening": found[0], "closing": closing, "limit": _LONGEST_TAG}
            raise SourceWrong(line_of(source, start), Sentence(said, values))
        if _BLANK.search(source, start, end):
            said = text("a tag has more than {limit} blanks in a row")
            raise SourceWrong(line_of(source, start), Sentence(said, {"limit": _LONGEST_BLANK}))
        tags.append((start, end + 2))
        if len(tags) > MOST_TAGS:
            raise SourceWrong(
                line_of(source, start), Sentence(text("it has more than {limit} tags"), {"limit": MOST_TAGS})
            )
        at = end + 2
        if verbatim := _VERBATIM.match(source, start):
            at = _after_verbatim(source, verbatim)
    return tags


def _after_verbatim(source: str, opening: re.Match[str]) -> int:
    """Return where a `raw` or `doc` block ends."""
    name = opening[1]
    found = _ENDINGS[name].search(source, opening.end())
    if found is None:
        said = Sentence(text("`{name}` is never closed by `end{name}`"), {"name": name})
        raise SourceWrong(line_of(source, opening.start()), said)
    return found.end()
