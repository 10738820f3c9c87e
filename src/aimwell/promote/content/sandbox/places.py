"""Where in HTML data may stand: in text and between quotes. Elsewhere escaping does not hold, so the template is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html.parser import HTMLParser

from aimwell.base.words import Sentence, text

__all__ = ["wrong_place"]

_MARK = "LIQUIDDATA"
_WRITES = re.compile(r"\{\{|\{%-?\s*(echo|cycle|render|liquid|increment|decrement)\b")
_QUOTED = re.compile(r"=\s*(\"[^\"]*\"|'[^']*')")


def wrong_place(page: str, tags: Sequence[tuple[int, int]]) -> tuple[int, Sentence] | None:
    """Return the first tag that shows data where escaping does not hold, and where that is: a script, an attribute without quotes.

    Parameters
    ----------
    page, tags
        An HTML template, and where its tags are.
    """
    reader = _Reader()
    reader.feed(_marked(page, tags))
    reader.close()
    if reader.wrong is None:
        return None
    n_before, where = reader.wrong
    shown = [start for start, _ in tags if _WRITES.match(page, start)]
    said = text("data may stand in text and in attributes between quotes; this stands {where}")
    return shown[min(n_before, len(shown) - 1)], Sentence(said, {"where": where})


def _marked(page: str, tags: Sequence[tuple[int, int]]) -> str:
    """Return the page with a word in place of each tag that shows something, and a blank in place of the others."""
    parts, at = [], 0
    for start, end in tags:
        parts += [page[at:start], _MARK if _WRITES.match(page, start) else " "]
        at = end
    return "".join((*parts, page[at:]))


class _Reader(HTMLParser):
    """Reads the marked page and remembers the first wrong place: how many marks come before it, and what it is."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.wrong: tuple[int, Sentence] | None = None
        self._n_seen = 0
        self._code: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look for marks outside quotes, and in attributes that are run."""
        raw = self.get_starttag_text() or ""
        if _MARK in _QUOTED.sub("", raw):
            self._refuse(Sentence(text("in a tag, outside quotes")))
        elif any(name.startswith("on") for name, value in attrs if value and _MARK in value):
            self._refuse(Sentence(text("in an attribute that is run as a script")))
        self._n_seen += raw.count(_MARK)
        self._code = tag if tag in ("script", "style") else None

    def handle_endtag(self, tag: str) -> None:
        """End a script or style."""
        self._code = None if tag == self._code else self._code

    def handle_data(self, data: str) -> None:
        """Look for marks in scripts and styles."""
        if self._code is not None and _MARK in data:
            self._refuse(Sentence(text("in a `{tag}`"), {"tag": self._code}))
        self._n_seen += data.count(_MARK)

    def handle_comment(self, data: str) -> None:
        """Look for marks in comments, which some clients run; those of conditions for Outlook hold pages of their own."""
        if _MARK in data and not data.startswith("[if"):
            self._refuse(Sentence(text("in a comment")))
        self._n_seen += data.count(_MARK)

    def _refuse(self, where: Sentence) -> None:
        if self.wrong is None:
            self.wrong = self._n_seen, where
